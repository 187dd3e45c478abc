"""What a shared object keeps of a private one, as in ``user.profile``, it keeps for each schema."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps import apps
from django.db.models import OneToOneRel

from boardinghouse.schema import get_active_schema_name
from boardinghouse.sharing import is_shared_key
from boardinghouse.stamps import get_schema_of


def keep_private_objects_apart() -> None:
    """Let shared objects find in each schema the private one that refers to them there.

    Django keeps the first that it has found on the object, and would show it everywhere.
    """
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if field.one_to_one and is_shared_key(model, field):
                relation: Any = field.remote_field
                kind: Any = type(relation)
                relation.__class__ = kept_apart(kind)


@cache
def kept_apart(relation: type[OneToOneRel]) -> type[OneToOneRel]:
    """Return a relation's class whose place in an object's cache is another one in each schema."""

    class KeptApart(relation):  # type: ignore[misc, valid-type]
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

    return KeptApart
