"""The database wrapper: compares what is wanted with what is applied, and applies it."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from types import TracebackType
from typing import Any

from django.db import Error, router
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.utils import DatabaseErrorWrapper
from psycopg.pq import TransactionStatus

from boardinghouse import citus
from boardinghouse.backends.postgres import memory
from boardinghouse.backends.postgres.creation import DatabaseCreation
from boardinghouse.backends.postgres.cursors import CursorDebugWrapper, CursorWrapper
from boardinghouse.backends.postgres.introspection import DatabaseIntrospection
from boardinghouse.backends.postgres.operations import DatabaseOperations
from boardinghouse.backends.postgres.parent import ParentWrapper
from boardinghouse.backends.postgres.schema import DatabaseSchemaEditor
from boardinghouse.batches import Manner
from boardinghouse.exceptions import SchemaNotFound
from boardinghouse.names import TEMPLATE, compose_path, is_own_name, is_valid_name, quote
from boardinghouse.schema import carry, get_active_schema_name

logger = logging.getLogger("boardinghouse")

#: Commands that leave the search path as it is; after any other one, and where PostgreSQL
#: does not report the path (before 18), it is set again.
PATH_KEEPING = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "FETCH", "DECLARE", "CLOSE"}
    | {"BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "COPY", "EXPLAIN"}
)


class ForgettingErrorWrapper(DatabaseErrorWrapper):
    """Any error may have undone a ``SET``, so a path that is only tracked is forgotten."""

    wrapper: DatabaseWrapper

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is not None:
            self.wrapper.forget_path()
        super().__exit__(exc_type, exc_value, traceback)


class DatabaseWrapper(ParentWrapper):
    """Django's wrapper, pointing ``search_path`` at the wanted schema before each statement.

    PostgreSQL 18 reports the path after every change, so what is applied is read from the
    connection: https://www.postgresql.org/docs/18/libpq-status.html. Before 18 the path is
    tracked, and forgotten whenever PostgreSQL may have undone it.
    """

    SchemaEditorClass = DatabaseSchemaEditor
    creation_class = DatabaseCreation
    introspection_class = DatabaseIntrospection
    ops_class = DatabaseOperations

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tracked_path: str | None = None
        self._path_is_left_alone = False
        #: The schema editor that records statements on this connection, if one is at work.
        self.recorder: DatabaseSchemaEditor | None = None
        #: How migrations on this connection go over the fleet.
        self.manner = Manner()

    @cached_property
    def wrap_database_errors(self) -> DatabaseErrorWrapper:
        return ForgettingErrorWrapper(self)

    @cached_property
    def has_citus(self) -> bool:
        """Whether the database has Citus. Asked once: restart after ``CREATE EXTENSION``."""
        with self._leaving_path_alone():
            return citus.is_installed(self)

    # Connecting

    def get_connection_params(self) -> dict[str, Any]:
        """Ask for ``public`` in the start-up message: a fresh connection pays no ``SET``."""
        params = super().get_connection_params()
        before = params.get("options") or os.environ.get("PGOPTIONS", "")
        path = re.sub(r"([\\\s])", r"\\\1", compose_path(None))
        params["options"] = f"{before} -c search_path={path}".strip()
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        self._tracked_path = None if self.pool else compose_path(None)
        return connection

    def _close(self) -> None:
        if self.pool and self._reset_path() and self._is_worn():
            # A pool throws away what is closed when it comes back, and opens another.
            self.connection.close()
        super()._close()

    def close_if_unusable_or_obsolete(self) -> None:
        """Django's own point between requests, between tasks and between messages."""
        self.close_if_worn()
        super().close_if_unusable_or_obsolete()

    def close_if_worn(self) -> None:
        """Close a connection that has seen its fill of schemata, if nothing is going on there."""
        if self._is_open() and self._is_worn():
            self.close()

    def _is_worn(self) -> bool:
        """Tell whether the connection has seen enough, and no transaction is open on it."""
        return (
            self._is_open()
            and not self.in_atomic_block
            and self.connection.info.transaction_status == TransactionStatus.IDLE
            and memory.has_seen_enough(self.connection)
        )

    # What is applied

    def apply_schema(self) -> None:
        """Make the connection's path that of the wanted schema: a round trip if it is not.

        While a transaction is aborted nothing is applied; the next statement that can run
        has it applied first. Raises SchemaNotFound, and then the statement does not run.
        """
        if self._path_is_left_alone or self.alias == NO_DB_ALIAS or not self._is_open():
            return
        name = get_active_schema_name()
        if self.recorder is not None and name != TEMPLATE:
            self.recorder.flush()
        if self._current_path() != compose_path(name) and not self.is_aborted():
            self._set_path(name)

    def reset_path(self) -> None:
        """Set the path back to ``public``, or close the connection when that fails.

        A connection that has seen its fill of schemata is closed instead.
        """
        self.close_if_worn()
        if self._is_open() and not self._reset_path():
            self.close()

    def believe_path(self, name: str) -> None:
        """Note that a statement has just set the path to a schema's by itself."""
        self._tracked_path = compose_path(name)
        memory.note_schema(self.connection, name)

    def forget_path(self) -> None:
        """Note that the path may have changed; before PostgreSQL 18 nothing tells us."""
        self._tracked_path = None

    def note_command(self, tag: str | None) -> None:
        """Forget a tracked path after a command that may have changed it."""
        if self._tracked_path is not None and (not tag or tag.split()[0] not in PATH_KEEPING):
            self.forget_path()

    @contextmanager
    def alone_on_path(self, name: str) -> Iterator[None]:
        """Run a block with one schema alone on the path, not even ``public`` beside it.

        PostgreSQL then prints that schema's own names bare and all others qualified.
        """
        with self._leaving_path_alone():
            self._run_set_config(quote(name))
            self.forget_path()
            yield

    def _current_path(self) -> str | None:
        if self.connection.pgconn.pipeline_status:
            return None  # PostgreSQL reports nothing until the pipeline is synchronised
        reported = self.connection.pgconn.parameter_status(b"search_path")
        return self._tracked_path if reported is None else reported.decode()

    def _set_path(self, name: str | None) -> None:
        if name is not None and not is_own_name(name) and not is_valid_name(name):
            raise SchemaNotFound(name)
        with self._leaving_path_alone():
            if not self._run_set_config(compose_path(name), name):
                raise SchemaNotFound(name or "public")
        self._tracked_path = compose_path(name)
        memory.note_schema(self.connection, name)

    def _run_set_config(self, path: str, name: str | None = None) -> bool:
        """Set the path, if the schema exists; PostgreSQL itself accepts any path."""
        condition, params = ("", [path])
        if name is not None:
            condition, params = (" WHERE to_regnamespace(%s) IS NOT NULL", [path, quote(name)])
        # Not cursor(): Django's test cases forbid that for aliases which a test does not name,
        # and a connection that an earlier test has left open must be set back all the same.
        with self._cursor() as cursor:
            cursor.execute(f"SELECT set_config('search_path', %s, false){condition}", params)
            return cursor.fetchone() is not None

    def _reset_path(self) -> bool:
        """Tell whether the path is ``public`` now; if it could not be set, nothing is open."""
        if not self._is_open() or self.needs_rollback or self.is_aborted():
            return True
        if self._current_path() == compose_path(None):
            return True
        try:
            self._set_path_outside_transactions()
        except Error:
            logger.warning("The search path could not be reset; the connection is closed.")
            self.connection.close()
            return False
        return True

    def _set_path_outside_transactions(self) -> None:
        """Set it to ``public``; with autocommit off, leave no transaction open for it."""
        was_idle = self.connection.info.transaction_status == TransactionStatus.IDLE
        self._set_path(None)
        if was_idle and not self.autocommit and not self.in_atomic_block:
            self.commit()

    def _is_open(self) -> bool:
        return self.connection is not None and not self.connection.closed

    def is_aborted(self) -> bool:
        """Tell whether a transaction is open that can only be rolled back."""
        return self._is_open() and bool(
            self.connection.info.transaction_status == TransactionStatus.INERROR
        )

    @contextmanager
    def _leaving_path_alone(self) -> Iterator[None]:
        before, self._path_is_left_alone = self._path_is_left_alone, True
        try:
            yield
        finally:
            self._path_is_left_alone = before

    # Transactions

    def _savepoint(self, sid: str) -> None:
        with self._leaving_path_alone():
            super()._savepoint(sid)

    def _savepoint_rollback(self, sid: str) -> None:
        with self._leaving_path_alone():
            super()._savepoint_rollback(sid)

    def _savepoint_commit(self, sid: str) -> None:
        with self._leaving_path_alone():
            super()._savepoint_commit(sid)

    def _rollback(self) -> None:
        super()._rollback()
        self.forget_path()

    def on_commit(self, func: Callable[[], object], robust: bool = False) -> None:
        """Register a function, to run in the schema that is active now.

        And in the database, where a router chooses one: that has a method `carry`.
        """
        if callable(func):
            func = carry(func)
            for each in router.routers:
                func = each.carry(func) if hasattr(each, "carry") else func
        super().on_commit(func, robust)

    # Cursors

    def make_cursor(self, cursor: Any) -> CursorWrapper:
        return CursorWrapper(cursor, self)

    def make_debug_cursor(self, cursor: Any) -> CursorDebugWrapper:
        return CursorDebugWrapper(cursor, self)

    def discard_prepared_statements(self) -> None:
        """Forget the plans of a half migrated fleet, so that an error is not repeated.

        "cached plan must not change result type" would come back for as long as the
        statement stays prepared. In a transaction the rollback does it.
        """
        connection = self.connection
        if connection.prepare_threshold is not None and (
            connection.info.transaction_status == TransactionStatus.IDLE
        ):
            with self.wrap_database_errors:
                connection.execute("DEALLOCATE ALL")
