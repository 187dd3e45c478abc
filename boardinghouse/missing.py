"""Telling from an exception that it came of a schema that was not there."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import DatabaseError, connections

from boardinghouse import ddl
from boardinghouse.exceptions import NoActiveSchema, SchemaNotFound
from boardinghouse.schema import get_active_schema_name, get_schema_model, working_in
from boardinghouse.sharing import private_tables

#: What the views that stand for private joins raise; see `sql/choose_a_schema.sql`.
CHOOSE_A_SCHEMA = "BH001"


def is_for_want_of_schema(exception: Exception) -> bool:
    """Tell whether an exception came of reaching a private table with no schema active."""
    if getattr(exception.__cause__, "sqlstate", None) == CHOOSE_A_SCHEMA:
        return True
    return isinstance(exception, NoActiveSchema) or (
        get_active_schema_name() is None and is_private_table_missing(exception)
    )


def is_from_vanished_schema(exception: Exception) -> bool:
    """Tell whether an exception came of the active schema being dropped in mid-request."""
    name = get_active_schema_name()
    if name is None:
        return False
    if isinstance(exception, SchemaNotFound):
        return exception.schema == name
    return is_private_table_missing(exception) and not is_schema_there(name)


def is_private_table_missing(exception: Exception) -> bool:
    """Tell whether PostgreSQL did not find a table, and it is a private one."""
    return (
        isinstance(exception, DatabaseError)
        and isinstance(exception.__cause__, psycopg.errors.UndefinedTable)
        and getattr(exception, "undefined_table", None) in private_tables()
    )


def is_schema_there(name: str) -> bool:
    """Ask PostgreSQL; in an aborted transaction nothing can be asked, and it is taken as there."""
    connection: Any = connections[get_schema_model()._default_manager.db]
    if connection.is_aborted():
        return True
    with working_in(None):
        return ddl.schema_exists(connection, name)
