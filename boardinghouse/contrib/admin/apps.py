"""Two apps: ours, and Django's admin with our site. No model is imported here."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin import apps as django_admin
from django.utils.translation import gettext_lazy as _


class BoardinghouseAdminConfig(AppConfig):
    """What ``"boardinghouse.contrib.admin"`` in ``INSTALLED_APPS`` means."""

    name = "boardinghouse.contrib.admin"
    label = "boardinghouse_admin"
    verbose_name = _("Boarding house in the admin")
    default = True
    default_auto_field = "django.db.models.AutoField"

    def ready(self) -> None:
        from boardinghouse.contrib.admin import checks, log

        checks.register_all()
        log.connect_all()


class SchemaAdminConfig(django_admin.AdminConfig):
    """Django's admin with `SchemaAdminSite`; stands in the place of ``"django.contrib.admin"``."""

    default_site = "boardinghouse.contrib.admin.sites.SchemaAdminSite"
    default = False

    def ready(self) -> None:
        super().ready()
        from boardinghouse.contrib.admin.schemata import register_schema_model

        register_schema_model()
