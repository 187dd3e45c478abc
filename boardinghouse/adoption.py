"""Making a plain Django database the first schema of many."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError
from django.db import transaction

from boardinghouse import clone, ddl, fleet
from boardinghouse.names import TEMPLATE, quote
from boardinghouse.schema import get_schema_model, working_in
from boardinghouse.sharing import is_private_join, private_tables
from boardinghouse.signals import schema_created


class Adopted(NamedTuple):
    """What was moved into the first schema: rows by table, and how many users became members."""

    rows: dict[str, int]
    members: int


def adopt_public(
    connection: Any, schema: str, name: str, *, dry_run: bool, tell: Callable[[str], None]
) -> Adopted:
    """Move the private tables from ``public`` into a first schema, in one transaction.

    Their structure becomes the template, the tables themselves move with their rows, indexes
    and sequences, the schema's row is made, every user becomes a member, and the views that
    stand for private joins appear. With `dry_run` all of it is done and rolled back. Raises
    CommandError before anything is done where something stands in the way.

    https://www.postgresql.org/docs/current/sql-altertable.html (SET SCHEMA)
    """
    with working_in(None), transaction.atomic(using=connection.alias):
        tables = tables_to_move(connection)
        refuse_obstacles(connection, schema, tables)
        tell("Moving the private tables")
        move_tables(connection, schema, tables)
        tell("Making the template from their structure")
        make_template(connection, schema)
        tell("Making the schema's row and its members")
        members = make_row(connection, schema, name)
        for table in tables:
            if is_private_join(private_tables()[table]):
                ddl.refresh_join_view(connection, table)
        adopted = Adopted(count_rows(connection, schema, tables), members)
        transaction.set_rollback(dry_run, using=connection.alias)
    if not dry_run:
        schema_created.send(sender=get_schema_model(), schema=schema, using=connection.alias)
    return adopted


def tables_to_move(connection: Any) -> list[str]:
    """Return the private models' tables that are in ``public``."""
    (in_public,) = ddl.tables_in(connection, "public")
    return sorted(in_public & set(private_tables()))


def refuse_obstacles(connection: Any, schema: str, tables: list[str]) -> None:
    """Raise CommandError for whatever would make the move wrong, or not work."""
    if not ddl.table_exists(connection, "public", fleet.registry_table()):
        raise CommandError(
            "There is no table of schemata yet. Type `manage.py migrate boardinghouse` first (or "
            "migrate the app of your BOARDINGHOUSE_SCHEMA_MODEL)."
        )
    (in_template,) = ddl.tables_in(connection, TEMPLATE)
    if in_template:
        raise CommandError(
            "There is a template schema with tables already: this database has been adopted, or "
            "began with boardinghouse. Type `manage.py create_schema NAME` for another schema."
        )
    if not tables:
        raise CommandError(
            "There are no private tables in public, so there is nothing to adopt. Type "
            "`manage.py create_schema NAME` to create a schema."
        )
    if ddl.schema_exists(connection, schema):
        raise CommandError(f"Schema {schema!r} exists already. Choose another NAME.")
    refuse_dependents(connection, tables)
    refuse_too_many_locks(connection, tables)


def refuse_dependents(connection: Any, tables: list[str]) -> None:
    """Raise CommandError for what would stay in ``public`` and go on showing moved rows."""
    with connection.cursor() as cursor:
        cursor.execute(ddl.read_sql("dependents"), {"tables": tables})
        found = [f"{kind} {name!r} (on {table!r})" for kind, name, table in cursor.fetchall()]
    if found:
        raise CommandError(
            f"These would stay in public and point at tables that move: {', '.join(found)}. Drop "
            "them first, or make the models shared; create them again with a migration after."
        )


def refuse_too_many_locks(connection: Any, tables: list[str]) -> None:
    """Raise CommandError if moving and copying takes more locks than PostgreSQL has room for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " LEFT JOIN pg_index i ON i.indexrelid = c.oid"
            " WHERE n.nspname = 'public' AND (c.relname = ANY (%(tables)s)"
            " OR i.indrelid IN (SELECT oid FROM pg_class WHERE relname = ANY (%(tables)s)))",
            {"tables": tables},
        )
        needed = 3 * cursor.fetchone()[0]
    budget = ddl.lock_budget(connection)
    if needed > budget:
        raise CommandError(
            f"Moving {len(tables)} tables takes about {needed} locks, and PostgreSQL's lock table "
            f"has a budget of {budget}. Raise max_locks_per_transaction in postgresql.conf and "
            "restart the server."
        )


def move_tables(connection: Any, schema: str, tables: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {quote(schema)}")
        for table in tables:
            cursor.execute(f"ALTER TABLE public.{quote(table)} SET SCHEMA {quote(schema)}")


def make_template(connection: Any, schema: str) -> None:
    if ddl.schema_exists(connection, TEMPLATE):
        ddl.drop(connection, TEMPLATE)
    ddl.create(connection, TEMPLATE, clone.compile_schema(connection, schema).without_rows())


def make_row(connection: Any, schema: str, name: str) -> int:
    """Make the row of a schema that is there already; return how many members it has."""
    model = get_schema_model()
    row = model(schema=schema, name=name)
    # As a fixture's rows are saved: without creating the schema.
    row.save_base(raw=True, force_insert=True, using=connection.alias)
    through = model.users.through
    users = get_user_model()._default_manager.using(connection.alias).values_list("pk", flat=True)
    here, there = model.users.field.m2m_field_name(), model.users.field.m2m_reverse_field_name()
    memberships = (
        through(**{f"{here}_id": schema, f"{there}_id": user}) for user in users.iterator()
    )
    return insert(through._default_manager.using(connection.alias), memberships)


def insert(manager: Any, rows: Iterable[Any], size: int = 5000) -> int:
    count, rows = 0, iter(rows)
    while batch := list(islice(rows, size)):
        count += len(manager.bulk_create(batch))
    return count


def count_rows(connection: Any, schema: str, tables: list[str]) -> dict[str, int]:
    counts = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {quote(schema)}.{quote(table)}")
            counts[table] = cursor.fetchone()[0]
    return counts
