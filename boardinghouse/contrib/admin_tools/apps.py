"""The app: it has no models, and imports nothing of django-admin-tools."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BoardinghouseAdminToolsConfig(AppConfig):
    name = "boardinghouse.contrib.admin_tools"
    label = "boardinghouse_admin_tools"
    verbose_name = _("Boarding house in the admin's tools")

    def ready(self) -> None:
        from boardinghouse.contrib.admin_tools import checks

        checks.register_all()
