"""The schema editor: each statement runs once where its table lives, and private ones are
recorded, to be replayed in every schema.

A statement belongs to a table, and the table says which; see `tables`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import TracebackType
from typing import Any

from django.apps import apps as global_apps
from django.apps.registry import Apps
from django.db.models import Model

from boardinghouse import citus, ddl, fleet
from boardinghouse.backends.postgres.parent import ParentEditor
from boardinghouse.backends.postgres.recorder import Recorder
from boardinghouse.backends.postgres.tables import table_of, templates_of
from boardinghouse.conf import conf
from boardinghouse.exceptions import AdoptionRequired, ForeignTransaction
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import working_in
from boardinghouse.sharing import (
    find_model,
    is_private_join,
    is_shared_key,
    is_shared_model,
    private_tables,
)
from boardinghouse.statements import find_control, keeps_path

ACTIONS = (
    "alter_db_table_comment",
    "alter_db_tablespace",
    "alter_unique_together",
    "alter_index_together",
    "add_index",
    "remove_index",
    "rename_index",
    "add_constraint",
    "remove_constraint",
    "remove_field",
    "alter_field",
)


def learning(action: Callable[..., Any]) -> Callable[..., Any]:
    """Return an editor's action that first learns which state its model is from."""

    @wraps(action)
    def learned(self: DatabaseSchemaEditor, model: type[Model], *args: Any, **kwargs: Any) -> Any:
        self.learn(model)
        return action(self, model, *args, **kwargs)

    return learned


