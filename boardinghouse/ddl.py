"""Every DDL statement on whole schemata, and on the views that stand for private joins.

All functions take the connection. Those that change something run in a transaction: the
one that is open, with a savepoint, or one of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, ProgrammingError, transaction
from psycopg.errors import DuplicateSchema, OutOfMemory, UniqueViolation

from boardinghouse import pipeline
from boardinghouse.exceptions import LockBudgetExceeded, ReplayFailed, SchemaExists
from boardinghouse.names import TEMPLATE, quote
from boardinghouse.schema import working_in

if TYPE_CHECKING:
    from boardinghouse.backends.postgres.base import DatabaseWrapper

#: The key of the advisory lock on the template: "template" in ASCII.
TEMPLATE_LOCK = int.from_bytes(b"template")
#: PostgreSQL learns what others have done to the catalog when it locks a table that this
#: transaction has not locked yet, and nobody else's statements lock this one.
HEAR_OF_CHANGES = "SELECT FROM information_schema.sql_sizing LIMIT 0"
JOIN_TRIGGER = (
    "CREATE TRIGGER choose_a_schema INSTEAD OF INSERT OR UPDATE OR DELETE ON public.{} "
    "FOR EACH ROW EXECUTE FUNCTION public.boardinghouse_choose_a_schema()"
)


@cache
def read_sql(name: str) -> str:
    """Return the text of ``boardinghouse/sql/NAME.sql``."""
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_text()


# Both ask the catalog itself. `to_regclass` and its like answer from a cache, which does not
# hear of what others do while a transaction waits for an advisory lock.


def schema_exists(connection: DatabaseWrapper, name: str) -> bool:
    """Ask PostgreSQL whether there is a schema of this name. One round trip."""
    query = "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = %s)"
    return bool(_value(connection, query, [name]))


def table_exists(connection: DatabaseWrapper, schema: str, table: str) -> bool:
    """Ask PostgreSQL whether a schema has a table, or the like, of this name. One round trip."""
    return bool(_value(connection, read_sql("table_exists"), [schema, table]))


def tables_in(connection: DatabaseWrapper, *schemata: str) -> tuple[set[str], ...]:
    """Return the names of each schema's tables. One round trip, the same for any fleet."""
    rows = _rows(connection, read_sql("tables_in"), {"schemata": list(schemata)})
    return tuple({table for schema, table in rows if schema == each} for each in schemata)


def existing_schemata(connection: DatabaseWrapper, names: list[str]) -> set[str]:
    """Return which of these names PostgreSQL has schemata for. One round trip."""
    query = "SELECT nspname FROM pg_namespace WHERE nspname = ANY (%s)"
    return {name for (name,) in _rows(connection, query, [names])}


def has_rows_of_its_own(connection: DatabaseWrapper, name: str) -> bool:
    """Tell whether a schema has rows that the template has not."""
    tables, in_template = tables_in(connection, name, TEMPLATE)
    return bool(
        _names_where(
            connection,
            {
                table: f"EXISTS (SELECT each::text FROM {quote(name)}.{quote(table)} each"
                + (
                    f" EXCEPT ALL SELECT each::text FROM {quote(TEMPLATE)}.{quote(table)} each)"
                    if table in in_template
                    else ")"
                )
                for table in tables
            },
        )
    )


def create_template(connection: DatabaseWrapper) -> None:
    """Create the template schema, empty."""
    with transaction.atomic(using=connection.alias):
        _run(connection, _statements_of_creation(connection, TEMPLATE))


def create(connection: DatabaseWrapper, name: str, statements: Iterable[str]) -> None:
    """Create a schema and run in it the statements that `clone` compiled.

    All or nothing. Raises SchemaExists when another one, or another process, was first,
    LockBudgetExceeded for more objects than PostgreSQL can lock, and ReplayFailed for another
    statement that fails.
    """
    flush_recorded(connection)
    with transaction.atomic(using=connection.alias):
        _unless_taken(connection, name, *_statements_of_creation(connection, name))
        try:
            pipeline.run_single(connection, [name], list(statements))
        except ReplayFailed as error:
            if error.__cause__ and isinstance(error.__cause__.__cause__, OutOfMemory):
                raise LockBudgetExceeded(
                    f"Schema {name!r} was not created: it would have more objects than "
                    "PostgreSQL's lock table has room for. Raise max_locks_per_transaction in "
                    "postgresql.conf and restart the server."
                ) from error
            raise


def rename(connection: DatabaseWrapper, old: str, new: str) -> None:
    """Give a schema another name. Raises SchemaExists where one of that name is.

    Functions whose own ``search_path`` has the schema on it follow. Two round trips.
    """
    with transaction.atomic(using=connection.alias, savepoint=False):
        _unless_taken(connection, new, f"ALTER SCHEMA {quote(old)} RENAME TO {quote(new)}")
        found = _rows(connection, read_sql("renamed_paths"), {"old": old, "new": new})
        _run(connection, [statement for (statement,) in found])


def drop(connection: DatabaseWrapper, name: str) -> None:
    """Drop a schema and all that is in it, or nothing."""
    flush_recorded(connection)
    with transaction.atomic(using=connection.alias):
        # PostgreSQL drops no table on which checks of this transaction are still pending.
        connection.check_constraints()
        _run(connection, [f"DROP SCHEMA IF EXISTS {quote(name)} CASCADE"])


