"""What a migration that left its transaction has done, so that a later run can go on.

Two tables in ``public``, made when the first migration needs them and dropped with the last
row, so that asking whether anything is unfinished is asking for a table. Each row is written
in the transaction whose work it tells of.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from boardinghouse import ddl

if TYPE_CHECKING:
    from boardinghouse.backends.postgres.base import DatabaseWrapper

JOURNAL = "boardinghouse_journal"
PENDING = "boardinghouse_pending"
OF_SEGMENT = "app = %s AND name = %s AND segment = %s"
KEY = "app = %s AND name = %s"


class Entry(NamedTuple):
    """How far a migration is.

    `position` operations are done; of the next one, what `transcript` says; `script` is what
    the last segment runs in every schema, None when an operation runs there itself.
    """

    app: str
    name: str
    backwards: bool
    operations: list[str]
    position: int
    transcript: list[Any]
    segment: int
    script: list[str] | None
    size: int
    workers: int

    def __str__(self) -> str:
        return f"{self.app}.{self.name}"

    @property
    def key(self) -> tuple[str, str]:
        return self.app, self.name


class Failure(NamedTuple):
    """Why a schema is behind."""

    schema: str
    error: str
    statement: str


def is_there(connection: DatabaseWrapper) -> bool:
    """Tell whether there may be an unfinished migration. One round trip."""
    return ddl.table_exists(connection, "public", JOURNAL)


def unfinished(connection: DatabaseWrapper) -> list[Entry]:
    """Return the entries of all migrations that are not finished, in the order of their names."""
    if not is_there(connection):
        return []
    return [
        Entry(*row[:3], *map(parsed, row[3:]))
        for row in ask(
            connection, f"SELECT {', '.join(Entry._fields)} FROM public.{JOURNAL} ORDER BY 1, 2"
        )
    ]


def find(connection: DatabaseWrapper, app: str, name: str) -> Entry | None:
    """Return the entry of a migration, or None."""
    return next((each for each in unfinished(connection) if each.key == (app, name)), None)


def write(connection: DatabaseWrapper, entry: Entry) -> None:
    """Write down how far a migration is."""
    names = ", ".join(Entry._fields)
    values = [json.dumps(value) if isinstance(value, list) else value for value in entry]
    if not is_there(connection):
        ask(connection, ddl.read_sql("create_journal"))
    ask(
        connection,
        f"INSERT INTO public.{JOURNAL} ({names}) VALUES ({', '.join(['%s'] * len(values))})"
        f" ON CONFLICT (app, name) DO UPDATE SET ({names}) = ROW (EXCLUDED.*)",
        values,
    )


def add_pending(connection: DatabaseWrapper, entry: Entry, names: list[str]) -> None:
    """Write down that schemata have yet to do an entry's segment."""
    ask(
        connection,
        f"INSERT INTO public.{PENDING} (app, name, backwards, segment, schema)"
        " SELECT %s, %s, %s, %s, unnest(%s::text[])",
        [*entry.key, entry.backwards, entry.segment, names],
    )


def begin_again(connection: DatabaseWrapper, entry: Entry) -> int:
    """Forget earlier failures of a segment; return how many schemata have yet to do it.

    Schemata that PostgreSQL has no more have nothing to do.
    """
    gone = "NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = schema)"
    ask(connection, f"DELETE FROM public.{PENDING} WHERE NOT is_done AND {gone}")
    rows = ask(
        connection,
        f"WITH again AS (UPDATE public.{PENDING} SET attempts = 0, error = NULL, statement = NULL"
        f" WHERE {OF_SEGMENT} AND NOT is_done RETURNING 1) SELECT count(*) FROM again",
        [*entry.key, entry.segment],
    )
    return int(rows[0][0])


def take(
    connection: DatabaseWrapper, entry: Entry, size: int, *, waiting: bool = False
) -> list[str]:
    """Return schemata whose turn it is, which are this transaction's until its end.

    Those that had to wait for a lock come after the others.
    """
    rows = ask(
        connection,
        f"SELECT schema FROM public.{PENDING} WHERE {OF_SEGMENT} AND NOT is_done AND error IS NULL"
        f" ORDER BY attempts, schema LIMIT %s FOR UPDATE {'' if waiting else 'SKIP LOCKED'}",
        [*entry.key, entry.segment, size],
    )
    return [name for (name,) in rows]


