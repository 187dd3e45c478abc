"""What Django keeps of a user's permissions is kept for each schema."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings

from boardinghouse.schema import get_active_schema_name

#: Where `django.contrib.auth.backends.ModelBackend` keeps them on the user.
CACHES = ("_perm_cache", "_user_perm_cache", "_group_perm_cache")


class PermissionCache:
    """Stands on the user model for one of those, and has a value in each schema."""

    def __init__(self, name: str) -> None:
        self.name, self.kept = name, f"{name}_by_schema"

    def __get__(self, user: Any, model: Any = None) -> Any:
        if user is None:
            return self
        try:
            return vars(user)[self.kept][get_active_schema_name()]
        except KeyError:
            raise AttributeError(self.name) from None

    def __set__(self, user: Any, value: Any) -> None:
        vars(user).setdefault(self.kept, {})[get_active_schema_name()] = value

    def __delete__(self, user: Any) -> None:
        if vars(user).pop(self.kept, None) is None:
            raise AttributeError(self.name)


def keep_permissions_apart() -> None:
    """Let a user, wherever the object came from, have in each schema its own permissions.

    A cache that is an attribute of the object would answer in every schema for the first one.
    """
    for model in apps.get_models():
        if model._meta.label_lower == settings.AUTH_USER_MODEL.lower():
            for name in CACHES:
                setattr(model, name, PermissionCache(name))


def forget_permissions(user: Any) -> None:
    """Drop what is kept of a user's permissions, in all schemata."""
    for name in CACHES:
        if hasattr(user, name):
            delattr(user, name)
