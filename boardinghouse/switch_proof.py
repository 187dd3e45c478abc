"""The proof that switching works here: two connections, switched against each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any, NamedTuple

from django.db import connections

from boardinghouse.names import compose_path
from boardinghouse.schema import working_in

NAME = re.compile(r'"((?:[^"]|"")*)"|([^\s,"]+)')
LOOK = "SELECT current_setting('search_path'), pg_backend_pid()"
ROUNDS = 3


class Step(NamedTuple):
    """What a connection wanted, and what a statement then met."""

    connection: int
    wanted: str
    found: str
    process: int
    announced: int

    @property
    def is_right(self) -> bool:
        """PgBouncer puts a path back in words of its own: without needless quotes."""
        return names_on(self.found) == names_on(self.wanted)

    def __str__(self) -> str:
        return (
            f"connection {self.connection} wanted {self.wanted!r} and was given {self.found!r} "
            f"by server process {self.process}"
        )


def names_on(path: str) -> list[str]:
    """Return the names on a search path."""
    return [quoted.replace('""', '"') or bare for quoted, bare in NAME.findall(path)]


class Numbered(NamedTuple):
    """One of the two connections."""

    number: int
    connection: Any


def switch_against_each_other(alias: str, one: str | None, other: str | None) -> list[Step]:
    """Open two connections as requests do, switch them in turn, and return what each met.

    A pooler that hands a server's connection from one to the other without putting the path
    right gives one of them what the other wanted. In autocommit, and with a transaction open.
    """
    with ExitStack() as stack:
        pair = [
            Numbered(number, stack.enter_context(closing(connections[alias].copy())))
            for number in (1, 2)
        ]
        return list(_steps(pair, one, other))


def _steps(pair: list[Numbered], one: str | None, other: str | None) -> Iterator[Step]:
    yield from _look_in_turn(pair, None, None)
    for _ in range(ROUNDS):
        yield from _look_in_turn(pair, one, other)
        yield from _look_in_turn(pair, one, other)
        yield from _look_in_turn(pair, other, one)
        yield from _look_in_turn(pair, None, one)
        yield from _look_with_a_transaction(pair, one, other)
        yield from _look_with_a_transaction(pair[::-1], one, other)


def _look_in_turn(pair: list[Numbered], *wanted: str | None) -> Iterator[Step]:
    for each, name in zip(pair, wanted, strict=True):
        yield _look(each, name)


def _look_with_a_transaction(
    pair: list[Numbered], one: str | None, other: str | None
) -> Iterator[Step]:
    """Switch while a transaction is open, and look again after it was rolled back."""
    first, second = pair
    with working_in(one), _rolled_back(first.connection):
        yield _look(first, one)
        yield _look(second, other)
        yield _look(first, other)
    yield from _look_in_turn(pair, one, other)


@contextmanager
def _rolled_back(connection: Any) -> Iterator[None]:
    """Have a transaction on a connection, and roll it back in any case."""
    connection.ensure_connection()
    connection.set_autocommit(False)
    try:
        yield
    finally:
        connection.rollback()
        connection.set_autocommit(True)


def _look(each: Numbered, name: str | None) -> Step:
    with working_in(name), each.connection.cursor() as cursor:
        cursor.execute(LOOK)
        found, process = cursor.fetchone()
        announced = each.connection.connection.info.backend_pid
    return Step(each.number, compose_path(name), found, process, announced)


def has_pooler(steps: list[Step]) -> bool:
    """Tell whether something stands between: it announces processes that the server has not."""
    return any(each.process != each.announced for each in steps)


def shares_processes(steps: list[Step]) -> bool:
    """Tell whether both connections were served by one process, as in transaction pooling."""
    used = {
        number: {each.process for each in steps if each.connection == number} for number in (1, 2)
    }
    return bool(used[1] & used[2])
