"""Whether the chat can work, and keeps to itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core import checks
from django.core.checks import CheckMessage

from boardinghouse.sharing import is_shared_model

CHANNELS = "boardinghouse.contrib.channels"


def register_all() -> None:
    checks.register(check_channels, "boardinghouse")
    checks.register(check_privacy, "boardinghouse")


def check_channels(**kwargs: Any) -> Iterator[CheckMessage]:
    if not apps.is_installed(CHANNELS):
        yield checks.Error(
            "The chat is installed without boardinghouse.contrib.channels, on which its open "
            "pages stand.",
            hint=f"Add {CHANNELS!r} to INSTALLED_APPS.",
            id="boardinghouse.E060",
        )


def check_privacy(**kwargs: Any) -> Iterator[CheckMessage]:
    """Find models of the chat that a setting shares."""
    models = apps.get_app_config("boardinghouse_chat").get_models()
    shared = [model._meta.label for model in models if is_shared_model(model)]
    if shared:
        yield checks.Error(
            f"{', '.join(shared)} would be shared by all schemata: each would find the rooms of "
            "the others.",
            hint="Take the chat's models out of BOARDINGHOUSE_SHARED_MODELS.",
            id="boardinghouse.E061",
        )
