"""Dropping schemata, however many objects they have.

PostgreSQL locks every object that it drops, in a table of limited size. A schema that has more
than fits goes in steps: it loses its row and gets a name that nobody knows, in one transaction,
so that it is gone for everybody; then its tables go, some at a time. Who is interrupted leaves
such a schema behind, and the next one who drops anything goes on with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from django.db import transaction

from boardinghouse import ddl
from boardinghouse.exceptions import LockBudgetExceeded
from boardinghouse.names import DROPPED, quote
from boardinghouse.patience import patiently

if TYPE_CHECKING:
    from boardinghouse.backends.postgres.base import DatabaseWrapper


class Remains(NamedTuple):
    """A schema that is being dropped: what it is called now, and what it was called."""

    schema: str
    name: str


def drop(connection: DatabaseWrapper, name: str, delete_row: Callable[[str], None]) -> None:
    """Drop a schema and what names it, together; in steps if it is too large for one.

    Inside a transaction that is one step, refused with LockBudgetExceeded if it is too large.
    """
    is_free = not connection.in_atomic_block
    if is_free:
        finish(connection)
    in_steps = is_free and locks_of(connection, name) > ddl.lock_budget(connection)
    with transaction.atomic(using=connection.alias):
        if in_steps:
            retire(connection, name)
        else:
            patiently(connection, partial(ddl.drop, connection, name))
        delete_row(name)
    if in_steps:
        finish(connection)


def locks_of(connection: DatabaseWrapper, name: str) -> int:
    """Return how many locks it takes to drop a schema. One round trip."""
    with connection.cursor() as cursor:
        cursor.execute(ddl.read_sql("locks_of_a_drop"), {"schema": quote(name)})
        return int(cursor.fetchone()[0])


def require_room(connection: DatabaseWrapper, names: list[str]) -> None:
    """Raise LockBudgetExceeded unless all these schemata can be dropped in one transaction."""
    budget, needed = ddl.lock_budget(connection), 0
    for name in names:
        needed += locks_of(connection, name)
        if needed > budget:
            raise LockBudgetExceeded(
                f"Dropping {len(names)} schemata in one transaction needs more locks than "
                f"PostgreSQL has room for: its budget is {budget} locks. Do it outside atomic(), "
                "where it goes in steps, or raise max_locks_per_transaction in postgresql.conf."
            )


def retire(connection: DatabaseWrapper, name: str) -> None:
    """Give a schema a name under which nobody looks for it, and note what it was called."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_regnamespace(%s)::oid, quote_literal(%s::text)", [quote(name), name]
        )
        number, called = cursor.fetchone()
        schema = f"{DROPPED}{number}"
        ddl.rename(connection, name, schema)
        cursor.execute(f"COMMENT ON SCHEMA {quote(schema)} IS {called}")


def unfinished(connection: DatabaseWrapper) -> list[Remains]:
    """Return what is left of schemata whose dropping was interrupted. One round trip."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nspname::text, obj_description(oid, 'pg_namespace') FROM pg_namespace"
            " WHERE starts_with(nspname, %s) ORDER BY nspname",
            [DROPPED],
        )
        return [Remains(*row) for row in cursor.fetchall()]


def finish(connection: DatabaseWrapper) -> list[str]:
    """Drop what is left of schemata, a step in a transaction; return what they were called."""
    remains = unfinished(connection)
    for each in remains:
        for step in steps(connection, each.schema):
            patiently(connection, partial(take_step, connection, step))
        patiently(connection, partial(ddl.drop, connection, each.schema))
    return [each.name for each in remains]


def steps(connection: DatabaseWrapper, schema: str) -> Iterator[list[str]]:
    """Yield statements that drop a schema's objects, as many at a time as the budget allows."""
    budget = ddl.lock_budget(connection)
    with connection.cursor() as cursor:
        cursor.execute(ddl.read_sql("pieces_of_a_schema"), {"schema": quote(schema)})
        pieces = cursor.fetchall()
    step: list[str] = []
    locks = 0
    for statement, needed in pieces:
        if step and locks + needed > budget:
            yield step
            step, locks = [], 0
        step.append(f"{statement} CASCADE")
        locks += needed
    if step:
        yield step


def take_step(connection: DatabaseWrapper, step: list[str]) -> None:
    """Drop some objects, in a transaction of their own."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for statement in step:
            cursor.execute(statement)
