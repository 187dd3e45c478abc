"""Which row of a shared model is meant, in a database where its primary key may be another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from django.apps import apps
from django.core.exceptions import MultipleObjectsReturned, ObjectDoesNotExist, ValidationError
from django.core.management.base import CommandError
from django.db.models import Model, TextField, UniqueConstraint
from django.db.models.functions import Cast
from django.utils.encoding import is_protected_type

from boardinghouse.sharing import is_shared_model, private_tables

#: So many rows are asked for in one statement.
ROWS = 5000


class Target(NamedTuple):
    """A column of a shared model that keys refer to."""

    model: Any
    name: str

    @classmethod
    def named(cls, label: str) -> Target:
        """Return the target of a label. Raises CommandError if this project has no such model."""
        model, _dot, name = label.rpartition(".")
        try:
            return cls(apps.get_model(model), name)
        except LookupError as error:
            raise CommandError(
                f"The dump refers to rows of the shared model {model}, which this project has not. "
                "Load it where the model is, with the code that it was dumped by."
            ) from error

    @property
    def label(self) -> str:
        return f"{self.model._meta.label}.{self.name}"


class Link(NamedTuple):
    """A column of a private table that refers to shared rows.

    Without a target it is that of a generic foreign key; `kind` is then its column of types.
    """

    table: str
    column: str
    target: Target | None
    kind: str | None = None


def find_links() -> Iterator[Link]:
    """Yield every column of private models that refers to shared rows."""
    for table, model in private_tables().items():
        fields: Any = model._meta.local_concrete_fields
        for field in fields:
            target = target_of(field)
            if target is not None:
                yield Link(table, field.column, target)
        for field in model._meta.private_fields:
            if hasattr(field, "ct_field"):
                kind: Any = model._meta.get_field(field.ct_field)
                number: Any = model._meta.get_field(field.fk_field)
                yield Link(table, number.column, None, kind.column)


def target_of(field: Any) -> Target | None:
    """Return what of a shared model a field's values are; None if they are none of one's.

    A key to a private model may have such values too, where that model's own key is a key.
    """
    while field.is_relation:
        if is_shared_model(field.remote_field.model):
            return Target(field.remote_field.model, field.target_field.attname)
        field = field.target_field
    return None


def relations_of(model: Any) -> dict[str, Any]:
    """Return the fields of the model of schemata that refer to shared rows; not its members."""
    options = model._meta
    joins = (each for each in options.many_to_many if each.remote_field.through._meta.auto_created)
    return {
        each.name: each
        for each in (*options.concrete_fields, *joins)
        if each.is_relation and not each.primary_key and each.name != "users"
    }


def keys_of_relations(row: Any, using: str) -> dict[str, tuple[str, list[Any]]]:
    """Return what a schema's row refers to: {field: (target, natural keys)}."""
    found = {}
    for name, field in relations_of(type(row)).items():
        target = Target(field.remote_field.model, field.target_field.attname)
        keys = keys_of(target, using, values_in(row, field, using))
        found[name] = target.label, list(keys.values())
    return found


def values_in(row: Any, field: Any, using: str) -> list[Any]:
    if field.many_to_many:
        related = getattr(row, field.name).using(using)
        return list(related.values_list(field.target_field.attname, flat=True))
    value = getattr(row, field.attname)
    return [] if value is None else [value]


def target_of_model(model: Any) -> Target | None:
    """Return what of a shared model the values of a model's primary key are, or None."""
    if is_shared_model(model):
        return Target(model._meta.concrete_model, model._meta.pk.attname)
    return target_of(model._meta.pk)


def keys_of(target: Target, using: str, values: Iterable[Any]) -> dict[str, Any]:
    """Return the natural keys of rows: {value of the column, as text: key}."""
    field = next(each for each in target.model._meta.concrete_fields if each.attname == target.name)
    wanted = list(values_that_may_be(field, values))
    found: dict[str, Any] = {}
    for start in range(0, len(wanted), ROWS):
        batch = wanted[start : start + ROWS]
        rows = as_text(target, target.model._base_manager.using(using))
        for row in rows.filter(**{f"{target.name}__in": batch}):
            found[row.boardinghouse_text] = key_of(row)
    return found


def values_that_may_be(field: Any, values: Iterable[Any]) -> Iterator[Any]:
    """Yield values as a field has them, those aside that it can never have."""
    for value in values:
        with suppress(ValidationError):
            yield field.to_python(value)


def value_of(target: Target, using: str, key: Any) -> str | None:
    """Return the value of the column, as text, in the one row with a natural key; else None."""
    model = target.model
    try:
        if isinstance(key, dict):
            row = model._base_manager.using(using).get(**dict(values_of(model, key)))
        else:
            row = model._default_manager.db_manager(using).get_by_natural_key(*key)
    except (ObjectDoesNotExist, MultipleObjectsReturned):
        return None
    rows = as_text(target, model._base_manager.using(using))
    text: str = rows.values_list("boardinghouse_text", flat=True).get(pk=row.pk)
    return text


def as_text(target: Target, rows: Any) -> Any:
    return rows.annotate(boardinghouse_text=Cast(target.name, TextField()))


def values_of(model: Any, key: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in key.items():
        yield name, None if value is None else model._meta.get_field(name).to_python(value)


def key_of(row: Any) -> Any:
    """Return what tells a row from all others in every database.

    What its ``natural_key()`` says; else the first of: a primary key that is not a number
    given by the database, a unique field, unique fields, all that the row says.
    """
    if has_natural_key(type(row)):
        return list(row.natural_key())
    return {name: serialized(row, name) for name in names_of_key(type(row))}


def serialized(row: Any, name: str) -> Any:
    """Return a field's value as a fixture has it."""
    field = row._meta.get_field(name)
    value = field.value_from_object(row)
    return value if is_protected_type(value) else field.value_to_string(row)


def has_natural_key(model: Any) -> bool:
    return hasattr(model, "natural_key") and hasattr(model._default_manager, "get_by_natural_key")


def names_of_key(model: type[Model]) -> list[str]:
    options: Any = model._meta
    fields = [each for each in options.concrete_fields if not each.is_relation]
    if options.pk in fields and not options.pk.db_returning:
        return [options.pk.name]
    own = {each.name: each for each in fields if not each.primary_key and not each.generated}
    for name, field in own.items():
        if field.unique:
            return [name]
    together = [
        *options.unique_together,
        *(each.fields for each in options.constraints if is_total(each)),
    ]
    for names in together:
        if set(names) <= own.keys():
            return list(names)
    if not own:
        raise CommandError(
            f"Nothing tells one {options.label} from another in another database. Write "
            "natural_key() in the model and get_by_natural_key() in its manager."
        )
    return list(own)


def is_total(constraint: Any) -> bool:
    return (
        isinstance(constraint, UniqueConstraint)
        and bool(constraint.fields)
        and constraint.condition is None
    )
