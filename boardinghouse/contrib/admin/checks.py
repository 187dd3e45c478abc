"""System checks of an admin with schemata."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core import checks
from django.core.checks import CheckMessage
from django.utils.module_loading import import_string

APP = "boardinghouse.contrib.admin"
CONFIG = "boardinghouse.contrib.admin.apps.SchemaAdminConfig"


def register_all() -> None:
    checks.register(check_order_of_apps, "boardinghouse")
    checks.register(check_default_site, "boardinghouse")


def check_order_of_apps(**kwargs: Any) -> Iterator[CheckMessage]:
    """Find the apps whose ``admin/base.html`` would be used without ever reaching ours."""
    for config in apps.get_app_configs():
        if config.name == APP:
            return
        if (Path(config.path) / "templates" / "admin" / "base.html").exists():
            yield checks.Warning(
                f"{config.name!r} stands before {APP!r} in INSTALLED_APPS, and has a template "
                "admin/base.html: ours, with the switcher, is not used.",
                hint=f"Move {APP!r} in INSTALLED_APPS to a place before it.",
                id="boardinghouse.W020",
            )


def check_default_site(**kwargs: Any) -> Iterator[CheckMessage]:
    from boardinghouse.contrib.admin.sites import SchemaAdminSite

    config: Any = apps.get_app_config("admin")
    if not issubclass(import_string(config.default_site), SchemaAdminSite):
        yield checks.Warning(
            f"The admin's site is {config.default_site!r}, which knows nothing of schemata.",
            hint=f"Write {CONFIG!r} in INSTALLED_APPS in the place of 'django.contrib.admin'; a "
            "site of your own inherits boardinghouse.contrib.admin.sites.SchemaAdminSite. "
            "Silence this if you register with such a site that is not the default one.",
            id="boardinghouse.W021",
        )
