"""The manager, and the queryset that it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

from django.db.models import Manager, Model, QuerySet
from django.db.models.query import ModelIterable

from boardinghouse.exceptions import SchemaNotFound, TemplateSchemaActivation
from boardinghouse.multi.errors import MultiSchemaError
from boardinghouse.multi.query import MultiSchemaQuery
from boardinghouse.multi.reach import check_prefetch
from boardinghouse.multi.tables import schema_attribute
from boardinghouse.names import TEMPLATE, is_valid_name
from boardinghouse.schema import get_schema_model
from boardinghouse.sharing import is_shared_model

if TYPE_CHECKING:
    from boardinghouse.models import AbstractSchema

WRITES = "Many schemata are only read. Write in one, in `with override(NAME):`."
REPEATED = "Primary keys repeat from schema to schema, so its result would be ambiguous."
DEFERRED = "What is loaded later comes from the active schema. Use values() to read some columns."
RAW = "Raw SQL reads the active schema."


class StampedIterable(ModelIterable):  # type: ignore[type-arg]
    """Yields instances that say which schema their row came from."""

    def __iter__(self) -> Iterator[Model]:
        name = schema_attribute(self.queryset.model)
        for instance in super().__iter__():
            instance.__dict__["_schema"] = getattr(instance, name)
            yield instance


def refused(name: str, reason: str) -> Callable[..., Any]:
    """Make a method that refuses."""

    def method(self: QuerySet[Any], *args: Any, **kwargs: Any) -> Any:
        raise MultiSchemaError(
            f"{self.model._meta.label}: {name}() does not work over many schemata. {reason}"
        )

    method.__name__ = name
    method.alters_data = True  # type: ignore[attr-defined]
    return method


class MultiSchemaQuerySet(QuerySet[Any]):
    """Rows of a private model in many schemata; `from_schemata` says in which.

    It is read only. Whatever would read the active schema, or guess between equal primary
    keys, raises `MultiSchemaError`.
    """

    def __init__(
        self, model: Any = None, query: Any = None, using: Any = None, hints: Any = None
    ) -> None:
        super().__init__(model, query or MultiSchemaQuery(model), using, hints)
        self._iterable_class = StampedIterable

    def from_schemata(self, *schemata: str | AbstractSchema | QuerySet[Any]) -> Self:
        """Return the rows of these schemata: names, Schema objects, or one queryset of them.

        A queryset is evaluated, one round trip. No schemata: no rows, and no query. Raises
        SchemaNotFound for what cannot be a schema's name; one that is missing is
        PostgreSQL's error when the query runs.
        """
        refuse_model(self.model)
        names = names_of(schemata)
        clone: Any = self.all()
        clone.query.read(names)
        return clone if names else clone.none()  # type: ignore[no-any-return]

    def for_user(self, user: Any) -> Self:
        """Return the rows of the schemata that a user may enter. One round trip."""
        manager: Any = get_schema_model()._default_manager
        return self.from_schemata(manager.visible_to(user))

    def prefetch_related(self, *lookups: Any) -> Self:
        for lookup in lookups:
            if lookup is not None:
                check_prefetch(self.model, lookup)
        return super().prefetch_related(*lookups)

    def first(self) -> Any:
        return super(MultiSchemaQuerySet, self._surely_ordered()).first()

    def last(self) -> Any:
        return super(MultiSchemaQuerySet, self._surely_ordered()).last()

    def _surely_ordered(self) -> Self:
        """Order by the schema after the primary key, which every schema has again."""
        if self.ordered or self.query.group_by:
            return self
        return self.order_by("pk", schema_attribute(self.model))

    create = refused("create", WRITES)
    bulk_create = refused("bulk_create", WRITES)
    bulk_update = refused("bulk_update", WRITES)
    get_or_create = refused("get_or_create", WRITES)
    update_or_create = refused("update_or_create", WRITES)
    update = refused("update", WRITES)
    delete = refused("delete", WRITES)
    _raw_delete = refused("delete", WRITES)
    select_for_update = refused("select_for_update", WRITES)
    in_bulk = refused("in_bulk", REPEATED)
    contains = refused("contains", REPEATED)
    defer = refused("defer", DEFERRED)
    only = refused("only", DEFERRED)
    extra = refused("extra", RAW)
    raw = refused("raw", RAW)
    union = refused("union", "Name all the schemata in from_schemata().")
    intersection = refused("intersection", "Use &.")
    difference = refused("difference", "Use exclude().")


class MultiSchemaManager(Manager[Any]):
    """Reads a private model's rows in many schemata, with one query.

    Give it a name of its own, after the model's ordinary manager.
    """

    def get_queryset(self) -> MultiSchemaQuerySet:
        return MultiSchemaQuerySet(self.model, using=self._db, hints=self._hints)  # type: ignore[attr-defined]

    def from_schemata(self, *schemata: str | AbstractSchema | QuerySet[Any]) -> MultiSchemaQuerySet:
        """See `MultiSchemaQuerySet.from_schemata`."""
        return self.get_queryset().from_schemata(*schemata)

    def for_user(self, user: Any) -> MultiSchemaQuerySet:
        """See `MultiSchemaQuerySet.for_user`."""
        return self.get_queryset().for_user(user)


def refuse_model(model: type[Model]) -> None:
    """Refuse models that are not one private table."""
    if is_shared_model(model):
        raise MultiSchemaError(
            f"{model._meta.label} is shared: all its rows are in public. Use its ordinary manager."
        )
    for parent in (model._meta.concrete_model or model)._meta.parents:
        raise MultiSchemaError(
            f"{model._meta.label} has a part of its columns in {parent._meta.label}; a query over "
            "many schemata reads one table. Ask each of the two models by itself."
        )


def names_of(schemata: tuple[Any, ...]) -> tuple[str, ...]:
    """Return the names of schemata, each once, if they can be names of schemata."""
    if len(schemata) == 1 and isinstance(schemata[0], QuerySet):
        schemata = tuple(schemata[0])
    names = tuple(dict.fromkeys(map(name_of, schemata)))
    for name in names:
        if name == TEMPLATE:
            raise TemplateSchemaActivation(
                "The template schema cannot be read: nobody's data lives there."
            )
        if not is_valid_name(name):
            raise SchemaNotFound(name)
    return names


def name_of(schema: Any) -> str:
    if isinstance(schema, str):
        return schema
    if isinstance(schema, get_schema_model()):
        return schema.schema
    raise TypeError(
        "from_schemata() takes names, Schema objects, or one queryset of schemata, "
        f"not {schema!r}. Write `*` before a list."
    )
