"""Schemata that the running code's migrations have not reached: who comes is asked to wait."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import psycopg
from django.apps import apps
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from boardinghouse import journal
from boardinghouse.exceptions import SchemaBehind
from boardinghouse.schema import get_active_schema_name, get_schema_model, working_in

MISSING = psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn


def refuse_behind(connection: Any, name: str) -> None:
    """Raise SchemaBehind if a schema has yet to do a migration that the running code has.

    Code from before the migration goes on working, as it does in schemata that are done.
    """
    with working_in(name):  # which is where the path is
        if any(is_on_disk(*migration) for migration in journal.behind(connection, name)):
            raise SchemaBehind


def is_on_disk(app: str, name: str) -> bool:
    """Tell whether the running code has a migration. It is not imported."""
    if not any(config.label == app for config in apps.get_app_configs()):
        return False
    package, _is_set = MigrationLoader.migrations_module(app)
    return package is not None and find_spec(f"{package}.{name}") is not None


def is_from_schema_behind(exception: Exception) -> bool:
    """Tell whether an error came of a migration that the active schema has not reached.

    Asked for a table or column that is missing, and only then is it looked for migrations
    that the running code has and the database has not.
    """
    name = get_active_schema_name()
    is_missing = isinstance(exception, DatabaseError) and isinstance(exception.__cause__, MISSING)
    if name is None or not is_missing:
        return False
    connection: Any = connections[get_schema_model()._default_manager.db]
    if connection.is_aborted():
        return False
    with working_in(None):
        if any(is_on_disk(*migration) for migration in journal.behind(connection, name)):
            return True
        executor = MigrationExecutor(connection)
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
