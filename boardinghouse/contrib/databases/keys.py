"""Cache keys and paths that say for which database they were made.

Two customers may have a schema of the same name, and sessions of the same key.
"""

from __future__ import annotations

from typing import Any

from boardinghouse.contrib import cache
from boardinghouse.contrib.databases.active import get_active_database
from boardinghouse.exceptions import NoActiveDatabase

#: Stands where a schema's name would, and can be none.
ALL_SCHEMATA = "-"


def make_key(key: str, key_prefix: str, version: int) -> str:
    """Return the key under which the active schema of the active database keeps a key.

    No round trip. See `boardinghouse.contrib.cache.make_key`.
    """
    return _of_database(cache.make_key(key, key_prefix, version))


def make_shared_key(key: str, key_prefix: str, version: int) -> str:
    """Return the key that all schemata of the active database have in common: of a session."""
    parts = (str(part).translate(cache.ESCAPES) for part in (key_prefix, version))
    return _of_database(cache.SEPARATOR.join([ALL_SCHEMATA, *parts, str(key)]))


def reverse_key(full_key: str) -> str:
    """Return the key that `make_key` or `make_shared_key` was given."""
    return full_key.split(cache.SEPARATOR, 4)[4]


def _of_database(key: str) -> str:
    alias = (get_active_database() or "").translate(cache.ESCAPES)
    return f"{alias}{cache.SEPARATOR}{key}"


def pathname(schema: Any) -> str:
    """Return where a schema's files are kept: ``client1.greenfield``.

    For ``BOARDINGHOUSE_PATHNAME_FUNCTION``. Raises NoActiveDatabase.
    """
    alias = get_active_database()
    if alias is None:
        raise NoActiveDatabase
    return f"{alias}.{schema.schema}"
