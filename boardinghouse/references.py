"""Which schemata have private rows that refer to shared ones: a statement for each relation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.db import connections
from django.db.models import Model, QuerySet

from boardinghouse import ddl
from boardinghouse.exceptions import LockBudgetExceeded
from boardinghouse.fleet import names_of_schemata
from boardinghouse.multi.locks import FEW, SHARES, is_in_transaction
from boardinghouse.multi.tables import columns_of, quote_alias
from boardinghouse.names import TEMPLATE, quote


class Reference(NamedTuple):
    """Rows of one private table that refer to shared rows, and the columns that do."""

    rows: QuerySet[Any]
    columns: tuple[str, ...]

    @property
    def table(self) -> str:
        return str(self.rows.model._meta.db_table)


class Place(NamedTuple):
    """A private table in one schema."""

    schema: str
    table: str
    locks: int
    is_constrained: bool


def refer_by_key(field: Any, rows: QuerySet[Any]) -> Reference:
    """Return the reference of a foreign key."""
    return Reference(rows, tuple(own.column for own, _other in field.related_fields))


def refer_somehow(rows: QuerySet[Any]) -> Reference:
    """Return the reference of a generic relation, or of something like it."""
    return Reference(rows, tuple(columns_of(rows.model)))


class Fleet(NamedTuple):
    """Where private tables are, and how many locks one statement may take (None: any)."""

    places: list[Place]
    share: int | None

    def having(self, table: str) -> list[Place]:
        return [place for place in self.places if place.table == table]


def survey(using: str, tables: Iterable[str], shared: Iterable[type[Model]]) -> Fleet:
    """Return where these private tables are: in schemata, the template and spares.

    Three round trips. Raises LockBudgetExceeded where deleting rows of the shared models would
    take more locks than PostgreSQL has room for: it locks, with all its indexes, each table in
    which a foreign key refers to them, whether or not there is a row that does. Beyond a few
    schemata the budget is asked for, with one round trip more, two in a transaction.
    """
    connection: Any = connections[using]
    schemata = [TEMPLATE, *names_of_schemata(connection)]
    places = find_places(connection, tables, schemata, shared)
    if len({place.schema for place in places}) <= FEW:
        return Fleet(places, None)
    budget = ddl.lock_budget(connection)
    require_room(connection, places, budget)
    return Fleet(places, budget // SHARES)


def find_places(
    connection: Any,
    tables: Iterable[str],
    schemata: Iterable[str],
    shared: Iterable[type[Model]] = (),
) -> list[Place]:
    """Return where these tables are, by schema. One round trip.

    Those are constrained of which a foreign key refers to one of the shared models.
    """
    wanted = {
        "tables": list(tables),
        "schemata": list(schemata),
        "shared": [model._meta.db_table for model in shared],
    }
    with connection.cursor() as cursor:
        cursor.execute(ddl.read_sql("tables_in_fleet"), wanted)
        return [Place(*row) for row in cursor.fetchall()]


def require_room(connection: Any, places: list[Place], budget: int) -> None:
    """Raise LockBudgetExceeded unless one transaction may lock what a deletion locks."""
    keeps_probed = is_in_transaction(connection)
    wanted = sum(each.locks for each in places if each.is_constrained or keeps_probed)
    if keeps_probed:
        wanted += ddl.locks_held(connection)
    if wanted > budget:
        schemata = len({place.schema for place in places})
        with connection.cursor() as cursor:
            cursor.execute("SHOW max_locks_per_transaction")
            enough = -(-int(cursor.fetchone()[0]) * wanted // budget)
        raise LockBudgetExceeded(
            f"Nothing was deleted: private tables of {schemata} schemata refer to these rows, and "
            f"to delete them takes {wanted} locks in one transaction. PostgreSQL's lock table has "
            f"a budget of {budget}. Type `ALTER SYSTEM SET max_locks_per_transaction = {enough}` "
            "in psql and restart PostgreSQL, or set BOARDINGHOUSE_SHARED_CONSTRAINTS = False and "
            "type `manage.py shared_constraints`, or keep the rows: a user is locked out with "
            "is_active = False."
        )


def find_schemata(using: str, reference: Reference, fleet: Fleet) -> set[str]:
    """Return the schemata that have such rows.

    One round trip for each share of the lock table that the tables fill.
    """
    connection: Any = connections[using]
    places = fleet.having(reference.table)
    if reads_several_tables(reference.rows.query):
        return {place.schema for place in places}
    found: set[str] = set()
    for part in in_shares(places, fleet.share):
        with connection.cursor() as cursor:
            cursor.execute(*compile_probe(connection, reference, part))
            found.update(schema for (schema,) in cursor.fetchall())
    return found


def reads_several_tables(query: Any) -> bool:
    """Tell whether a manager joins other tables, so that each schema has to be asked by itself."""
    return len([alias for alias, uses in query.alias_refcount.items() if uses]) > 1


def in_shares(places: list[Place], share: int | None) -> Iterator[list[Place]]:
    """Yield places in lists, each of which one statement may lock."""
    part: list[Place] = []
    locks = 0
    for place in places:
        if part and share is not None and locks + place.locks > share:
            yield part
            part, locks = [], 0
        part.append(place)
        locks += place.locks
    if part:
        yield part


def compile_probe(
    connection: Any, reference: Reference, places: list[Place]
) -> tuple[str, list[Any]]:
    """Return a statement that finds the schemata, and its parameters.

    The condition is Django's own, said once: PostgreSQL pushes it down into each branch.
    """
    query = reference.rows.query
    alias = str(query.get_initial_alias())
    compiler = query.get_compiler(connection=connection)
    condition, params = compiler.compile(query.where)
    columns = ", ".join(map(quote, reference.columns))
    union = " UNION ALL ".join(
        f"SELECT %s::text AS found_in, {columns} FROM {quote(place.schema)}.{quote(place.table)}"
        for place in places
    )
    return (
        f"SELECT DISTINCT found_in FROM ({union}) {quote_alias(compiler, alias)} WHERE {condition}",
        [*(place.schema for place in places), *params],
    )
