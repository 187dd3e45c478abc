"""Cache keys that say in which schema they were made.

For ``CACHES[...]["KEY_FUNCTION"]`` and, where the cache has it, ``"REVERSE_KEY_FUNCTION"``.
Not for the cache of sessions: a switch would lose the session.
"""

from __future__ import annotations

from boardinghouse.schema import get_active_schema_name

SEPARATOR = ":"
ESCAPES = str.maketrans({"%": "%25", SEPARATOR: "%3A"})


def make_key(key: str, key_prefix: str, version: int) -> str:
    """Return the key under which the active schema, or none, keeps a key. No round trip.

    No two schemata, prefixes, versions or keys share one: what stands before the key is
    escaped, and the key itself is last and left as it is.
    """
    schema = get_active_schema_name() or ""
    parts = (schema, key_prefix, version)
    return SEPARATOR.join([*(str(part).translate(ESCAPES) for part in parts), str(key)])


def reverse_key(full_key: str) -> str:
    """Return the key that `make_key` was given."""
    return full_key.split(SEPARATOR, 3)[3]