def take_one(connection: DatabaseWrapper, entry: Entry, name: str) -> bool:
    """Take a schema if it is still waiting for its turn."""
    rest = f"WHERE {OF_SEGMENT} AND schema = %s AND NOT is_done FOR UPDATE"
    query = f"SELECT 1 FROM public.{PENDING} {rest}"
    return bool(ask(connection, query, [*entry.key, entry.segment, name]))


def mark_done(connection: DatabaseWrapper, entry: Entry, names: list[str]) -> None:
    """Write down that schemata have done the segment."""
    query = f"UPDATE public.{PENDING} SET is_done = true WHERE {OF_SEGMENT} AND schema = ANY (%s)"
    ask(connection, query, [*entry.key, entry.segment, names])


def mark_failed(connection: DatabaseWrapper, entry: Entry, failure: Failure) -> bool:
    """Write down why a schema could not do the segment; return whether nobody had yet.

    Two workers may have had it in turn.
    """
    return bool(
        ask(
            connection,
            f"UPDATE public.{PENDING} SET error = %s, statement = %s"
            f" WHERE {OF_SEGMENT} AND schema = %s AND error IS NULL RETURNING 1",
            [failure.error, failure.statement, *entry.key, entry.segment, failure.schema],
        )
    )


def put_back(connection: DatabaseWrapper, entry: Entry, name: str) -> int:
    """Let a schema wait until the others have had their turn; return how often it has."""
    rows = ask(
        connection,
        f"UPDATE public.{PENDING} SET attempts = attempts + 1 WHERE {OF_SEGMENT} AND schema = %s"
        " RETURNING attempts",
        [*entry.key, entry.segment, name],
    )
    return int(rows[0][0]) if rows else 0


def failures(connection: DatabaseWrapper, entry: Entry) -> list[Failure]:
    """Return what went wrong in a segment, in the order of the schemata's names."""
    query = (
        f"SELECT schema, error, statement FROM public.{PENDING}"
        f" WHERE {OF_SEGMENT} AND NOT is_done AND error IS NOT NULL ORDER BY schema"
    )
    return [Failure(*row) for row in ask(connection, query, [*entry.key, entry.segment])]


def count_behind(connection: DatabaseWrapper, entry: Entry) -> int:
    """Return how many schemata have yet to do an entry's segment."""
    query = f"SELECT count(*) FROM public.{PENDING} WHERE {OF_SEGMENT} AND NOT is_done"
    return int(ask(connection, query, [*entry.key, entry.segment])[0][0])


def is_done(connection: DatabaseWrapper, entry: Entry) -> bool:
    """Tell whether nothing of a migration is left to do, in no schema."""
    return entry.position == len(entry.operations) and not count_behind(connection, entry)


def forget(connection: DatabaseWrapper, app: str, name: str) -> None:
    """Delete what there is about a migration, and the tables with the last of it."""
    if is_there(connection):
        ask(connection, f"DELETE FROM public.{JOURNAL} WHERE {KEY}", [app, name])
        if not ask(connection, f"SELECT 1 FROM public.{JOURNAL} LIMIT 1"):
            ask(connection, f"DROP TABLE public.{PENDING}, public.{JOURNAL}")


def forget_schema(connection: DatabaseWrapper, name: str) -> None:
    """Delete what a schema has yet to do, because it is dropped."""
    if is_there(connection):
        ask(connection, f"DELETE FROM public.{PENDING} WHERE schema = %s", [name])


def behind(connection: DatabaseWrapper, name: str) -> list[tuple[str, str]]:
    """Return the migrations, app and name, that a schema has yet to do."""
    if not ddl.table_exists(connection, "public", PENDING):
        return []
    query = f"SELECT DISTINCT app, name FROM public.{PENDING} WHERE schema = %s AND NOT is_done"
    return [(app, migration) for app, migration in ask(connection, query, [name])]


def schemata_behind(connection: DatabaseWrapper) -> dict[str, set[str]]:
    """Return, of each migration that is not finished, the schemata that have yet to do it."""
    found: dict[str, set[str]] = {str(entry): set() for entry in unfinished(connection)}
    if found:
        query = f"SELECT app, name, schema FROM public.{PENDING} WHERE NOT is_done"
        for app, name, schema in ask(connection, query):
            found[f"{app}.{name}"].add(schema)
    return found


def ask(connection: DatabaseWrapper, query: str, params: Any = None) -> list[tuple[Any, ...]]:
    """Run a statement, wherever the path points; return its rows, if it returns any."""
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return list(cursor.fetchall()) if cursor.description else []


def parsed(value: Any) -> Any:
    """Return what JSON says; Django leaves it to its fields to parse it."""
    return json.loads(value) if isinstance(value, str) else value
