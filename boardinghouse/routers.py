"""The database router that refuses instances of another schema; it never chooses a database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Model

from boardinghouse.sharing import is_shared_model
from boardinghouse.stamps import is_stray, place_of, refuse_pair, refuse_stray


class SchemaRouter:
    """Refuse, with WrongSchema, what an instance of another schema would do in the active one.

    Django asks its routers with the instance at hand when it saves, deletes or refreshes it,
    and for what it reaches by a relation. It asks the first of ``DATABASE_ROUTERS`` first, and
    no other once one has answered. No round trip.
    """

    def db_for_read(
        self, model: type[Model], instance: Model | None = None, **hints: Any
    ) -> str | None:
        if instance is not None and is_stray(instance) and reads_private(instance, model):
            refuse_stray(instance)
        return None

    def db_for_write(
        self, model: type[Model], instance: Model | None = None, **hints: Any
    ) -> str | None:
        return self.db_for_read(model, instance)

    def allow_relation(self, obj1: Model, obj2: Model, **hints: Any) -> bool | None:
        """Refuse objects of two schemata; and those of another one in a join with a shared one."""
        if place_of(obj1) != place_of(obj2):
            refuse_pair(obj1, obj2)
            for private, other in ((obj1, obj2), (obj2, obj1)):
                if is_shared_model(other.__class__):
                    self.db_for_write(other.__class__, private)
        return None


def reads_private(instance: Model, model: type[Model]) -> bool:
    """Tell whether a private table is read to reach a model from a private instance.

    To follow a key to a shared model reads none. A join of a private model is private, though
    the model at its other end be shared.
    """
    if not is_shared_model(model):
        return True
    fields: Iterable[Any] = instance._meta.get_fields(include_hidden=True)
    joined = (each.related_model for each in fields if each.many_to_many)
    return any(each._meta.concrete_model is model._meta.concrete_model for each in joined)
