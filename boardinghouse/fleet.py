"""Replaying what a migration did in the template over all schemata."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from django.apps import apps

from boardinghouse import ddl, journal, patience, pipeline
from boardinghouse.batches import LARGEST
from boardinghouse.conf import conf
from boardinghouse.exceptions import LockBudgetExceeded, OccupiedSchemata, ReplayFailed
from boardinghouse.journal import JOURNAL, PENDING
from boardinghouse.names import TEMPLATE, quote
from boardinghouse.progress import Progress
from boardinghouse.schema import working_in
from boardinghouse.statements import is_single, without_comments

if TYPE_CHECKING:
    from boardinghouse.backends.postgres.base import DatabaseWrapper

logger = logging.getLogger("boardinghouse")

#: Statements whose locks depend on the rows that they meet.
WRITING = re.compile(r"\s*(?:WITH|INSERT|UPDATE|DELETE|MERGE|SELECT|DO|CALL)\b", re.IGNORECASE)

#: Tables that nobody waits for while a migration writes in them.
PASSED_BY = {"django_migrations", JOURNAL, PENDING}


def names_of_schemata(connection: DatabaseWrapper) -> list[str]:
    """Return the names in the table of schemata, in order, of those that PostgreSQL has.

    Then those of the spares, which are migrated like any other. None while that table does not
    exist yet. A row without a schema is reported in the log.
    """
    table = registry_table()
    with working_in(None), connection.cursor() as cursor:
        if not ddl.table_exists(connection, "public", table):
            return []
        cursor.execute(
            f"SELECT schema, n.oid IS NOT NULL, false AS is_spare FROM public.{quote(table)}"
            " LEFT JOIN pg_namespace n ON n.nspname = schema"
            " UNION ALL SELECT nspname, true, true FROM pg_namespace"
            " WHERE nspname >= '_spare_' AND nspname < '_spare`' ORDER BY is_spare, schema"
        )
        rows = cursor.fetchall()
    for name, exists, _is_spare in rows:
        if not exists:
            logger.warning("The row of schema %r has no schema in PostgreSQL.", name)
    return [name for name, exists, _is_spare in rows if exists]


def is_behind(connection: DatabaseWrapper, name: str) -> bool:
    """Tell whether a schema has yet to do what a migration has done in the template."""
    return bool(journal.behind(connection, name))


def registry_table() -> str:
    """Return the table whose rows name the schemata."""
    return str(apps.get_model(conf.SCHEMA_MODEL)._meta.db_table)


def replay(connection: DatabaseWrapper, names: list[str], script: list[str]) -> None:
    """Run statements in every schema. Raises ReplayFailed, naming schema and statement.

    In a transaction it is all or none, see `all_or_none`.
    """
    if not connection.in_atomic_block:
        pipeline.run(connection, names, script)
        return
    writes = any(map(may_write, script))

    def attempt(order: list[str]) -> None:
        left = list(order)
        with progress_over(connection, order).task("In one transaction", len(order)) as task:
            while left:
                size = min(LARGEST, require_next(connection) if writes else LARGEST)
                some, left = left[:size], left[size:]
                pipeline.run(connection, some, script)
                task.advance(len(some))

    all_or_none(connection, names, attempt)


def may_write(statement: str) -> bool:
    """Tell whether a statement's locks may depend on the rows that it meets."""
    return not is_single(statement) or bool(WRITING.match(without_comments(statement)))


def run_in_each(connection: DatabaseWrapper, names: list[str], run: Callable[[str], None]) -> None:
    """Call something with the name of each schema; in a transaction, see `all_or_none`.

    It raises ReplayFailed where it fails. In a transaction this raises LockBudgetExceeded before
    PostgreSQL has no room for the next schema.
    """
    if not connection.in_atomic_block:
        for name in names:
            run(name)
        return

    def attempt(order: list[str]) -> None:
        room = 0
        for name in order:
            room = room or require_next(connection)
            run(name)
            room -= 1

    all_or_none(connection, names, attempt)


