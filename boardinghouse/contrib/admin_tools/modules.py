"""Dashboard modules: `Schemata`, and `RecentActions` of the active schema."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from admin_tools.dashboard import modules
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from boardinghouse.contrib.admin.models import SchemaLogEntry
from boardinghouse.contrib.admin_tools.links import LIMIT, links_to_schemata
from boardinghouse.schema import get_active_schema_name


class Schemata(modules.LinkList):  # type: ignore[misc]  # untyped
    """The person's schemata, each a link that switches; the current one is marked."""

    title = _("Schemata")
    limit = LIMIT

    def init_with_context(self, context: Any) -> None:
        if not self._initialized:
            self.children = [
                {
                    "title": link.title,
                    "url": link.url,
                    "attrs": {"aria-current": "true"} if link.is_current else {},
                }
                for link in links_to_schemata(context, self.limit)
            ]
            super().init_with_context(context)


class RecentActions(modules.RecentActions):  # type: ignore[misc]  # untyped
    """The person's recent actions in the active schema and on shared objects.

    The one of django-admin-tools shows those of every schema.
    """

    _initialized: bool

    def init_with_context(self, context: Any) -> None:
        if self._initialized:
            return
        entries = SchemaLogEntry.objects.seen_from(get_active_schema_name())
        entries = entries.filter(user=context["request"].user)
        if self.include_list:
            entries = entries.filter(about(self.include_list))
        if self.exclude_list:
            entries = entries.exclude(about(self.exclude_list))
        self.children = list(entries.select_related("content_type", "user")[: self.limit])
        if not self.children:
            self.pre_content = _("No recent actions.")
        self._initialized = True


def about(labels: Any) -> Q:
    """Return the condition that an entry is about one of some models, named "app.model"."""
    pairs = (label.lower().split(".") for label in labels)
    conditions = [Q(content_type__app_label=app, content_type__model=name) for app, name in pairs]
    return reduce(or_, conditions)
