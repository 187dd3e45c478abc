"""Putting back into a schema what it has lost of the template, where that is safe."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, NamedTuple

from django.db import DatabaseError, transaction

from boardinghouse.ddl import read_sql
from boardinghouse.drift import Difference
from boardinghouse.names import TEMPLATE

if TYPE_CHECKING:
    from boardinghouse.backends.postgres.base import DatabaseWrapper

#: How long a repair waits for a lock, and so at most lets others wait behind it.
LOCK_TIMEOUT = "3s"
UNSAFE = "only a missing index, constraint, or column with a default is put back"


class Repair(NamedTuple):
    """What puts an object back: statements, or the danger of running them."""

    place: int
    statements: tuple[str, ...]
    danger: str | None


class Outcome(NamedTuple):
    """What became of a difference; `reason` says why it was left, None if it was not."""

    difference: Difference
    reason: str | None


def repair(connection: DatabaseWrapper, differences: Collection[Difference]) -> Iterator[Outcome]:
    """Put back what is missing and safe, schema by schema, and tell of each difference.

    Each object in a transaction of its own, that gives up when it would have to wait for a lock
    longer than LOCK_TIMEOUT. Columns come first, then keys, indexes, and what refers to them.
    """
    known = _compile_repairs(connection) if differences else {}
    for schema in sorted({each.schema for each in differences}):
        here = [each for each in differences if each.schema == schema]
        for each in sorted(here, key=lambda each: _place(known, each)):
            yield Outcome(each, _repair_one(connection, each, known))


def _compile_repairs(connection: DatabaseWrapper) -> dict[tuple[str, str], Repair]:
    """Return what puts each object of the template back, by kind and name."""
    with connection.alone_on_path(TEMPLATE), connection.cursor() as cursor:
        cursor.execute(read_sql("drift/repairs"), {"template": TEMPLATE})
        return {
            (kind, name): Repair(place, (statement, comment) if comment else (statement,), danger)
            for place, kind, name, statement, danger, comment in cursor.fetchall()
        }


def _place(known: dict[tuple[str, str], Repair], each: Difference) -> tuple[int, str]:
    found = known.get((each.kind, each.name))
    return (found.place if found else 0, each.name)


def _repair_one(
    connection: DatabaseWrapper, each: Difference, known: dict[tuple[str, str], Repair]
) -> str | None:
    """Put an object back; return None, or why it was not."""
    found = known.get((each.kind, each.name))
    if each.problem != "missing" or found is None:
        return UNSAFE
    if found.danger is not None:
        return found.danger
    try:
        with transaction.atomic(using=connection.alias), connection.alone_on_path(each.schema):
            _run(connection, found.statements)
    except DatabaseError as error:
        return str(error).strip()
    return None


def _run(connection: DatabaseWrapper, statements: tuple[str, ...]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        for statement in statements:
            cursor.execute(statement)
