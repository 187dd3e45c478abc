"""Whether django-admin-tools works with this Django."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import django
from django.apps import apps
from django.core import checks
from django.core.checks import CheckMessage

from boardinghouse.sharing import is_shared_model

SHARED = 'BOARDINGHOUSE_SHARED_MODELS = ["menu.*", "dashboard.*"]'


def register_all() -> None:
    checks.register(check_admin_tools, "boardinghouse")
    checks.register(check_preferences, "boardinghouse")


def check_admin_tools(**kwargs: Any) -> Iterator[CheckMessage]:
    try:
        import_module("admin_tools.dashboard.modules")
    except ImportError as error:
        yield checks.Warning(
            f"django-admin-tools cannot be imported on Django {django.get_version()}: {error}.",
            hint='On Django 5.2: pip install "django-boardinghouse[admin-tools]". '
            "django-admin-tools 0.9.3 needs Django 5.2 or older: on Django 6 use "
            "boardinghouse.contrib.admin alone, and take boardinghouse.contrib.admin_tools and "
            "the apps of admin_tools out of INSTALLED_APPS.",
            id="boardinghouse.W022",
        )


def check_preferences(**kwargs: Any) -> Iterator[CheckMessage]:
    """Find the models of django-admin-tools that each page of the admin asks for."""
    private = [
        model._meta.label
        for model in apps.get_models()
        if model.__module__.startswith("admin_tools.") and not is_shared_model(model)
    ]
    if private:
        yield checks.Warning(
            f"{' and '.join(private)} are private to each schema: with none active, no page of "
            "the admin can be shown.",
            hint=f"Share them: {SHARED}",
            id="boardinghouse.W023",
        )
