"""Where an instance of a private model came from: the schema in which its statement ran.

The stamp is ``instance.__dict__["_schema"]``, so that it is pickled and copied with the
instance. A compiler hands over the rows that its statement found; the instance that is made
of a row next takes its stamp. An instance that code makes for itself finds no row, and is
stamped when it is saved.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model
from django.db.models.deletion import Collector
from django.db.models.signals import post_init, post_save, pre_delete, pre_save

from boardinghouse.exceptions import WrongSchema
from boardinghouse.schema import get_active_schema_name
from boardinghouse.sharing import is_shared_model

#: The private models, proxies too, whose instances are stamped.
_marked: set[type[Model]] = set()


def get_schema_of(instance: Model) -> str | None:
    """Return the name of the schema that an instance's row is in.

    None for an instance that has not been saved, and for one of a shared model.
    """
    return None if instance._state.adding else _stamp_on(instance)


def mark_private_models() -> None:
    """Stamp the instances of every private model from now on, and tell equal keys apart."""
    for model in apps.get_models(include_auto_created=True):
        if not is_shared_model(model):
            mark(model)


def mark(model: type[Model]) -> None:
    _marked.add(model)
    post_init.connect(take_stamp, sender=model)
    pre_save.connect(refuse_save, sender=model)
    post_save.connect(stamp_saved, sender=model)
    if is_loaded_to_be_deleted(model):
        pre_delete.connect(refuse_delete, sender=model)
    compare_by_schema(model)


def is_loaded_to_be_deleted(model: type[Model]) -> bool:
    """Tell whether Django loads rows before it deletes them.

    A receiver of `pre_delete` would make it do so: a round trip more, and all rows in memory.
    """
    collector: Any = Collector(DEFAULT_DB_ALIAS)
    links = (None, *model._meta.parents.values())
    return not any(collector.can_fast_delete(model, from_field=link) for link in links)


# Rows that become instances


class Making(NamedTuple):
    """What ModelIterable makes of each row: an instance, then those that were joined to it."""

    model: Any
    is_marked: bool
    key: int
    joined: tuple[Making, ...]


class Row(threading.local):
    """The row of which instances are being made: its schema, then the models due, last first."""

    due: list[Any] = []


_row = Row()


def plan(info: Any, select: Any) -> Making | None:
    """Return what is made of rows if any of it is private, from what a compiler knows of them."""
    planned = (plan(each, select) for each in info.get("related_klass_infos", ()))
    joined = tuple(each for each in planned if each is not None)
    is_marked = info["model"] in _marked
    if not is_marked and not joined:
        return None
    options = info["model"]._meta
    positions = {select[index][0].target.attname: index for index in info["select_fields"]}
    key = positions[options.pk_fields[0].attname]
    return Making(options.concrete_model, is_marked, key, joined)


def plan_raw(columns: Iterable[Any]) -> Making | None:
    """Return what is made of the rows of raw SQL, from their columns."""
    models: list[Any] = [column.target.model for column in columns if column is not None]
    model = max(models, key=lambda each: len(each.__mro__))  # its parents' columns are among them
    return Making(model, True, 0, ()) if model in _marked else None


def hand_over(rows: Iterable[Any], making: Making, schema: str | None) -> Iterator[Any]:
    """Yield rows, noting of each what is to be stamped with the schema of its statement.

    What is left of the row before is put back: making an instance may run another query.
    """
    for values in rows:
        before = _row.due
        _row.due = list_due(making, values, schema) if making.joined else [schema, making.model]
        yield values
        _row.due = before


def list_due(making: Making, values: Any, schema: str | None) -> list[Any]:
    return [schema, *reversed([*models_due(making, values)])]


def models_due(making: Making, values: Any) -> Iterator[Any]:
    if making.is_marked:
        yield making.model
    for each in making.joined:
        if values[each.key] is not None:
            yield from models_due(each, values)


def take_stamp(sender: Any, instance: Model, **kwargs: Any) -> None:
    """Stamp an instance that is made of a row (``post_init``)."""
    waiting = _row.due
    if waiting and waiting[-1] is sender._meta.concrete_model:
        waiting.pop()
        instance.__dict__["_schema"] = waiting[0]


def stamp_inserted(instances: Iterable[Any]) -> None:
    """Stamp instances whose rows have just been inserted; ``bulk_create`` sends no signal."""
    schema = get_active_schema_name()
    for each in instances:
        if type(each) in _marked:
            each.__dict__["_schema"] = schema


def stamp_saved(instance: Model, using: str, **kwargs: Any) -> None:
    """Stamp an instance that was made by hand and has updated a row (``post_save``)."""
    if has_schemata(using):
        instance.__dict__["_schema"] = get_active_schema_name()


# Refusals


def refuse_save(instance: Model, using: str, **kwargs: Any) -> None:
    """Refuse to save a row, or a reference to one, in another schema (``pre_save``)."""
    if has_schemata(using):
        refuse_stray(instance)
        for related in list_references(instance):
            refuse_stray(related)


def list_references(instance: Model) -> list[Model]:
    """Return the objects at hand that an instance's keys refer to."""
    fields: list[Any] = [each for each in instance._meta.concrete_fields if each.is_relation]
    cached = (each.get_cached_value(instance, default=None) for each in fields)
    return [each for each in cached if each is not None]


