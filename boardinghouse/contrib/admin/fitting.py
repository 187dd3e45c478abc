"""Which of our mixins an admin class needs for a model."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Model

from boardinghouse.contrib.admin.options import PrivateModelAdmin, SchemaAwareAdmin
from boardinghouse.contrib.admin.users import SchemaUserAdmin
from boardinghouse.sharing import is_shared_model


def fit(admin_class: type[Any], model: type[Model]) -> type[Any]:
    """Return an admin class with what its model needs mixed in; itself if it has that already.

    The new class goes by the name of the old one, in Django's checks and messages too.
    """
    mixin = mixin_for(model)
    if issubclass(admin_class, mixin):
        return admin_class
    named = {name: getattr(admin_class, name) for name in ("__module__", "__qualname__", "__doc__")}
    metaclass: Any = type(admin_class)
    fitted: type[Any] = metaclass(admin_class.__name__, (mixin, admin_class), named)
    return fitted


def mixin_for(model: type[Model]) -> type[Any]:
    if model._meta.concrete_model is get_user_model():
        return SchemaUserAdmin
    return SchemaAwareAdmin if is_shared_model(model) else PrivateModelAdmin