def run_together(connection: DatabaseWrapper, statements: list[str]) -> None:
    """Run statements in one message; one by one if they are prepared, which takes single ones."""
    connection.ensure_connection()
    prepares = connection.connection.prepare_threshold is not None
    _run(connection, statements if prepares else ["; ".join(statements)])


def flush_recorded(connection: DatabaseWrapper) -> None:
    """Replay first what a migration at work on this connection has recorded."""
    if connection.recorder is not None:
        connection.recorder.flush()


def refresh_join_view(connection: DatabaseWrapper, table: str) -> None:
    """Make the view in ``public`` that stands for a private join anew, or take it away.

    With no schema active, reading the join finds nothing and writing it says to choose one.
    """
    with working_in(None):
        _run(connection, [f"DROP VIEW IF EXISTS public.{quote(table)}"])
        name = f"{quote(TEMPLATE)}.{quote(table)}"
        create_view = _value(connection, read_sql("create_join_view"), {"table": name})
        if create_view:
            _run(connection, [read_sql("choose_a_schema"), create_view])
            _run(connection, [JOIN_TRIGGER.format(quote(table))])


# The template's lock: https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS


def share_template(connection: DatabaseWrapper) -> None:
    """Keep the template from changing until this transaction ends; others may share it.

    For who copies it. Waits for a transaction that changes it. One round trip.
    """
    lock = f"SELECT pg_advisory_xact_lock_shared({TEMPLATE_LOCK})"
    run_together(connection, [lock, HEAR_OF_CHANGES])


def claim_template(connection: DatabaseWrapper) -> None:
    """Keep others from copying or changing the template until this transaction ends.

    For who changes it. Waits for those that share it. One round trip.
    """
    lock = f"SELECT pg_advisory_xact_lock({TEMPLATE_LOCK})"
    run_together(connection, [lock, HEAR_OF_CHANGES])


# The lock table: https://www.postgresql.org/docs/current/runtime-config-locks.html


def lock_budget(connection: DatabaseWrapper) -> int:
    """Return how many locks a transaction of ours may take: three quarters of the table."""
    return int(
        _value(
            connection,
            "SELECT current_setting('max_locks_per_transaction')::int * 3 / 4 * ("
            "current_setting('max_connections')::int"
            " + current_setting('max_prepared_transactions')::int)",
        )
    )


def locks_held(connection: DatabaseWrapper) -> int:
    """Return how many locks this connection's transaction holds."""
    return int(
        _value(
            connection,
            "SELECT count(*) FROM (SELECT DISTINCT locktype, database, relation, classid, objid,"
            " objsubid FROM pg_locks WHERE pid = pg_backend_pid()) AS held",
        )
    )


def schemata_per_transaction(connection: DatabaseWrapper) -> int:
    """Return how many clones of the template the lock budget allows at once, at least one.

    Its releases of November 2026 (15.20 was measured) lock constraints, functions and types
    too, when something comes to depend on them.
    """
    locks = _value(connection, read_sql("locks_of_a_clone"), {"schema": quote(TEMPLATE)})
    return max(1, lock_budget(connection) // (int(locks) + 1))


def require_room(connection: DatabaseWrapper, wanted: int, what: str) -> None:
    """Raise LockBudgetExceeded unless so many schemata fit one transaction."""
    room = schemata_per_transaction(connection)
    if wanted > room:
        raise LockBudgetExceeded(
            f"{what} {wanted} schemata in one transaction needs more locks than PostgreSQL has "
            f"room for: its budget is {lock_budget(connection)} locks, which is {room} schemata. "
            "Do it outside atomic(), where it goes in batches, or raise "
            "max_locks_per_transaction in postgresql.conf."
        )


def _statements_of_creation(connection: DatabaseWrapper, name: str) -> list[str]:
    """Return what makes an empty schema; with Citus, one that is placed on a node."""
    create = f"CREATE SCHEMA {quote(name)}"
    if not connection.has_citus:
        return [create]
    setting = "SET LOCAL citus.enable_schema_based_sharding TO"
    return [f"{setting} on", create, f"{setting} DEFAULT"]


def _unless_taken(connection: DatabaseWrapper, name: str, *statements: str) -> None:
    """Run statements that give a schema a name; raise SchemaExists if another one has it."""
    try:
        _run(connection, statements)
    except (ProgrammingError, IntegrityError) as error:
        # The latter when another process creates it in a transaction that has just ended.
        if isinstance(error.__cause__, DuplicateSchema | UniqueViolation):
            raise SchemaExists(name) from error
        raise


def _names_where(connection: DatabaseWrapper, conditions: dict[str, str]) -> set[str]:
    if not conditions:
        return set()
    query = " UNION ALL ".join(
        f"SELECT {index} WHERE {condition}" for index, condition in enumerate(conditions.values())
    )
    names = list(conditions)
    return {names[index] for (index,) in _rows(connection, query)}


def _run(connection: DatabaseWrapper, statements: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _rows(connection: DatabaseWrapper, query: str, params: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return list(cursor.fetchall())


def _value(connection: DatabaseWrapper, query: str, params: Any = None) -> Any:
    rows = _rows(connection, query, params)
    return rows[0][0] if rows else None
