"""Migration operations that say where they run: in every schema, or once in ``public``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db.migrations import Migration, RunSQL
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState

from boardinghouse import clone
from boardinghouse.batches import CHECK
from boardinghouse.course import Course
from boardinghouse.exceptions import AmbiguousOperation
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import working_in
from boardinghouse.sharing import is_shared_label

#: What Django asks an operation; the last four are what `migrate --plan` shows.
COPIED = (
    *("reduces_to_sql", "reversible", "elidable", "category"),
    *("code", "reverse_code", "sql", "reverse_sql"),
)


class Wrapper(Operation):
    """An operation around another one, whose effect on the state is the other one's."""

    # In a migration that is not atomic, we see to the transactions: one for each schema.
    atomic = False

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        for name in COPIED:
            if hasattr(operation, name):
                setattr(self, name, getattr(operation, name))

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (type(self).__qualname__, [self.operation], {})

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        self.operation.state_forwards(app_label, state)

    def references_model(self, name: str, app_label: str) -> bool:
        return self.operation.references_model(name, app_label)

    def references_field(self, model_name: str, name: str, app_label: str) -> bool:
        return self.operation.references_field(model_name, name, app_label)

    def describe(self) -> str:
        return self.operation.describe()

    @property
    def migration_name_fragment(self) -> Any:
        return self.operation.migration_name_fragment

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._run(
            schema_editor,
            lambda: self.operation.database_forwards(
                app_label, schema_editor, from_state, to_state
            ),
        )

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._run(
            schema_editor,
            lambda: self.operation.database_backwards(
                app_label, schema_editor, from_state, to_state
            ),
        )

    def _run(self, schema_editor: Any, action: Callable[[], None]) -> None:
        raise NotImplementedError


class PerSchema(Wrapper):
    """Run an operation in the template and then in every schema, with that schema active.

    For ``RunPython`` and ``RunSQL`` on private models, and for operations of other packages.
    New schemata are copies of the template, so what the operation did there, they have.
    """

    def _run(self, schema_editor: Any, action: Callable[[], None]) -> None:
        if schema_editor.collect_sql:
            action()
        elif isinstance(self.operation, RunSQL):
            with schema_editor.in_template():
                action()
                if schema_editor.connection.in_atomic_block:
                    for statement in CHECK:
                        schema_editor.execute(statement, None)
            refuse_extensions(schema_editor)
        else:
            schema_editor.ensure_template()
            schema_editor.recorder.run_everywhere(
                self.operation.describe(),
                lambda name: run_in_each(schema_editor, name, action),
                atomic=bool(self.operation.atomic),
            )

    def describe(self) -> str:
        return f"{super().describe()}, in every schema"


class Shared(Wrapper):
    """Run an operation once, in ``public``, with no schema active.

    For ``RunPython`` and ``RunSQL`` on shared models.
    """

    def _run(self, schema_editor: Any, action: Callable[[], None]) -> None:
        if schema_editor.collect_sql:
            action()
            return
        schema_editor.recorder.run_once(
            self.operation.describe(),
            lambda: run_in(schema_editor, None, action),
            atomic=bool(self.operation.atomic),
        )


class Checkpoint(Operation):
    """Stands before, between and after a migration's operations: so many of them are done.

    After the last one, what was put off to the end is done too, so that Django records the
    migration in the transaction that did it.
    """

    reversible = True
    reduces_to_sql = True
    atomic = False

    def __init__(self, migration: Migration, position: int, operations: list[str]) -> None:
        self.migration, self.position, self.operations = migration, position, operations

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        pass

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._reach(schema_editor, self.position, self.operations, backwards=False)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        done = len(self.operations) - self.position
        self._reach(schema_editor, done, self.operations[::-1], backwards=True)

    def _reach(self, editor: Any, done: int, operations: list[str], *, backwards: bool) -> None:
        if editor.collect_sql:
            return
        if done == 0:
            editor.recorder.begin(Course(self.migration, backwards, operations))
        editor.recorder.reach(done)
        if done == len(operations):
            editor.finish()


class ByApp(Wrapper):
    """What a plain ``RunPython`` or ``RunSQL`` becomes: its app's models say where it runs.

    All private: in every schema; all shared, or none at all: once. Else AmbiguousOperation.
    """

    def __init__(self, operation: Operation, migration: str) -> None:
        super().__init__(operation)
        self.migration = migration

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        chosen = self.choose(app_label, from_state, to_state)
        chosen.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        chosen = self.choose(app_label, from_state, to_state)
        chosen.database_backwards(app_label, schema_editor, from_state, to_state)

    def choose(self, app_label: str, *states: ProjectState) -> Wrapper:
        models = {
            f"{app_label}.{state.name}": is_shared_state(state, project)
            for project in states
            for (label, _name), state in project.models.items()
            if label == app_label and has_table(state)
        }
        shared = sorted(name for name, is_shared in models.items() if is_shared)
        private = sorted(name for name, is_shared in models.items() if not is_shared)
        if shared and private:
            kind = type(self.operation).__name__
            raise AmbiguousOperation(
                f"{self.migration}: this {kind} does not say where it runs, and the app has "
                f"shared models ({', '.join(shared)}) and private ones ({', '.join(private)}). "
                f"Write boardinghouse.operations.PerSchema({kind}(...)) to run it in every "
                f"schema, or boardinghouse.operations.Shared({kind}(...)) to run it once."
            )
        return PerSchema(self.operation) if private else Shared(self.operation)


def is_shared_state(state: ModelState, project: ProjectState) -> bool:
    """Tell whether a migration's model state is shared; a child follows its concrete parent."""
    for base in state.bases:
        if isinstance(base, str):
            parent = project.models.get(tuple(base.lower().split(".")))
            if parent is not None:
                return is_shared_state(parent, project)
    return is_shared_label(f"{state.app_label}.{state.name}", tuple(state.bases))


def has_table(state: ModelState) -> bool:
    """Tell whether a migration's model state has a table of its own that Django manages."""
    options = state.options
    return not options.get("proxy") and options.get("managed", True) and not _is_swapped(state)


def _is_swapped(state: ModelState) -> bool:
    setting = str(state.options.get("swappable", ""))
    label = f"{state.app_label}.{state.name}".lower()
    return str(getattr(settings, setting, label)).lower() != label


def run_in(schema_editor: Any, name: str | None, action: Callable[[], None]) -> None:
    """Run an action in one schema, and the checks of its foreign keys that it put off.

    PostgreSQL refuses to alter a table while such checks are pending.
    """
    with schema_editor.placed_in(name):
        action()
        if schema_editor.connection.in_atomic_block:
            schema_editor.connection.check_constraints()


def run_in_each(schema_editor: Any, name: str, action: Callable[[], None]) -> None:
    """Run an action in one schema of all, and see what it made in the template, the first."""
    run_in(schema_editor, name, action)
    if name == TEMPLATE:
        refuse_extensions(schema_editor)


def refuse_extensions(schema_editor: Any) -> None:
    """Raise UncopiableObject if the template has got an extension: it could not be cloned."""
    with working_in(TEMPLATE):
        clone.refuse_extensions(schema_editor.connection, TEMPLATE)
