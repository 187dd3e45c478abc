"""What the groups of a channel layer are called.

A name has at most 99 characters, of which few are allowed
(https://channels.readthedocs.io/en/stable/topics/channel_layers.html). So what it stands for
goes into it as a digest of 32: a schema's name of 63 and a digest always fit.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from django.db import router
from django.utils.crypto import salted_hmac

from boardinghouse.exceptions import NoActiveSchema
from boardinghouse.schema import get_active_schema_name, get_schema_model

DIGEST_SIZE = 32
SALT = "boardinghouse.contrib.channels"


def schema_group(*parts: Any) -> str:
    """Return the name of the active schema's group of this name: ``schema_group("room", 1)``.

    No two schemata share one, also of two databases, nor do two lists of parts; a part counts as
    ``str`` writes it, so that a number in an address and a primary key mean the same. Raises
    NoActiveSchema.
    """
    schema = get_active_schema_name()
    if schema is None:
        raise NoActiveSchema(
            f"No schema is active: whose group is {', '.join(map(repr, parts))}? Call "
            "schema_group() in a consumer, or within boardinghouse.schema.override(NAME)."
        )
    database = router.db_for_write(get_schema_model())
    digest = sha256(json.dumps([database, *map(str, parts)]).encode()).hexdigest()
    return f"{schema}.{digest[:DIGEST_SIZE]}"


# The sockets that must hear of a change. A hyphen is in no schema's name. Rows of two databases
# may have equal keys: the alias of the one that they are written to tells them apart.


def group_of_session(session_key: str) -> str:
    """Return the group of a session's sockets; the key cannot be read from it."""
    return _group("session", session_key)


def group_of_user(pk: Any, using: str) -> str:
    """Return the group of a user's sockets, in whichever session."""
    return _group("user", using, str(pk))


def group_of_schema(name: str, using: str) -> str:
    """Return the group of the sockets that are in a schema, whoever's they are."""
    return _group("schema", using, name)


def _group(kind: str, *parts: str) -> str:
    digest = salted_hmac(SALT, json.dumps(parts), algorithm="sha256").hexdigest()
    return f"boardinghouse-{kind}.{digest[:DIGEST_SIZE]}"
