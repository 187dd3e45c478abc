"""Many statements in one round trip: psycopg's pipeline mode.

https://www.psycopg.org/psycopg3/docs/advanced/pipeline.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from django.db import DatabaseError

from boardinghouse import statements
from boardinghouse.exceptions import ReplayFailed
from boardinghouse.names import compose_path
from boardinghouse.schema import working_in

if TYPE_CHECKING:
    from boardinghouse.backends.postgres.base import DatabaseWrapper

#: So many messages are sent before their answers are awaited.
MESSAGES = 512


class Step(NamedTuple):
    """A statement, and the schema that it runs in (None: ``public``)."""

    schema: str | None
    statement: str


def run(connection: DatabaseWrapper, names: list[str], script: list[str]) -> None:
    """Run statements in every schema, in the transaction that is open.

    Raises ReplayFailed, naming the first schema and statement that failed.
    """
    if connection.in_atomic_block and all(map(statements.is_single, script)):
        run_single(connection, names, script)
    else:
        run_one_by_one(connection, names, script)


def run_single(connection: DatabaseWrapper, names: list[str], script: list[str]) -> None:
    """Run statements, each of them certainly no more than one, in the transaction that is open."""
    if psycopg.Pipeline.is_supported():
        run_pipelined(connection, steps_of(names, script))
    else:
        run_one_by_one(connection, names, script)


def steps_of(names: list[str], script: list[str]) -> Iterator[Step]:
    """Yield a script's steps in every schema, the path set wherever it may be another's."""
    keeps = list(map(statements.keeps_path, script))
    needs_path = [not kept for kept in (False, *keeps)]
    for name in names:
        for statement, is_needed in zip(script, needs_path, strict=False):
            if is_needed:
                yield Step(name, set_path(name))
            yield Step(name, statement)


def run_one_by_one(connection: DatabaseWrapper, names: list[str], script: list[str]) -> None:
    """Run statements, each as a message of its own."""
    for name in names:
        for statement in script:
            run_one(connection, Step(name, statement))


def set_path(name: str) -> str:
    """Return the statement that points the path at a schema, for this transaction."""
    return f"SET LOCAL search_path = {compose_path(name)}"


def run_pipelined(connection: DatabaseWrapper, steps: Iterable[Step]) -> None:
    """Run steps, hundreds of them in a round trip; they set the path by themselves."""
    remaining = iter(steps)
    with pipelining(connection) as raw:
        while chunk := list(islice(remaining, MESSAGES)):
            send(connection, raw, chunk)


@contextmanager
def pipelining(connection: DatabaseWrapper) -> Iterator[Any]:
    """Give a block the raw connection, whose path is unknown afterwards."""
    connection.ensure_connection()
    try:
        yield connection.connection
    finally:
        connection.forget_path()


def send(connection: DatabaseWrapper, raw: Any, chunk: list[Step]) -> None:
    """Send statements in one pipeline and await all that they answer."""
    cursors: list[Any] = []
    try:
        with connection.wrap_database_errors, quiet_pipeline(raw):
            for step in chunk:
                cursor = raw.cursor()
                cursors.append(cursor)
                cursor.execute(step.statement, prepare=False)
    except DatabaseError as error:
        # The cursors before the one that failed have a result.
        done = sum(1 for cursor in cursors if cursor.pgresult is not None)
        failed = chunk[min(done, len(chunk) - 1)]
        raise ReplayFailed(failed.schema or "public", failed.statement, error) from error


@contextmanager
def quiet_pipeline(raw: Any) -> Iterator[None]:
    """Run a block in a pipeline, and raise the error that came first.

    When its end, too, raises one, psycopg would log a warning.
    """
    first: list[psycopg.Error] = []
    try:
        with raw.pipeline():
            try:
                yield
            except psycopg.Error as error:
                first.append(error)
    except psycopg.Error:
        if not first:
            raise
    if first:
        raise first[0]


def run_one(connection: DatabaseWrapper, step: Step) -> None:
    """Run one statement as a message of its own, whatever it holds."""
    try:
        with working_in(step.schema), connection.cursor() as cursor:
            cursor.execute(step.statement)
        if not statements.keeps_path(step.statement):
            connection.forget_path()
    except DatabaseError as error:
        raise ReplayFailed(step.schema or "public", step.statement, error) from error
