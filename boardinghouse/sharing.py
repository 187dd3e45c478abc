"""Shared or private: pure decisions about models and tables."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps import apps as global_apps
from django.apps.registry import Apps
from django.conf import settings
from django.db.models import Model

from boardinghouse.conf import conf

DJANGO_SHARED = frozenset(
    {
        "admin.logentry",
        "auth.group",
        "auth.permission",
        "contenttypes.contenttype",
        "migrations.migration",
        "sessions.session",
        "sites.site",
    }
)
AUTHORISATION = frozenset({"auth.group", "auth.permission"})


def is_shared_model(model: type[Model]) -> bool:
    """Tell whether a model has one table in ``public``, rather than one in each schema.

    Works for the historical models of migrations too. Proxies and children of multi-table
    inheritance follow their concrete parent; a join that Django made is shared if both its
    ends are, unless it says who belongs to which group or has which permission.
    """
    concrete = model._meta.concrete_model or model
    options = concrete._meta
    label, by_app = options.label_lower, f"{options.app_label}.*"
    if label in DJANGO_SHARED or label in _always_shared():
        return True
    if {label, by_app} & conf.PRIVATE_MODELS:
        return False
    if options.auto_created:
        return label in conf.SHARED_MODELS or _is_shared_join(concrete)
    for parent in options.parents:
        return is_shared_model(parent)
    return is_marked(concrete) or bool({label, by_app} & conf.SHARED_MODELS)


def is_shared_label(label: str, bases: tuple[object, ...] = ()) -> bool:
    """Tell the same of a migration's model state, from its label and its bases."""
    lower = label.lower()
    by_app = f"{lower.split('.')[0]}.*"
    if lower in _always_shared():
        return True
    if {lower, by_app} & conf.PRIVATE_MODELS:
        return False
    return any(map(is_marked, bases)) or bool({lower, by_app} & conf.SHARED_MODELS)


def is_marked(base: object) -> bool:
    """Tell whether a class inherits `boardinghouse.base.SharedSchemaMixin`."""
    return bool(getattr(base, "shared_by_schemata", False))


def is_private_join(model: type[Model]) -> bool:
    """Tell whether a model is a join that Django made, private although both ends are shared.

    In ``public`` a view stands for such a table, so that reading it with no schema active
    finds nothing.
    """
    return (
        bool(model._meta.auto_created)
        and all(is_shared_model(end) for end in _ends(model))
        and not is_shared_model(model)
    )


def is_shared_key(model: type[Model], field: Any) -> bool:
    """Tell whether a field of a model is a foreign key from private rows to shared ones."""
    target = field.remote_field.model if field.remote_field else None
    return isinstance(target, type) and not is_shared_model(model) and is_shared_model(target)


def is_shared_table(table: str, apps: Apps = global_apps) -> bool | None:
    """Tell whether a table of an app registry's models is shared; None if it has no such table."""
    model = find_model(table, apps)
    return None if model is None else is_shared_model(model)


def find_model(table: str, apps: Apps) -> type[Model] | None:
    """Return the model of an app registry (a migration state's, too) that has this table."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.db_table == table and not model._meta.proxy:
            return model
    return None


@cache
def private_tables() -> dict[str, type[Model]]:
    """Return the installed private models by table. Forgotten when a setting changes."""
    return {
        model._meta.db_table: model
        for model in global_apps.get_models(include_auto_created=True)
        if not model._meta.proxy and not is_shared_model(model)
    }


def _always_shared() -> frozenset[str]:
    return DJANGO_SHARED | {settings.AUTH_USER_MODEL.lower(), conf.SCHEMA_MODEL.lower()}


def _is_shared_join(model: type[Model]) -> bool:
    ends = _ends(model)
    labels = {end._meta.label_lower for end in ends}
    if settings.AUTH_USER_MODEL.lower() in labels and labels & AUTHORISATION:
        return False
    return all(is_shared_model(end) for end in ends)


def _ends(model: type[Model]) -> list[type[Model]]:
    return [
        field.remote_field.model
        for field in model._meta.local_fields
        if field.remote_field and not field.primary_key
    ]
