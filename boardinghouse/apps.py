"""The list of wires."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from boardinghouse.conf import DEFAULT_SCHEMA_MODEL


class BoardinghouseConfig(AppConfig):
    name = "boardinghouse"
    verbose_name = _("Boarding house")
    default_auto_field = "django.db.models.BigAutoField"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Django reads a swappable model's setting from settings, as soon as models load.
        if not hasattr(settings, "BOARDINGHOUSE_SCHEMA_MODEL"):
            settings.BOARDINGHOUSE_SCHEMA_MODEL = DEFAULT_SCHEMA_MODEL

    def ready(self) -> None:
        from boardinghouse import checks, kept, patches, receivers, stamps

        checks.register_all()
        receivers.connect_all(self)
        stamps.mark_private_models()
        kept.keep_apart()
        patches.patch_collector()
