"""Which database is active: one ContextVar for threads, tasks, views and consumers.

It holds an immutable chain of blocks and requests, innermost last. Leaving one takes out that
one, wherever it stands, so an exit that comes late changes nothing for anybody else.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, TypeVar

from django.db import connections

from boardinghouse import schema
from boardinghouse.exceptions import DatabaseNotFound

Function = TypeVar("Function", bound=Callable[..., Any])

NO_ENGINE = "django.db.backends.dummy"


class RequestDatabase:
    """The database of a request, from its start until its response has gone; None: of none."""

    def __init__(self, alias: str | None) -> None:
        self.alias = alias


class database:
    """Work on a database within a block or a function; on the one before it afterwards.

    A context manager, and a decorator of sync and async functions. It does no I/O. Where it
    changes the database, no schema is active inside until one is chosen there. Raises
    DatabaseNotFound for an alias that ``DATABASES`` does not have.
    """

    def __init__(self, alias: str) -> None:
        self.alias = known_alias(alias)
        self._no_schema: schema.override | None = None

    def __enter__(self) -> None:
        if self in _chain.get():
            raise RuntimeError("This block has been entered already; make another one.")
        if self.alias != get_active_database():
            self._no_schema = schema.override(None)
            self._no_schema.__enter__()
        _chain.set((*_chain.get(), self))

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _chain.set(tuple(each for each in _chain.get() if each is not self))
        if self._no_schema is not None:
            self._no_schema.__exit__(exc_type, exc_value, traceback)

    def __call__(self, function: Function) -> Function:
        return schema.within(lambda: database(self.alias), function, block="database")


_chain: ContextVar[tuple[RequestDatabase | database, ...]] = ContextVar(
    "boardinghouse_databases", default=()
)


def get_active_database() -> str | None:
    """Return the alias of the active database, or None."""
    chain = _chain.get()
    return chain[-1].alias if chain else None


def known_alias(alias: str) -> str:
    """Return an alias that ``DATABASES`` has, and not as an empty entry.

    Raises DatabaseNotFound, which names those there are.
    """
    known = [each for each in connections if connections.settings[each]["ENGINE"] != NO_ENGINE]
    if alias not in known:
        raise DatabaseNotFound(alias, known)
    return alias


def carry(function: Function) -> Function:
    """Return a callable that runs the function in the database and schema that are active now.

    For threads, executors and callbacks, which begin with nothing active. No round trip.
    """
    alias, carried = get_active_database(), schema.carry(function)
    return carried if alias is None else database(alias)(carried)


def begin_request(alias: str | None) -> None:
    """Make a database that of a request."""
    _chain.set((*_chain.get(), RequestDatabase(alias)))


def end_request() -> None:
    """Work again on what was worked on before the request began (in production: nothing)."""
    for last in _requests()[-1:]:
        _chain.set(_chain.get()[:last])


def abandon_requests() -> None:
    """Forget requests that this thread has begun and never ended."""
    for first in _requests()[:1]:
        _chain.set(_chain.get()[:first])


def _requests() -> list[int]:
    """Return where in the chain requests begin."""
    return [index for index, each in enumerate(_chain.get()) if isinstance(each, RequestDatabase)]
