"""What a query over many schemata would reach beside its own table, and must not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Model, Prefetch
from django.db.models.constants import LOOKUP_SEP
from django.db.models.lookups import Lookup
from django.db.models.sql import Query

from boardinghouse.backends.postgres.compiler import private_models_in
from boardinghouse.multi.errors import MultiSchemaError, refuse_relation
from boardinghouse.sharing import is_shared_model


def refuse_private(model: type[Model], reached: Iterable[type[Model]]) -> None:
    for each in reached:
        refuse_relation(model, each)


def refuse_inner(model: type[Model], node: Any) -> None:
    """Refuse the ordinary queries inside an expression or a query that read private tables."""
    for inner in queries_inside(node):
        if not hasattr(inner, "schemata"):
            refuse_private(model, private_models_in(inner))


def queries_inside(node: Any) -> Iterator[Query]:
    """Yield the queries that an expression, a list of them or another query contains."""
    for child in children_of(node):
        if isinstance(child, Query):
            yield child
        yield from queries_inside(child)


def children_of(node: Any) -> Iterable[Any]:
    if isinstance(node, (list, tuple)):
        return node
    if isinstance(node, Query):
        ordered = (each for each in node.order_by if not isinstance(each, str))
        return (
            node.where,
            *node.annotations.values(),
            *node.select,
            *ordered,
            *node.combined_queries,
        )
    if isinstance(node, Lookup):
        return (node.lhs, node.rhs)
    return getattr(node, "get_source_expressions", tuple)()


def check_prefetch(model: type[Model], lookup: str | Prefetch[Any]) -> None:
    """Raise MultiSchemaError if prefetching this from a model would read private tables."""
    path = lookup if isinstance(lookup, str) else lookup.prefetch_through
    target: Any = model
    for accessor in path.split(LOOKUP_SEP):
        target = follow(model, target, accessor)
    inner: Any = getattr(lookup, "queryset", None)
    if inner is not None:
        for query in (inner.query, *queries_inside(inner.query)):
            refuse_private(model, private_models_in(query))
        for each in inner._prefetch_related_lookups:
            check_prefetch(target, each)


def follow(model: type[Model], start: type[Model], accessor: str) -> type[Model]:
    """Return the shared model that a relation leads to from another, by shared tables."""
    field: Any = next((f for f in start._meta.get_fields() if accessor_of(f) == accessor), None)
    if field is None or field.related_model is None:
        raise MultiSchemaError(
            f"{model._meta.label}: where {accessor!r} of {start._meta.label} leads cannot be told, "
            "so it cannot be prefetched from many schemata."
        )
    sides = (field, field.remote_field)
    reached = (*(getattr(side, "through", None) for side in sides), field.related_model)
    refuse_private(model, [each for each in reached if each and not is_shared_model(each)])
    return field.related_model  # type: ignore[no-any-return]


def accessor_of(field: Any) -> str | None:
    if field.auto_created and not field.concrete:
        return field.get_accessor_name()  # type: ignore[no-any-return]
    return field.name  # type: ignore[no-any-return]
