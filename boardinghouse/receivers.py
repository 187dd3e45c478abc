"""What we do when Django sends news; `connect_all` is the list."""

from __future__ import annotations

from copy import copy
from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.signals import request_finished, request_started, setting_changed
from django.db import connections, transaction
from django.db.migrations import Migration, RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.models.signals import post_save, pre_migrate

from boardinghouse import ddl, names, sharing, spares
from boardinghouse.operations import ByApp, Checkpoint, Wrapper
from boardinghouse.schema import (
    abandon_requests,
    begin_request,
    end_request,
    get_schema_model,
    revoke_request,
)
from boardinghouse.signals import schema_created
from boardinghouse.switching import forget_schema


def connect_all(config: AppConfig) -> None:
    request_started.connect(start_from_nothing)
    request_finished.connect(leave_schema)
    user_logged_in.connect(drop_schema_of_session)
    user_logged_out.connect(drop_schema_of_session)
    post_save.connect(create_schema_of_raw_row, sender=get_schema_model())
    pre_migrate.connect(say_where_operations_run, sender=config)
    setting_changed.connect(forget_private_tables)


def start_from_nothing(sender: Any = None, **kwargs: Any) -> None:
    """Begin a request with nothing active, whatever a thread's last one left behind.

    Only a test begins one request within another; a server's thread has one at a time.
    """
    if not is_test_client(sender):
        abandon_requests()
    begin_request()


def is_test_client(sender: Any) -> bool:
    return str(getattr(sender, "__module__", "")).startswith("django.test")


def leave_schema(**kwargs: Any) -> None:
    """End a request: nothing active, and every open connection back on ``public``."""
    end_request()
    for connection in connections.all(initialized_only=True):
        if hasattr(connection, "reset_path"):
            connection.reset_path()


def drop_schema_of_session(request: Any, **kwargs: Any) -> None:
    """Carry no schema over to another user of the same browser."""
    if request is not None and hasattr(request, "session"):
        forget_schema(request)
    revoke_request()


def create_schema_of_raw_row(
    instance: Any, created: bool, raw: bool, using: str, **kwargs: Any
) -> None:
    """Create the PostgreSQL schema of a row that a fixture brought, unless it is there."""
    connection: Any = connections[using]
    if raw and created and not ddl.schema_exists(connection, instance.schema):
        with transaction.atomic(using=using):
            spares.create_schemata(connection, [instance.schema])
        schema_created.send(sender=type(instance), schema=instance.schema, using=using)


def say_where_operations_run(using: str, plan: Any = None, **kwargs: Any) -> None:
    """Rewrite planned operations that do not say where they run; see `operations.ByApp`."""
    if not hasattr(connections[using], "apply_schema"):
        return  # a database without schemata of ours
    for migration, _backwards in plan or ():
        migration.operations = with_checkpoints(migration)


def with_checkpoints(migration: Migration) -> list[Operation]:
    """Return a migration's operations, rewritten, and checkpoints all around them."""
    operations = [rewrite(each, str(migration)) for each in migration.operations]
    descriptions = [each.describe() for each in operations]
    found: list[Operation] = [Checkpoint(migration, 0, descriptions)]
    for position, operation in enumerate(operations, start=1):
        found += [operation, Checkpoint(migration, position, descriptions)]
    return found


def rewrite(operation: Operation, migration: str) -> Operation:
    """Return the operation, wrapped unless it goes through the editor or says where it runs."""
    if isinstance(operation, Wrapper) or is_of_contrib(operation):
        return operation
    if isinstance(operation, RunPython | RunSQL) or not is_run_by_django(operation):
        return ByApp(operation, migration)
    if isinstance(operation, SeparateDatabaseAndState):
        operation = copy(operation)
        operation.database_operations = [
            rewrite(each, migration) for each in operation.database_operations
        ]
    return operation


def is_run_by_django(operation: Operation) -> bool:
    """Tell whether Django's own code runs an operation, which then goes through the editor."""
    return type(operation).database_forwards.__module__.startswith("django.")


def is_of_contrib(operation: Operation) -> bool:
    """Tell whether it is what contenttypes or auth put after a RenameModel, on shared rows."""
    return type(operation).__module__.startswith("django.contrib.") and isinstance(
        operation, RunPython
    )


def forget_private_tables(setting: str, **kwargs: Any) -> None:
    """Decide anew which tables are private when a test changes a setting."""
    if setting.startswith("BOARDINGHOUSE_") or setting in ("INSTALLED_APPS", "AUTH_USER_MODEL"):
        sharing.private_tables.cache_clear()
        names.compose_path.cache_clear()
