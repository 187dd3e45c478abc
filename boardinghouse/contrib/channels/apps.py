"""The app: it has no models, and tells open sockets when what they stand on has changed."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BoardinghouseChannelsConfig(AppConfig):
    name = "boardinghouse.contrib.channels"
    label = "boardinghouse_channels"
    verbose_name = _("Boarding house in Channels")

    def ready(self) -> None:
        from boardinghouse.contrib.channels import checks, receivers

        checks.register_all()
        receivers.connect_all()