def all_or_none(
    connection: DatabaseWrapper, names: list[str], attempt: Callable[[list[str]], None]
) -> None:
    """Attempt something in all schemata, in the transaction that is open.

    Nobody is waited for long: while a schema is busy, the locks on the others are given back,
    and it is the first in the next attempt.
    """
    order = list(names)

    def once() -> None:
        try:
            attempt(order)
        except ReplayFailed as failed:
            order.remove(failed.schema)
            order.insert(0, failed.schema)
            raise

    patience.patiently(connection, once)


def require_next(connection: DatabaseWrapper) -> int:
    """Return in how many schemata this transaction may write at least; raise if in none.

    Which rows there are, and so which tables are locked, differs from schema to schema: what is
    counted on is every table with all its indexes.
    """
    most = locks_of_a_writer(connection)
    budget, held = ddl.lock_budget(connection), ddl.locks_held(connection)
    if held + most > budget:
        raise LockBudgetExceeded(
            f"This transaction holds {held} locks, and the next schema may take {most} more; "
            f"PostgreSQL's lock table has a budget of {budget}."
        )
    return (budget - held) // most


def locks_of_a_writer(connection: DatabaseWrapper) -> int:
    """Return how many locks a transaction takes at most that reads and writes all of a schema."""
    with connection.cursor() as cursor:
        cursor.execute(ddl.read_sql("locks_of_a_writer"), {"schema": TEMPLATE})
        return max(1, int(cursor.fetchone()[0]))


def progress_over(connection: DatabaseWrapper, names: list[str]) -> Progress:
    """Return what shows the progress of work in one transaction: nothing, if it is short."""
    return connection.manner.progress if len(names) > LARGEST else Progress()


def batches_for(
    connection: DatabaseWrapper, names: list[str], locks_each: int, new_tables: set[str]
) -> tuple[int, int] | None:
    """Return how many schemata to take in a transaction, and how many of those at once.

    None where the transaction that is open may take them all. One by one while that would
    keep others from shared tables that are there already.
    """
    if not names:
        return None
    manner = connection.manner
    if blocked_tables(connection) - new_tables - PASSED_BY:
        return 1, 1
    budget = ddl.lock_budget(connection)
    fits = ddl.locks_held(connection) + locks_each * len(names) <= budget
    if fits and len(names) <= (manner.batch_size or len(names)):
        return None
    room = max(1, budget // (max(1, locks_each) * manner.parallel))
    return min(manner.batch_size or LARGEST, room), manner.parallel


def blocked_tables(connection: DatabaseWrapper) -> set[str]:
    """Return the shared tables that this transaction keeps others from using as they like."""
    with connection.cursor() as cursor:
        cursor.execute(ddl.read_sql("blocked_tables"))
        return {name for (name,) in cursor.fetchall()}


def disband(connection: DatabaseWrapper) -> None:
    """Drop every schema, because the table that names them is about to go.

    Raises OccupiedSchemata, naming them, while any has rows that the template has not.
    """
    names = names_of_schemata(connection)
    occupied = [name for name in names if ddl.has_rows_of_its_own(connection, name)]
    if occupied:
        raise OccupiedSchemata(
            f"Without their table these schemata would be lost, and they hold rows: "
            f"{', '.join(occupied)}. Save what you need, then `manage.py drop_schema` each."
        )
    if connection.in_atomic_block:
        ddl.require_room(connection, len(names), "Dropping")
    for name in names:
        ddl.drop(connection, name)
        journal.forget_schema(connection, name)


def require_room(connection: DatabaseWrapper, locks_each: int, schemata: int) -> None:
    """Raise LockBudgetExceeded unless replaying fits PostgreSQL's lock table.

    `locks_each` was measured: what the same statements took in the template. Outside a
    transaction each statement gives its locks back.
    """
    if not connection.in_atomic_block:
        return
    budget, needed = ddl.lock_budget(connection), locks_each * schemata
    held = ddl.locks_held(connection)
    if needed and held + needed > budget:
        raise LockBudgetExceeded(
            f"This migration takes {locks_each} locks in each of {schemata} schemata, {needed} in "
            f"all, and its transaction holds {held}; PostgreSQL's lock table has a budget of "
            f"{budget}. Nothing was changed. Raise max_locks_per_transaction in postgresql.conf "
            "and restart the server, or split the migration; apps without migrations get some "
            "with `manage.py makemigrations`, and those go in batches."
        )
