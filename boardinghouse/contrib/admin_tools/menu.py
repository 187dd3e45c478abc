"""The menu item: `SchemataItem`."""

from __future__ import annotations

from typing import Any

from admin_tools.menu import items
from django.utils.translation import gettext_lazy as _

from boardinghouse.contrib.admin_tools.links import LIMIT, links_to_schemata
from boardinghouse.schema import get_active_schema


class SchemataItem(items.MenuItem):  # type: ignore[misc]  # untyped
    """A menu of the person's schemata, called by the current one; each switches."""

    title: Any = _("Schemata")
    limit = LIMIT

    def init_with_context(self, context: Any) -> None:
        schema = get_active_schema()
        if schema is not None:
            self.title = schema.name
        self.children = [
            items.MenuItem(
                link.title,
                link.url,
                css_classes=["boardinghouse-current"] if link.is_current else [],
            )
            for link in links_to_schemata(context, self.limit)
        ]

    def is_empty(self) -> bool:
        return not self.children

    def is_selected(self, request: Any) -> bool:
        """A switch is no page of its own."""
        return False
