"""Bringing a schema that was dumped at an earlier point of its history up to date."""

from __future__ import annotations

from copy import copy
from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.core.management.base import CommandError
from django.db.migrations import AddIndex, RemoveIndex, SeparateDatabaseAndState
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.recorder import MigrationRecorder

from boardinghouse import journal
from boardinghouse.backends.postgres.parent import ParentEditor
from boardinghouse.operations import ByApp, PerSchema, Shared, Wrapper
from boardinghouse.receivers import rewrite
from boardinghouse.schema import working_in
from boardinghouse.sharing import is_shared_model

Keys = list[tuple[str, str]]


class InOneSchema(Wrapper):
    """Run an operation's private part in the schema that is active, and nothing else of it."""

    def __init__(self, operation: Operation, migration: str) -> None:
        super().__init__(operation)
        self.migration = migration

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        inner = self.inner(app_label, from_state, to_state)
        if inner is not None:
            inner.database_forwards(app_label, schema_editor, from_state, to_state)
            # PostgreSQL alters no table on which checks are still pending.
            schema_editor.connection.check_constraints()

    def inner(self, app_label: str, *states: Any) -> Operation | None:
        """Return what is to be run; None for what ran once, in ``public``."""
        operation: Any = rewrite(without_concurrency(self.operation), self.migration)
        if isinstance(operation, ByApp):
            operation = operation.choose(app_label, *states)
        if isinstance(operation, Shared):
            return None
        if isinstance(operation, PerSchema):
            return operation.operation
        operation = copy(operation)
        if isinstance(operation, SeparateDatabaseAndState):
            operation.database_operations = [
                InOneSchema(each, self.migration) for each in operation.database_operations
            ]
        else:
            operation.allow_migrate_model = is_private
        return operation  # type: ignore[no-any-return]


def without_concurrency(operation: Operation) -> Operation:
    """Return what does the same in a transaction, in a schema that nobody is using yet."""
    if isinstance(operation, AddIndexConcurrently):
        return AddIndex(operation.model_name, operation.index)
    if isinstance(operation, RemoveIndexConcurrently):
        return RemoveIndex(operation.model_name, operation.name)
    return operation


def is_private(using: str, model: Any) -> bool:
    """Stands in the place of an operation's ``allow_migrate_model``."""
    return bool(model._meta.can_migrate(using)) and not is_shared_model(model)


def refuse_unfinished(connection: Any) -> None:
    """Raise CommandError while some schemata have done a migration that is not recorded yet."""
    if journal.is_there(connection):
        raise CommandError(
            "A migration is unfinished. Type `manage.py migrate` first, then this again."
        )


def find_missing(connection: Any, dumped: Any) -> tuple[Keys, Keys]:
    """Return the migrations that the database lacks and those that the dump lacks."""
    squashed = MigrationLoader(connection).replacements
    here = with_squashed(set(MigrationRecorder(connection).applied_migrations()), squashed)
    there = with_squashed(set(map(tuple, dumped)), squashed)
    return sorted(there - here), sorted(here - there)


def with_squashed(keys: set[Any], squashed: Any) -> set[Any]:
    """Return the migrations, with those that stand for some of them, and those they stand for."""
    for key, migration in squashed.items():
        replaced = set(migration.replaces)
        if key in keys or replaced <= keys:
            keys = keys | replaced | {key}
    return keys


def refuse_later(missing: Keys) -> None:
    """Raise CommandError for a dump that is further on than the database."""
    if missing:
        named = ", ".join(f"{app}.{name}" for app, name in missing)
        raise CommandError(
            f"The dump is later than this database, which lacks these migrations: {named}. Type "
            "`manage.py migrate`, with the code that has them, and load it again. Nothing was "
            "loaded."
        )


def bring_up_to_date(connection: Any, schema: str, missing: Keys) -> None:
    """Apply migrations in one schema: what they do to private tables, and to their rows."""
    if not missing:
        return
    executor: Any = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    state = executor._create_project_state(with_applied_migrations=False)
    wanted = set(missing)
    for migration, _backwards in plan:
        key = (migration.app_label, migration.name)
        if key not in wanted:
            state = migration.mutate_state(state, preserve=False)
            continue
        wanted.remove(key)
        here: Any = copy(migration)
        here.operations = [InOneSchema(each, str(migration)) for each in migration.operations]
        with working_in(schema), ParentEditor(connection, atomic=False) as editor:
            state = here.apply(state, editor)
    if wanted:
        named = ", ".join(f"{app}.{name}" for app, name in sorted(wanted))
        raise CommandError(
            f"The dump is older than this database, and these migrations, which it needs, are no "
            f"longer in the code: {named}. Load it into a database of its own with the code of its "
            "time, type `manage.py migrate` there with code that has them, and dump it again."
        )