def refuse_delete(instance: Model, using: str, **kwargs: Any) -> None:
    """Refuse to delete a row of another schema (``pre_delete``)."""
    if has_schemata(using):
        refuse_stray(instance)


def refuse_stray(instance: Model) -> None:
    """Raise WrongSchema for an instance of another schema than the active one.

    Where nothing is active the query itself is refused, with NoActiveSchema.
    """
    if is_stray(instance):
        schema, active = get_schema_of(instance), get_active_schema_name()
        if not instance._is_pk_set():  # type: ignore[attr-defined]  # not in the stubs
            raise WrongSchema(
                f"{instance._meta.label} without a key came from schema {schema!r}, and {active!r} "
                "is active. To make a row of it here, say that it is new: "
                "`instance._state.adding = True`."
            )
        raise WrongSchema(
            f"{name(instance)} is in schema {schema!r}, and {active!r} is active, where that key "
            f"is another row's. Use it in `with boardinghouse.schema.override({schema!r}):`, or "
            f"load what you want from {active!r}."
        )


def is_stray(instance: Model) -> bool:
    """Tell whether an instance's row is in another schema than the active one."""
    schema, active = get_schema_of(instance), get_active_schema_name()
    return schema is not None and active is not None and schema != active


def refuse_pair(one: Model, other: Model) -> None:
    """Raise WrongSchema for instances of two schemata."""
    schema, another = place_of(one), place_of(other)
    if schema is not None and another is not None and schema != another:
        raise WrongSchema(
            f"{name(one)} is in schema {schema!r} and {name(other)} in {another!r}: rows of two "
            "schemata cannot refer to each other. Load both from the same one."
        )


def name(instance: Model) -> str:
    return f"{instance._meta.label} {instance.pk!r}"


def has_schemata(using: str) -> bool:
    return hasattr(connections[using], "apply_schema")


# Equality


def compare_by_schema(model: type[Model]) -> None:
    """Tell a model's rows of two schemata apart, unless it compares in a way of its own."""
    if model.__eq__ is Model.__eq__:
        model.__eq__ = is_same_row  # type: ignore[method-assign,assignment]
        if model.__hash__ is Model.__hash__:
            model.__hash__ = hash_row  # type: ignore[method-assign,assignment]


def is_same_row(self: Model, other: object) -> Any:
    """Compare as Django does, and the schemata too."""
    result = Model.__eq__(self, other)
    if result is True and self is not other:
        return place_of(self) == place_of(other)  # type: ignore[arg-type]
    return result


def hash_row(self: Model) -> int:
    """Hash as Django does, with the schema."""
    return hash((place_of(self), Model.__hash__(self)))


def place_of(instance: Model) -> str | None:
    """Return the schema that a row is in, or that an instance without one would be saved in.

    So one with a key of its own (a UUID) is found in a set after it has been saved.
    """
    if instance._state.adding and instance.__class__ in _marked:
        return get_active_schema_name()
    return _stamp_on(instance)


def _stamp_on(instance: Model) -> str | None:
    # Not type(), nor __dict__: of a lazy object, as `request.user` is, they are its own.
    return getattr(instance, "_schema", None) if instance.__class__ in _marked else None
