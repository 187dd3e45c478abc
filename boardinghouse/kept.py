"""What Django keeps on a shared object is kept for each schema, where it came of private rows.

Permissions (of private joins), prefetched rows, and the private object of ``user.profile``: the
first schema's would be shown in all the others.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import Model, OneToOneRel

from boardinghouse.schema import get_active_schema_name
from boardinghouse.sharing import is_shared_key, is_shared_model
from boardinghouse.stamps import get_schema_of

#: Where `django.contrib.auth.backends.ModelBackend` keeps permissions on the user.
PERMISSIONS = ("_perm_cache", "_user_perm_cache", "_group_perm_cache")
#: Where Django keeps prefetched rows on an object, and where they are kept here.
PREFETCHED, KEPT_PREFETCHED = "_prefetched_objects_cache", "_prefetched_by_schema"


def keep_apart() -> None:
    """Put in the places of Django's caches on shared objects ones that know the schema, once."""
    for model in apps.get_models():
        if is_shared_model(model) and (names := private_relations(model)):
            setattr(model, PREFETCHED, Prefetched(names))
        if model._meta.label_lower == settings.AUTH_USER_MODEL.lower():
            for name in PERMISSIONS:
                setattr(model, name, KeptBySchema(name))
        for field in model._meta.local_fields:
            if field.one_to_one and is_shared_key(model, field):
                relation: Any = field.remote_field
                kind: Any = type(relation)
                relation.__class__ = related_by_schema(kind)


class KeptBySchema:
    """Stands on a model for an attribute of its objects, which has a value in each schema."""

    def __init__(self, name: str) -> None:
        self.name, self.kept = name, f"{name}_by_schema"

    def __get__(self, instance: Any, model: Any = None) -> Any:
        if instance is None:
            return self
        try:
            return vars(instance)[self.kept][get_active_schema_name()]
        except KeyError:
            raise AttributeError(self.name) from None

    def __set__(self, instance: Any, value: Any) -> None:
        vars(instance).setdefault(self.kept, {})[get_active_schema_name()] = value

    def __delete__(self, instance: Any) -> None:
        if vars(instance).pop(self.kept, None) is None:
            raise AttributeError(self.name)


def private_relations(model: type[Model]) -> frozenset[str]:
    """Return the names under which Django keeps a shared model's prefetched private rows."""
    options: Any = model._meta
    return frozenset(
        [each.name for each in options.many_to_many if is_private(each.remote_field.through)]
        + [each.attname for each in options.private_fields if is_private(each.related_model)]
        + [name_of(each) for each in options.related_objects if is_private(rows_of(each))]
    )


def is_private(model: Any) -> bool:
    """Tell whether a model's rows are private; a generic key has no model at all."""
    return isinstance(model, type) and not is_shared_model(model)


def rows_of(relation: Any) -> Any:
    """Return the model whose rows say what is related."""
    return relation.through if relation.many_to_many else relation.related_model


def name_of(relation: Any) -> str:
    """Return the name under which Django keeps what was prefetched by a reverse relation."""
    name: str = (
        relation.field.related_query_name() if relation.many_to_many else relation.cache_name
    )
    return name


class Prefetched:
    """Stands on a shared model for what was prefetched for its objects."""

    def __init__(self, private: frozenset[str]) -> None:
        self.private = private

    def __get__(self, instance: Any, model: Any = None) -> Any:
        if instance is None:
            return self
        try:
            return vars(instance)[KEPT_PREFETCHED]
        except KeyError:
            raise AttributeError(PREFETCHED) from None

    def __set__(self, instance: Any, value: Any) -> None:
        vars(instance)[KEPT_PREFETCHED] = PrefetchedRows(self.private, value)

    def __delete__(self, instance: Any) -> None:
        if vars(instance).pop(KEPT_PREFETCHED, None) is None:
            raise AttributeError(PREFETCHED)


class PrefetchedRows(dict[Any, Any]):
    """Rows by the name of their relation, and those of private ones by the active schema, too."""

    def __init__(self, private: frozenset[str], rows: Any) -> None:
        super().__init__(rows)
        self.private = private

    def __reduce__(self) -> Any:
        return type(self), (self.private, dict(self))

    def key(self, name: Any) -> Any:
        """Return where the rows of a relation are, in the active schema."""
        return (name, get_active_schema_name()) if name in self.private else name

    def __contains__(self, name: Any) -> bool:
        return super().__contains__(self.key(name))

    def __getitem__(self, name: Any) -> Any:
        return super().__getitem__(self.key(name))

    def __setitem__(self, name: Any, rows: Any) -> None:
        super().__setitem__(self.key(name), rows)

    def __delitem__(self, name: Any) -> None:
        super().__delitem__(self.key(name))

    def get(self, name: Any, default: Any = None) -> Any:
        return super().get(self.key(name), default)

    def pop(self, name: Any, *default: Any) -> Any:
        return super().pop(self.key(name), *default)


@cache
def related_by_schema(relation: type[OneToOneRel]) -> type[OneToOneRel]:
    """Return a relation's class whose place in an object's cache is another one in each schema."""

    class RelatedBySchema(relation):  # type: ignore[misc, valid-type]
        @property
        def cache_name(self) -> str:
            return self.name_in(get_active_schema_name())

        def set_cached_value(self, instance: Any, value: Any) -> None:
            """Keep a row that was fetched late in the schema that it is from."""
            schema = None if value is None else get_schema_of(value)
            name = self.name_in(schema or get_active_schema_name())
            instance._state.fields_cache[name] = value

        def name_in(self, schema: str | None) -> str:
            return f"{self.accessor_name} in {schema}"

    return RelatedBySchema


def forget_permissions(user: Any) -> None:
    """Drop what is kept of a user's permissions, in all schemata."""
    for name in PERMISSIONS:
        if hasattr(user, name):
            delattr(user, name)
