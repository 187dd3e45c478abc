"""The query itself: refuses what would read the active schema; splits where it must."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from django.db import connections
from django.db.models import Model
from django.db.models.sql import Query

from boardinghouse.backends.postgres.compiler import private_models_in
from boardinghouse.multi.compiler import MultiSchemaCompiler
from boardinghouse.multi.errors import (
    MultiSchemaError,
    refuse_combination,
    refuse_keys,
    refuse_relation,
)
from boardinghouse.multi.locks import FEW, Room, is_in_transaction, measure_room
from boardinghouse.multi.reach import refuse_inner
from boardinghouse.multi.tables import SchemaColumn, SchemaName, UnionTable, schema_attribute
from boardinghouse.sharing import is_shared_model


class MultiSchemaQuery(Query):
    """A query on one private model that reads its table in many schemata."""

    model: Any
    base_table_class = UnionTable

    #: Which schemata; None until somebody says.
    schemata: tuple[str, ...] | None = None

    #: It is known to fit the lock table.
    fits = False

    #: It is being wrapped to be filtered by a window function.
    is_qualified = False

    def read(self, schemata: tuple[str, ...]) -> None:
        """Say which schemata to read."""
        is_first = self.schemata is None
        self.schemata = schemata
        if is_first:
            super().add_annotation(SchemaName(), schema_attribute(self.model))

    def require_schemata(self) -> tuple[str, ...]:
        if self.schemata is None:
            raise MultiSchemaError(
                f"{self.model._meta.label}: say which schemata to read, with from_schemata() or "
                "for_user()."
            )
        return self.schemata

    def get_compiler(
        self, using: str | None = None, connection: Any = None, elide_empty: bool = True
    ) -> Any:
        connection = connections[using] if using else connection
        return MultiSchemaCompiler(self, connection, using, elide_empty)

    # What would read the active schema

    def chain(self, klass: Any = None) -> Any:
        if klass is not None:
            raise MultiSchemaError(f"{self.model._meta.label}: many schemata are only read.")
        return super().chain()

    def combine(self, rhs: Any, connector: str) -> None:
        if not isinstance(rhs, MultiSchemaQuery) or rhs.schemata != self.schemata:
            refuse_combination(self.model)
        super().combine(rhs, connector)

    def bump_prefix(self, other_query: Any, exclude: Any = None) -> None:
        # An ordinary query's combine() says what to exclude; a subquery excludes nothing.
        if exclude is not None and not isinstance(other_query, MultiSchemaQuery):
            refuse_combination(self.model)
        super().bump_prefix(other_query, exclude)

    def resolve_expression(self, query: Any = None, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(query, MultiSchemaQuery) and not is_shared_model(query.model):
            refuse_combination(query.model)
        return super().resolve_expression(query, *args, **kwargs)

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """Refuse to stand in a query that reads private tables too, of the active schema."""
        if not isinstance(compiler.query, MultiSchemaQuery):
            for model in private_models_in(compiler.query):
                refuse_combination(model)
        return super().as_sql(compiler, connection)

    def check_related_objects(self, field: Any, value: Any, opts: Any) -> None:
        """Refuse values that mean another row in each schema: instances, and keys of many."""
        keyed = model_of_key(field)
        if isinstance(value, MultiSchemaQuery) and keyed and not is_shared_model(keyed):
            refuse_keys(self.model, keyed)
        for each in instances_in(value):
            if not is_shared_model(each.__class__):
                refuse_relation(self.model, each.__class__)
        super().check_related_objects(field, value, opts)

    def add_annotation(self, annotation: Any, alias: str, select: bool = True) -> None:
        if self.schemata is not None and alias == schema_attribute(self.model):
            raise MultiSchemaError(
                f"{self.model._meta.label}: {alias!r} is the schema's name in a query over many "
                "schemata. Choose another name."
            )
        super().add_annotation(annotation, alias, select)

    # Counting

    def get_aggregation(self, using: Any, aggregate_exprs: Any) -> Any:
        self._refuse_private_aggregates(aggregate_exprs)
        return super().get_aggregation(using, aggregate_exprs)

    def _refuse_private_aggregates(self, aggregates: dict[str, Any]) -> None:
        """Refuse what might be compiled around this query, out of its compiler's sight."""
        tried: Any = self.clone()
        for alias, aggregate in aggregates.items():
            resolved = aggregate.resolve_expression(tried, allow_joins=True, summarize=True)
            tried.annotations[alias] = resolved
            tried.append_annotation_mask([alias])
            refuse_inner(self.model, resolved)

    def get_count(self, using: str) -> int:
        counts = (Query.get_count(part, using) for part in self._unordered_parts(using))
        return sum(counts) if self.high_mark is None else min(sum(counts), self.high_mark)

    def has_results(self, using: str) -> bool:
        return any(Query.has_results(part, using) for part in self._unordered_parts(using))

    # Parts

    def _unordered_parts(self, using: str) -> list[MultiSchemaQuery]:
        unordered: Any = self.clone()
        unordered.clear_ordering(force=True)
        parts: list[MultiSchemaQuery] = unordered.in_parts(connections[using])
        return parts

    def in_parts(self, connection: Any) -> list[MultiSchemaQuery]:
        """Return queries that fit the lock table and together say the same, one after another.

        Two round trips for more than a few schemata. Raises LockBudgetExceeded.
        """
        room = self.measure_excess(connection)
        if room is None:
            return [self._part(self.schemata)]
        if is_in_transaction(connection):
            self.refuse_size(room, "Outside atomic() it is read in several statements")
        obstacle = self.find_obstacle()
        if obstacle:
            self.refuse_size(room, f"It cannot be read in several statements: {obstacle}")
        names = self._names_in_order()
        return [
            self._part(names[start : start + room.schemata])
            for start in range(0, len(names), room.schemata)
        ]

    def measure_excess(self, connection: Any) -> Room | None:
        """Return how much room there is for the schemata if they exceed it."""
        schemata = self.schemata or ()
        if self.fits or len(schemata) <= FEW:
            return None
        room = measure_room(connection, self.get_meta().db_table)
        return room if len(schemata) > room.schemata else None

    def refuse_size(self, room: Room, advice: str) -> NoReturn:
        room.refuse(self.model._meta.label, len(self.require_schemata()), advice)

    def find_obstacle(self) -> str | None:
        """Say why rows of one part could not be told without those of another; None if they can."""
        if self.low_mark:
            return "its slice does not begin at the beginning. Take a slice from 0"
        if self.distinct and (self.distinct_fields or not self._shows_schema()):
            return "it is distinct without the schema. Select the schema too"
        if self.group_by is not None and not self._groups_by_schema():
            return "it groups without the schema. Group by the schema too"
        if any(getattr(each, "contains_over_clause", False) for each in self.annotations.values()):
            return "it has a window function. Leave that out"
        if self._ordering() and not self._is_by_schema(self._ordering()[0]):
            return "it is ordered. Order by the schema first, or not at all with order_by()"
        return None

    def _part(self, schemata: tuple[str, ...] | None) -> MultiSchemaQuery:
        part: Any = self.clone()
        part.schemata, part.fits = schemata, True
        return part  # type: ignore[no-any-return]

    def _names_in_order(self) -> tuple[str, ...]:
        names = self.require_schemata()
        if not self._ordering():
            return names
        descends = str(self._ordering()[0]).startswith("-")
        return tuple(sorted(names, reverse=descends is self.standard_ordering))

    def _ordering(self) -> Any:
        default = self.get_meta().ordering if self.default_ordering and not self.group_by else ()
        return self.order_by or default

    def _is_by_schema(self, key: Any) -> bool:
        return isinstance(key, str) and key.removeprefix("-") == schema_attribute(self.model)

    def _shows_schema(self) -> bool:
        return schema_attribute(self.model) in self.annotation_select

    def _groups_by_schema(self) -> bool:
        if not isinstance(self.group_by, tuple):
            return self._shows_schema()
        columns = self._gen_cols(self.group_by)  # type: ignore[attr-defined]
        return any(isinstance(column.target, SchemaColumn) for column in columns)


def instances_in(value: Any) -> list[Any]:
    """Return the instances that a value is or contains; Django keeps no iterators until here."""
    if isinstance(value, Model):  # so is a lazy one, which could seem to be iterable
        return [value]
    return (
        [each for each in value if isinstance(each, Model)] if isinstance(value, Iterable) else []
    )


def model_of_key(field: Any) -> type[Model] | None:
    """Return the model whose rows a field's values are keys of; None if they are no keys."""
    if field.is_relation:
        return field.related_model  # type: ignore[no-any-return]
    return field.model if field.primary_key else None