class DatabaseSchemaEditor(ParentEditor):
    """Django's editor; see the module.

    What was recorded is replayed before any other statement runs anywhere but in the template
    (the connection sees to that), and when the editor is done. So a migration is a list of
    segments, in the same order in every schema.
    """

    connection: Any

    locals().update(templates_of(ParentEditor))
    locals().update({name: learning(getattr(ParentEditor, name)) for name in ACTIONS})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.recorder = Recorder(self)
        self._apps: Apps = global_apps
        self._models: dict[str, type[Model] | None] = {}
        self._quoted: set[str] = set()
        self._place: str | None = None
        self._is_placed = False
        self._is_all_private = False
        self._template_is_there = False

    def __enter__(self) -> DatabaseSchemaEditor:
        self.recorder.is_nested = self.connection.in_atomic_block
        super().__enter__()
        self._outer = outer = self.connection.recorder
        if outer is not None:
            self._place, self._is_placed = outer._place, outer._is_placed
        if not self.collect_sql:
            self.connection.recorder = self
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if exc_type is None:
                self.finish()
                self.recorder.end()
        except BaseException as error:
            self.connection.recorder = self._outer
            super().__exit__(type(error), error, error.__traceback__)
            raise
        self.connection.recorder = self._outer
        super().__exit__(exc_type, exc_value, traceback)

    def finish(self) -> None:
        """Run what was put off to the end of the migration, and replay what was recorded."""
        deferred, self.deferred_sql = self.deferred_sql, []
        for sql in deferred:
            self.execute(sql, None)
        self.flush()

    # Where a statement runs

    def execute(self, sql: Any, params: Any = ()) -> None:
        """Run a statement in the template if its table is private, else in ``public``."""
        statement = sql if isinstance(sql, str) else str(sql)
        if not statement:
            return  # of a constraint that is left out
        self._refuse_control(statement)
        if self._is_placed:
            with working_in(self._place):
                super().execute(statement, params)
        elif self.collect_sql:
            super().execute(statement, params)
        elif not self.recorder.is_skipping:
            table = table_of(sql) or table_of(statement) or self._find_named(statement)
            if params is not None:
                statement = self.connection.ops.compose_sql(statement, params)
            self._execute_in(None if self._is_shared(table) else TEMPLATE, statement, table)

    def _refuse_control(self, statement: str) -> None:
        """Raise ForeignTransaction for SQL that would end ours; Shared may have none of ours."""
        is_free = self._is_placed and not self.connection.in_atomic_block
        if not self.collect_sql and not is_free and (word := find_control(statement)):
            raise ForeignTransaction(word, statement)

    def _execute_in(self, place: str | None, statement: str, table: str | None) -> None:
        if place is not None:
            self.ensure_template()
            citus.keep_reference_tables(self.connection, statement)
        if not self.recorder.recalls("execute", place or "public", statement):
            execute = super().execute

            def run() -> None:
                execute(statement, None)
                if not keeps_path(statement):
                    self.connection.forget_path()

            self.recorder.execute(statement, place, run)
        if place is not None and table is not None:
            self._note_join(table)

    def quote_name(self, name: str) -> str:
        self._quoted.add(name)
        return super().quote_name(name)

    def _find_named(self, statement: str) -> str | None:
        """Return the table that a statement is about: the first in it that was quoted for it.

        ``ValidateConstraint`` and operations of other packages write their SQL by themselves;
        some of the editor's own name only a sequence.
        """
        places = {
            statement.find(self.connection.ops.quote_name(name)): name for name in self._quoted
        }
        for place, name in sorted(places.items()):
            if place >= 0 and self._is_table(name):
                return name
        return None

    @contextmanager
    def placed_in(self, name: str | None) -> Iterator[None]:
        """Run all of a block's statements in one schema (None: ``public``), recording none.

        Those too that it puts off: at the end of the migration nobody knows where they belong.
        """
        before = self._place, self._is_placed
        self._place, self._is_placed = name, True
        already = list(self.deferred_sql)
        try:
            with working_in(name):
                yield
                self._run_deferred_since(already)
        finally:
            self._place, self._is_placed = before

    def _run_deferred_since(self, already: list[Any]) -> None:
        known = set(map(id, already))
        put_off = [sql for sql in self.deferred_sql if id(sql) not in known]
        self.deferred_sql = [sql for sql in self.deferred_sql if id(sql) in known]
        for sql in put_off:
            self.execute(sql, None)

    @contextmanager
    def in_template(self) -> Iterator[None]:
        """Run a block's statements in the template, whatever they are about, and record them."""
        self._is_all_private = True
        try:
            yield
        finally:
            self._is_all_private = False

    def flush(self) -> None:
        """Replay in every schema what was recorded."""
        self.recorder.flush()

    # The template

    def ensure_template(self) -> None:
        """Create the template at the first private statement there ever was."""
        if not self._has_template():
            with working_in(None):
                self._refuse_unadopted()
                ddl.create_template(self.connection)
            self._template_is_there = True

    def _has_template(self) -> bool:
        if not self._template_is_there:
            with working_in(None):
                self._template_is_there = ddl.schema_exists(self.connection, TEMPLATE)
        return self._template_is_there

    def _refuse_unadopted(self) -> None:
        with self.connection.cursor() as cursor:
            present = set(self.connection.introspection.table_names(cursor))
        left = sorted(present & set(private_tables()))
        if left:
            raise AdoptionRequired(
                f"Private tables are still in public: {', '.join(left)}. Move them into a first "
                "schema before other migrations of theirs run: `manage.py migrate boardinghouse`, "
                "then `manage.py adopt_public NAME`, then `manage.py migrate`."
            )

    # Constraints to shared tables, which a fleet may do without

    def add_field(self, model: type[Model], field: Any) -> None:
        self.learn(model)
        if not self._is_left_out(model, field):
            super().add_field(model, field)
            return
        # Without its template Django puts the constraint off, and then there is none to add.
        self.sql_create_column_inline_fk = None  # type: ignore[assignment]
        try:
            super().add_field(model, field)
        finally:
            del self.sql_create_column_inline_fk

    def make_foreign_key(self, field: Any) -> str:
        """Return the statement that adds a field's constraint, as creating its model would."""
        return str(super()._create_fk_sql(field.model, field, "_fk_%(to_table)s_%(to_column)s"))  # type: ignore[misc]

    def _create_fk_sql(self, model: type[Model], field: Any, suffix: str) -> Any:
        if self._is_left_out(model, field):
            return ""
        return super()._create_fk_sql(model, field, suffix)  # type: ignore[misc]

    @staticmethod
    def _is_left_out(model: type[Model], field: Any) -> bool:
        return not conf.SHARED_CONSTRAINTS and is_shared_key(model, field)

    # Introspection: the template's path shows private and shared tables alike

    def _constraint_names(self, model: Any, *args: Any, **kwargs: Any) -> list[str]:
        if self.recorder.is_skipping:
            return ["of an operation that is done"]  # Django's editor expects to find one
        find = super()._constraint_names  # type: ignore[misc]  # the stubs lack it, and the next

        def ask() -> Any:
            with self._looking():
                return find(model, *args, **kwargs)

        question = f"constraints of {model._meta.db_table}: {args} {sorted(kwargs.items())}"
        return list(self._answer(question, ask))

    def _get_sequence_name(self, table: str, column: str) -> str | None:
        find = super()._get_sequence_name  # type: ignore[misc]

        def ask() -> Any:
            with self._looking():
                return find(table, column)

        found = self._answer(f"sequence of {table}.{column}", ask)
        return None if found is None else str(found)

    def _answer(self, question: str, ask: Callable[[], Any]) -> Any:
        """Return what the catalog says; of a block with a place of its own nothing is journaled."""
        return ask() if self._is_placed else self.recorder.answer(question, ask)

    def _looking(self) -> working_in:
        if self._is_placed:
            return working_in(self._place)
        return working_in(TEMPLATE if self._has_template() else None)

    # Which table is whose

    def learn(self, model: type[Model]) -> None:
        """Note the state whose models the following statements are about."""
        self._apps = model._meta.apps
        self._models[model._meta.db_table] = model

    def alter_db_table(self, model: type[Model], old_db_table: str, new_db_table: str) -> None:
        self.learn(model)
        self._models[old_db_table] = model
        super().alter_db_table(model, old_db_table, new_db_table)
        self._note_join(new_db_table)

    def create_model(self, model: type[Model]) -> None:
        self.learn(model)
        if is_shared_model(model):
            self.recorder.new_tables.add(model._meta.db_table)
        super().create_model(model)

    def delete_model(self, model: type[Model]) -> None:
        self.learn(model)
        if model._meta.label_lower == conf.SCHEMA_MODEL.lower() and not self.collect_sql:
            fleet.disband(self.connection)
        super().delete_model(model)

    def _is_shared(self, table: str | None) -> bool:
        if self._is_all_private or table is None:
            return not self._is_all_private
        model = self._model_of(table)
        if model is None:
            return not self._is_in_template(table)
        return is_shared_model(model)

    def _is_table(self, name: str) -> bool:
        return self._model_of(name) is not None or self._is_in_template(name)

    def _is_in_template(self, table: str) -> bool:
        def ask() -> bool:
            with self._looking():
                return ddl.table_exists(self.connection, TEMPLATE, table)

        return bool(self.recorder.answer(f"table {table}", ask))

    def _note_join(self, table: str) -> None:
        model = self._model_of(table)
        if model is not None and is_private_join(model):
            self.recorder.stale_views.add(table)

    def _model_of(self, table: str) -> type[Model] | None:
        if table not in self._models:
            self._models[table] = find_model(table, self._apps) or find_model(table, global_apps)
        return self._models[table]
