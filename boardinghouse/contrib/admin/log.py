"""What becomes of log entries when their schema goes."""

from __future__ import annotations

from typing import Any

from boardinghouse.contrib.admin.models import SchemaLogEntry
from boardinghouse.signals import schemata_deleted


def connect_all() -> None:
    schemata_deleted.connect(forget_schemata)


def forget_schemata(schemata: list[str], using: str, **kwargs: Any) -> None:
    """Keep the entries of dropped schemata from the next ones of the same names."""
    SchemaLogEntry.objects.using(using).filter(schema__in=schemata).update(schema=None)
