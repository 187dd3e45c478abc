"""Which schemata a connection has seen, because PostgreSQL keeps what it learns of each.

A server process caches the description of every table that it has touched, and gives none of it
back: about half a megabyte for a schema of 25 tables. What ends it is the end of the connection.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from boardinghouse.conf import conf

#: By psycopg's connection, not by Django's wrapper: a pool hands one to many wrappers.
_seen: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


def note_schema(connection: Any, name: str | None) -> None:
    """Note that a connection was pointed at a schema."""
    if name is not None:
        _seen.setdefault(connection, set()).add(name)


def count_schemata(connection: Any) -> int:
    """Return how many schemata a connection was pointed at."""
    return len(_seen.get(connection, ()))


def has_seen_enough(connection: Any) -> bool:
    """Tell whether a connection has seen more schemata than one may (0: there is no limit)."""
    limit = conf.MAX_SCHEMATA_PER_CONNECTION
    return bool(limit) and count_schemata(connection) >= limit
