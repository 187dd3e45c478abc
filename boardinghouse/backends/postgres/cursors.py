"""Cursors that apply the wanted schema before each statement, however it is run."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from django.db import InterfaceError, NotSupportedError, ProgrammingError
from django.db.backends import utils
from django.db.backends.postgresql.base import CursorDebugWrapper as PostgresDebugWrapper

from boardinghouse.exceptions import SchemaNotFound

if TYPE_CHECKING:
    from boardinghouse.backends.postgres.base import DatabaseWrapper

    Base = utils.CursorWrapper
else:
    Base = object

STILL_ACTIVE = (
    "It is active, and no statement runs until it has been left: deactivate_schema(). A test that "
    "activates a schema says self.addCleanup(deactivate_schema), or the tests after it meet this."
)

IDENTIFIER = re.compile(r'(?:"((?:[^"]|"")+)"|(\w+))(\s*\.)?')


class SchemaCursor(Base):
    """What our two cursor classes add to Django's."""

    db: DatabaseWrapper

    def execute(self, sql: Any, params: Any = None) -> Any:
        with self._prepared():
            return super().execute(sql, params)

    def executemany(self, sql: Any, param_list: Any) -> Any:
        with self._prepared():
            return super().executemany(sql, param_list)

    def callproc(self, *args: Any, **kwargs: Any) -> Any:
        with self._prepared():
            return super().callproc(*args, **kwargs)

    @contextmanager
    def copy(
        self, statement: Any, params: Sequence[Any] | Mapping[str, Any] | None = None, **kwargs: Any
    ) -> Iterator[psycopg.Copy]:
        with (
            self._prepared(),
            self._logged(statement),
            self.db.wrap_database_errors,
            self.cursor.copy(statement, params, **kwargs) as copy,
        ):
            yield copy

    def stream(self, query: Any, *args: Any, **kwargs: Any) -> Generator[Any, None, None]:
        with self._prepared(), self._logged(query), self.db.wrap_database_errors:
            yield from self.cursor.stream(query, *args, **kwargs)

    @contextmanager
    def _prepared(self) -> Iterator[None]:
        self._refuse_left_connection()
        try:
            self.db.apply_schema()
        except SchemaNotFound as error:
            error.add_note(STILL_ACTIVE)
            raise
        try:
            yield
        except ProgrammingError as error:
            note_undefined_table(error, sent_text(self.cursor))
            raise
        except NotSupportedError:
            self.db.discard_prepared_statements()
            raise
        for tag in tags_of(self.cursor):
            self.db.note_command(tag)

    def _refuse_left_connection(self) -> None:
        """A pool may have handed a connection that we closed to somebody else."""
        if self.cursor.connection is not self.db.connection:
            raise InterfaceError("The cursor's connection has been closed. Open another cursor.")

    @contextmanager
    def _logged(self, sql: Any) -> Iterator[None]:
        yield


class CursorWrapper(SchemaCursor, utils.CursorWrapper):
    pass


class CursorDebugWrapper(SchemaCursor, PostgresDebugWrapper):
    @contextmanager
    def _logged(self, sql: Any) -> Iterator[None]:
        with self.debug_sql(sql):
            yield


def tags_of(cursor: Any) -> list[str | None]:
    """Return the tags of all commands in what a cursor ran; psycopg itself tells the first."""
    others = (result.command_status or b"" for result in cursor._results[1:])
    return [cursor.statusmessage, *(tag.decode() for tag in others)]


def sent_text(cursor: Any) -> str:
    """Return the statement as PostgreSQL last saw it; Django's own code looks there, too."""
    query = cursor._query
    return query.query.decode() if query is not None else ""


def note_undefined_table(error: ProgrammingError, sql: str) -> None:
    """Put the bare name of the table that PostgreSQL did not find on the error.

    PostgreSQL says where in the statement it stands, never what it is called:
    https://www.postgresql.org/docs/current/protocol-error-fields.html
    """
    cause = error.__cause__
    if isinstance(cause, psycopg.errors.UndefinedTable):
        position = cause.diag.statement_position
        found = IDENTIFIER.match(sql, int(position) - 1) if position else None
        if found and not found[3]:
            error.undefined_table = (found[1] or found[2]).replace('""', '"')  # type: ignore[attr-defined]
