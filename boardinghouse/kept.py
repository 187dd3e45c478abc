"""What Django keeps on a shared object is kept for each schema, where it came of private rows.

Permissions (of private joins), prefetched rows, and the private object of ``user.profile``: the
first schema's would be shown in all the others.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import OneToOneRel

from boardinghouse.schema import get_active_schema_name
from boardinghouse.sharing import is_shared_key, is_shared_model
from boardinghouse.stamps import get_schema_of

#: Where `django.contrib.auth.backends.ModelBackend` keeps permissions on the user.
PERMISSIONS = ("_perm_cache", "_user_perm_cache", "_group_perm_cache")
PREFETCHED = "_prefetched_objects_cache"


def keep_apart() -> None:
    for model in apps.get_models():
        if is_shared_model(model):
            setattr(model, PREFETCHED, KeptBySchema(PREFETCHED))
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
