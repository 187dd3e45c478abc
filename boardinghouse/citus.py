"""Citus: each schema on a node of a cluster, and copies of the shared tables on all of them.

Everything here asks that the database has the extension: see `DatabaseWrapper.has_citus`. Names
of Citus's own are not qualified: they are in ``pg_catalog``.
https://docs.citusdata.com/en/stable/develop/reference_ddl.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from boardinghouse.ddl import read_sql
from boardinghouse.names import quote
from boardinghouse.schema import working_in

if TYPE_CHECKING:
    from boardinghouse.backends.postgres.base import DatabaseWrapper

#: The table that a foreign key refers to, in a statement; to find one too many does no harm.
REFERENCED = re.compile(r'\bREFERENCES\s+(?:"?public"?\s*\.\s*)?(?:"([^"]+)"|(\w+))', re.IGNORECASE)

#: What Citus refuses, by the kinds of ``sql/citus/refused.sql``.
SENTENCES = {
    "trigger": "The private table {table!r} has the trigger {name!r} in {where}.",
    "shared trigger": (
        "The table {table!r}, which private ones refer to, has the trigger {name!r}."
    ),
    "reference": "The foreign key {name!r} of the table {table!r} refers into {where}.",
    "inheritance": "The private table {table!r} inherits from the table {name!r} in {where}.",
}


class Obstacle(NamedTuple):
    """Something that Citus refuses: of `schemata` schemata, in `schema` among others."""

    kind: str
    table: str
    name: str
    schema: str
    schemata: int

    def __str__(self) -> str:
        others = f" and {self.schemata - 1} more" if self.schemata > 1 else ""
        where = f"the schema {self.schema!r}{others}"
        return SENTENCES[self.kind].format(table=self.table, name=self.name, where=where)


def is_installed(connection: DatabaseWrapper) -> bool:
    """Ask whether the database has the extension. One round trip."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')")
        return bool(cursor.fetchone()[0])


def find_refused(connection: DatabaseWrapper, schemata: list[str]) -> list[Obstacle]:
    """Return what Citus refuses, in schemata and in what they refer to. One round trip."""
    with working_in(None), connection.cursor() as cursor:
        cursor.execute(read_sql("citus/refused"), {"schemata": schemata})
        return [Obstacle(*row) for row in cursor.fetchall()]


def find_local_tables(connection: DatabaseWrapper, schemata: list[str]) -> list[str]:
    """Return the tables that these schemata refer to, and that are no reference tables.

    Qualified and quoted. One round trip.
    """
    with working_in(None), connection.cursor() as cursor:
        cursor.execute(read_sql("citus/local_tables"), {"schemata": schemata})
        return [table for (table,) in cursor.fetchall()]


def find_local_schemata(connection: DatabaseWrapper, schemata: list[str]) -> list[str]:
    """Return those of the schemata that are not distributed. One round trip."""
    with working_in(None), connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) WITH ORDINALITY AS asked (name, place)"
            " WHERE to_regnamespace(quote_ident(name)) NOT IN (SELECT schemaid FROM pg_dist_schema)"
            " ORDER BY place",
            [schemata],
        )
        return [name for (name,) in cursor.fetchall()]


def find_filled_tables(connection: DatabaseWrapper, schema: str, tables: Iterable[str]) -> set[str]:
    """Return which of a schema's tables have rows; the coordinator's own are empty.

    One round trip.
    """
    named = list(tables)
    asked = " UNION ALL ".join(
        f"SELECT {index} WHERE EXISTS (SELECT 1 FROM {quote(schema)}.{quote(table)})"
        for index, table in enumerate(named)
    )
    if not asked:
        return set()
    with working_in(None), connection.cursor() as cursor:
        cursor.execute(asked)
        return {named[index] for (index,) in cursor.fetchall()}


def make_reference_table(connection: DatabaseWrapper, table: str) -> None:
    """Copy a table, qualified and quoted, to every node, and keep the copies alike."""
    with working_in(None), connection.cursor() as cursor:
        cursor.execute("SELECT create_reference_table(%s)", [table])


def distribute(connection: DatabaseWrapper, schema: str) -> None:
    """Move a schema, with all its tables, to a node of Citus's choice."""
    with working_in(None), connection.cursor() as cursor:
        cursor.execute("SELECT citus_schema_distribute(%s)", [quote(schema)])


def keep_reference_tables(connection: DatabaseWrapper, statement: str) -> None:
    """Make the shared tables that a statement is about to refer to reference tables.

    Nothing without Citus, and for a statement that has no foreign key.
    """
    named = {quoted or bare.lower() for quoted, bare in REFERENCED.findall(statement)}
    if named and connection.has_citus:
        with working_in(None), connection.cursor() as cursor:
            cursor.execute(read_sql("citus/not_references"), {"tables": sorted(named)})
            found = [table for (table,) in cursor.fetchall()]
        for table in found:
            make_reference_table(connection, table)
