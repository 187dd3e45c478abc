"""The app: its checks, its receivers and its commands."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DatabasesConfig(AppConfig):
    name = "boardinghouse.contrib.databases"
    label = "boardinghouse_databases"
    verbose_name = _("Boarding house with a database per customer")

    def ready(self) -> None:
        from boardinghouse.contrib.databases import checks, receivers

        checks.register_all()
        receivers.connect_all()
