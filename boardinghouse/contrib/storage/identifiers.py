"""What stands before the names of a schema's files."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import SuspiciousFileOperation
from django.db import router

from boardinghouse.conf import conf
from boardinghouse.exceptions import NoActiveSchema
from boardinghouse.names import is_own_name
from boardinghouse.schema import get_active_schema, get_active_schema_name, get_schema_model


def get_identifier() -> str:
    """Return the active schema's identifier. No query if it is the name.

    Schemata of our own have no object to ask, and data migrations run in them, too: theirs is the
    name.

    Raises NoActiveSchema, and SuspiciousFileOperation for one that is no folder's name.
    """
    name = get_active_schema_name()
    if name is None:
        raise NoActiveSchema(
            "No schema is active: whose file would that be? Choose a schema, or tell the storage "
            "where shared files go (shared_location)."
        )
    if is_own_name(name):
        return own_identifier(name)
    return require_folder(name) if is_name() else identifier_of(get_active_schema())


def own_identifier(name: str) -> str:
    """Return the identifier of a schema of our own; with a database per customer, each has one."""
    if not conf.DATABASE_HOSTS:
        return name
    return require_folder(f"{router.db_for_write(get_schema_model())}.{name}")


def is_name() -> bool:
    """Tell whether identifiers are simply the schemata's names."""
    return not hasattr(get_schema_model(), "schema_pathname") and conf.PATHNAME_FUNCTION is None


def identifier_of(schema: Any) -> str:
    """Return a schema object's identifier, which see `get_identifier`."""
    if hasattr(schema, "schema_pathname"):
        return require_folder(schema.schema_pathname())
    function = conf.PATHNAME_FUNCTION
    return require_folder(schema.schema if function is None else function(schema))


def require_folder(identifier: Any) -> str:
    """Return an identifier, if it is a plain name of one folder."""
    if (
        not isinstance(identifier, str)
        or identifier.strip() in ("", ".", "..")
        or any(each in identifier for each in "/\\\0")
    ):
        raise SuspiciousFileOperation(
            f"{identifier!r} cannot stand before the names of a schema's files: it must be the "
            "name of one folder, without a slash."
        )
    return identifier
