"""SQL compilers that refuse private models while no schema is active, and stamp their rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from django.db.models import Model
from django.db.models.sql.query import RawQuery

from boardinghouse import stamps
from boardinghouse.backends.postgres.parent import parent_compiler
from boardinghouse.exceptions import NoActiveSchema
from boardinghouse.schema import get_active_schema_name
from boardinghouse.sharing import is_private_join, is_shared_model, private_tables

if TYPE_CHECKING:
    from django.db.models.sql.compiler import SQLCompiler as Base
else:
    Base = object


class SchemaRequired(Base):
    """Raise NoActiveSchema, naming the model, for a query that needs a schema and has none."""

    joined: tuple[type[Model], ...] = ()

    def get_from_clause(self) -> Any:
        """Note what is joined: a join for ORDER BY is in the query only while it is compiled."""
        if get_active_schema_name() is None:
            self.joined = tuple(private_models_in(self.query))
        return super().get_from_clause()

    def as_sql(self, *args: Any, **kwargs: Any) -> Any:
        result = super().as_sql(*args, **kwargs)
        if get_active_schema_name() is None:
            for model in (*self.joined, *private_models_in(self.query)):
                self.refuse(model)
        return result

    def refuse(self, model: type[Model]) -> None:
        # A view in public stands for such a join: reading finds nothing.
        if not is_private_join(model):
            raise_no_active_schema(model)


class SQLCompiler(SchemaRequired, parent_compiler.SQLCompiler):
    """Hands rows over with the schema in which their statement ran, however late they are read."""

    ran_in: str | None = None

    def execute_sql(self, *args: Any, **kwargs: Any) -> Any:
        result = super().execute_sql(*args, **kwargs)
        self.ran_in = get_active_schema_name()
        return result

    def results_iter(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        rows: Iterator[Any] = super().results_iter(*args, **kwargs)
        # Only default columns become instances.
        if self.klass_info is None or not self.query.default_cols:
            return rows
        making = stamps.plan(self.klass_info, self.select)
        return rows if making is None else stamps.hand_over(rows, making, self.ran_in)

    def has_composite_fields(self, expressions: Any) -> bool:
        """For raw SQL, whose rows pass no other method of ours, ask to be given the rows."""
        if isinstance(self.query, RawQuery) and stamps.plan_raw(expressions):
            self.ran_in = get_active_schema_name()
            return True
        return bool(super().has_composite_fields(expressions))

    def composite_fields_to_tuples(self, found: Any, expressions: Any) -> Iterator[Any]:
        rows: Iterator[Any] = super().composite_fields_to_tuples(found, expressions)
        making = stamps.plan_raw(expressions) if isinstance(self.query, RawQuery) else None
        return rows if making is None else stamps.hand_over(rows, making, self.ran_in)


class SQLInsertCompiler(SchemaRequired, parent_compiler.SQLInsertCompiler):
    def execute_sql(self, *args: Any, **kwargs: Any) -> Any:
        result = super().execute_sql(*args, **kwargs)
        stamps.stamp_inserted(self.query.objs)
        return result

    def refuse(self, model: type[Model]) -> None:
        raise_no_active_schema(model)


class SQLDeleteCompiler(SchemaRequired, parent_compiler.SQLDeleteCompiler):
    pass


class SQLUpdateCompiler(SchemaRequired, parent_compiler.SQLUpdateCompiler):
    pass


class SQLAggregateCompiler(parent_compiler.SQLAggregateCompiler):
    """Needs no guard: the query inside is compiled, and guarded, by itself."""


def private_models_in(query: Any) -> Iterable[type[Model]]:
    """Yield the private models whose tables a compiled query reaches."""
    if query.model is not None and not is_shared_model(query.model):
        yield query.model
    private = private_tables()
    for alias, table in query.alias_map.items():
        if query.alias_refcount[alias] and table.table_name in private:
            yield private[table.table_name]


def raise_no_active_schema(model: type[Model]) -> None:
    raise NoActiveSchema(
        f"{model._meta.label} is private to each schema, and no schema is active. Choose one, "
        "or wrap the query in `with boardinghouse.schema.override(NAME):`."
    )
