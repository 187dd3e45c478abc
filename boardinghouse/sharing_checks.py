"""Checks of the settings that say which models are shared, and which private."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.db.migrations import AddField, CreateModel, RenameModel
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.models import ManyToManyField, Model

from boardinghouse.sharing import is_shared_model

#: The settings, and what each makes of the models that it names.
SETTINGS = {"BOARDINGHOUSE_SHARED_MODELS": "shared", "BOARDINGHOUSE_PRIVATE_MODELS": "private"}


def check_labels(**kwargs: Any) -> Iterator[CheckMessage]:
    """Look for names of no model, and of models that stay what they were all the same."""
    models = {
        model._meta.label_lower: model
        for model in apps.get_models(include_auto_created=True, include_swapped=True)
    }
    known = {*models, *(f"{label}.*".lower() for label in apps.app_configs)}
    for setting, wanted in SETTINGS.items():
        for label in getattr(settings, setting, ()):
            model = models.get(label.lower())
            if model is not None and is_shared_model(model) != (wanted == "shared"):
                yield has_no_effect(setting, label, model)
            elif label.lower() not in known and label.lower() not in labels_in_migrations():
                yield names_nothing(setting, label, known)


def names_nothing(setting: str, label: str, known: set[str]) -> CheckMessage:
    close = get_close_matches(label.lower(), known, n=1)
    guess = f"Did you mean {close[0]!r}? " if close else ""
    return checks.Error(
        f"{setting} names {label!r}, and there is no such model.",
        hint=f"{guess}Write 'app.Model', or 'app.*' for all models of an app, with the label of "
        "an app that is installed; or take it out.",
        id="boardinghouse.E071",
    )


def has_no_effect(setting: str, label: str, model: type[Model]) -> CheckMessage:
    stays = "shared" if is_shared_model(model) else "private"
    return checks.Error(
        f"{setting} names {label!r}, which is {stays} all the same.",
        hint=f"Take it out. {reason(model)}",
        obj=model,
        id="boardinghouse.E072",
    )


def reason(model: type[Model]) -> str:
    """Say what decides about a model before the settings do."""
    concrete: Any = model._meta.concrete_model
    above = [parent for parent in (concrete, *concrete._meta.parents) if parent is not model]
    if above:
        return f"A proxy or child is where {above[0]._meta.label} is: name that one."
    return "BOARDINGHOUSE_PRIVATE_MODELS goes first, and what Django needs is shared always."


def labels_in_migrations() -> set[str]:
    """Return the models, and joins, that migrations have made; some may be gone since.

    They are shared, or private, while those migrations run.
    """
    loader = MigrationLoader(None, load=False)
    loader.load_disk()
    return {
        f"{app}.{name}".lower()
        for (app, _name), migration in loader.disk_migrations.items()
        for operation in migration.operations
        for name in names_made_by(operation)
    }


def names_made_by(operation: Operation) -> Iterator[str]:
    fields: list[tuple[str, Any, Any]] = []
    if isinstance(operation, CreateModel):
        yield operation.name
        fields = [(operation.name, name, field) for name, field in operation.fields]
    elif isinstance(operation, AddField):
        fields = [(operation.model_name, operation.name, operation.field)]
    elif isinstance(operation, RenameModel):
        yield operation.new_name
    for model, name, field in fields:
        if isinstance(field, ManyToManyField):
            yield f"{model}_{name}"
