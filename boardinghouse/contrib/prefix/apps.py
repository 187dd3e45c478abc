"""The app: it has no models, only checks."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BoardinghousePrefixConfig(AppConfig):
    name = "boardinghouse.contrib.prefix"
    label = "boardinghouse_prefix"
    verbose_name = _("Boarding house in the path")

    def ready(self) -> None:
        from boardinghouse.contrib.prefix import checks

        checks.register_all()
