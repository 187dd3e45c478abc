"""Foreign keys of private models to shared ones: constraints of PostgreSQL, or Django's word alone.

PostgreSQL hangs two triggers on the shared table for each of them in every schema, and every
connection reads them all. ``BOARDINGHOUSE_SHARED_CONSTRAINTS = False`` does without; what
`find_orphans` finds is then what PostgreSQL would have prevented.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from django.apps import apps
from django.db import DatabaseError
from django.db.models import Field

from boardinghouse import ddl
from boardinghouse.multi.locks import SHARES
from boardinghouse.names import TEMPLATE, quote
from boardinghouse.patience import patiently
from boardinghouse.references import find_places, in_shares
from boardinghouse.schema import working_in
from boardinghouse.sharing import is_shared_key

if TYPE_CHECKING:
    from boardinghouse.backends.postgres.base import DatabaseWrapper


class Change(NamedTuple):
    """A statement that drops a constraint in a schema, or adds it."""

    schema: str
    name: str
    statement: str


class Outcome(NamedTuple):
    """What became of a schema's changes; `reason` says why nothing did, None if it was done."""

    schema: str
    names: list[str]
    reason: str | None


class Orphans(NamedTuple):
    """Rows of a private table, in one schema, that refer to shared rows that are not there."""

    schema: str
    table: str
    column: str
    target: str
    rows: int
    keys: list[str]

    def __str__(self) -> str:
        rows = "1 row refers" if self.rows == 1 else f"{self.rows} rows refer"
        some = ", ".join(self.keys) + (", …" if self.rows > len(self.keys) else "")
        return f"{self.table}.{self.column}: {rows} to what {self.target} has not ({some})"


def find_keys() -> list[Field[Any, Any]]:
    """Return the installed models' foreign keys from private to shared that are constraints."""
    return [
        field
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
        for field in model._meta.local_fields
        if getattr(field, "db_constraint", False) and is_shared_key(model, field)
    ]


# Constraints


def find_unwanted(connection: DatabaseWrapper, names: Collection[str]) -> list[Change]:
    """Return what drops the constraints that these schemata have. One round trip."""
    with working_in(None), connection.cursor() as cursor:
        cursor.execute(ddl.read_sql("shared_constraints/present"), {"schemata": list(names)})
        return [Change(*row) for row in cursor.fetchall()]


def find_missing(connection: DatabaseWrapper, names: Collection[str]) -> list[Change]:
    """Return what adds the constraints that the template has and these schemata have not."""
    params: Any = {"template": TEMPLATE, "schemata": list(names)}
    with connection.alone_on_path(TEMPLATE), connection.cursor() as cursor:
        cursor.execute(ddl.read_sql("shared_constraints/missing"), params)
        return [Change(*row) for row in cursor.fetchall()]


def find_missing_in_template(connection: DatabaseWrapper) -> list[Change]:
    """Return what adds the constraints to the template that the models ask for."""
    with working_in(None), connection.cursor() as cursor:
        cursor.execute(ddl.read_sql("shared_constraints/in_template"), {"template": TEMPLATE})
        there = set(cursor.fetchall())
        (tables,) = ddl.tables_in(connection, TEMPLATE)
    editor: Any = connection.schema_editor(collect_sql=True)
    changes = []
    for field in find_keys():
        table, column = field.model._meta.db_table, field.column
        if table in tables and (table, column) not in there:
            statement = str(editor.make_foreign_key(field))
            changes.append(Change(TEMPLATE, f"{table}.{column}", statement))
    return changes


def change_each(connection: DatabaseWrapper, changes: Iterable[Change]) -> Iterator[Outcome]:
    """Change schema by schema, each in a transaction of its own, and tell what became of it.

    Adding or dropping one locks the shared table, so nobody waits longer than one schema's work;
    while a table is busy it is tried for again.
    """
    by_schema: dict[str, list[Change]] = {}
    for each in changes:
        by_schema.setdefault(each.schema, []).append(each)
    for schema, here in by_schema.items():
        names = [each.name for each in here]
        yield Outcome(schema, names, _change(connection, schema, [each.statement for each in here]))


def _change(connection: DatabaseWrapper, schema: str, statements: list[str]) -> str | None:
    """Run statements in a schema; return None, or why nothing was changed."""

    def run() -> None:
        if schema == TEMPLATE:
            ddl.claim_template(connection)
        with working_in(schema), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    try:
        patiently(connection, run)
    except DatabaseError as error:
        return str(error).strip()
    return None


# Orphans


def find_orphans(
    connection: DatabaseWrapper,
    names: Collection[str],
    note_answer: Callable[[], object] = lambda: None,
) -> Iterator[Orphans]:
    """Yield the rows that refer to shared rows that are not there.

    One round trip for each key and each share of PostgreSQL's lock table; `note_answer` is called
    after each key.
    """
    keys = find_keys()
    tables = {field.model._meta.db_table for field in keys}
    places = find_places(connection, tables, names)
    share = ddl.lock_budget(connection) // SHARES
    for field in keys:
        here = [place for place in places if place.table == field.model._meta.db_table]
        for part in in_shares(here, share):
            yield from _ask(connection, field, [place.schema for place in part])
        note_answer()


def _ask(connection: DatabaseWrapper, field: Any, schemata: list[str]) -> Iterator[Orphans]:
    table, column = field.model._meta.db_table, field.column
    target, key = field.target_field.model._meta.db_table, field.target_field.column
    union = " UNION ALL ".join(
        f"SELECT %s::text, {quote(column)} FROM {quote(schema)}.{quote(table)}"
        for schema in schemata
    )
    query = (
        "SELECT schema, count(*), (array_agg(DISTINCT key::text))[:5]"
        f" FROM ({union}) AS each (schema, key)"
        f" WHERE key IS NOT NULL AND NOT EXISTS (SELECT FROM public.{quote(target)} AS target"
        f" WHERE target.{quote(key)} = each.key) GROUP BY schema ORDER BY schema"
    )
    with working_in(None), connection.cursor() as cursor:
        cursor.execute(query, schemata)
        for schema, rows, keys in cursor.fetchall():
            yield Orphans(schema, table, column, target, rows, keys)
