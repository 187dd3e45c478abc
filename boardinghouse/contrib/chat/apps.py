"""The app. It cannot do without channels, and says so before anything is imported of it."""

from __future__ import annotations

from importlib.util import find_spec

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _


class BoardinghouseChatConfig(AppConfig):
    name = "boardinghouse.contrib.chat"
    label = "boardinghouse_chat"
    verbose_name = _("Chat")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        if find_spec("channels") is None:
            raise ImproperlyConfigured(
                f"{self.name!r} is in INSTALLED_APPS, and channels is not installed. Run "
                "`pip install django-boardinghouse[channels]`, or take the app out."
            )
        from boardinghouse.contrib.chat import checks

        checks.register_all()
