"""The links that the dashboard module and the menu item show."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlencode

from admin_tools.utils import get_admin_site_name
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from boardinghouse.links import schema_url
from boardinghouse.schema import get_active_schema, get_schema_model
from boardinghouse.wishes import endpoint_address

#: Above so many schemata the rest is left to the chooser.
LIMIT = 15


class SchemaLink(NamedTuple):
    title: str
    url: str
    is_current: bool


def links_to_schemata(context: Any, limit: int = LIMIT) -> list[SchemaLink]:
    """Return links that switch, in one query: the person's schemata, the current one marked.

    Where there are more than `limit`, the last link leads to the chooser, and the current one is
    among those before it.
    """
    request: HttpRequest = context["request"]
    manager: Any = get_schema_model()._default_manager
    found = list(manager.visible_to(request.user).order_by("name", "pk")[: limit + 1])
    here, back = get_active_schema(), address_of_page(context)
    shown = found[:limit]
    if here is not None and here not in shown:
        shown = [here, *shown[:-1]]
    links = [link_to(schema, back, is_current=schema == here) for schema in shown]
    if len(found) <= limit:
        return links
    chooser = f"{endpoint_address(request)}?{urlencode({'next': back})}"
    return [*links, SchemaLink(_("All of them…"), chooser, is_current=False)]


def link_to(schema: Any, back: str, *, is_current: bool) -> SchemaLink:
    title = _("%(name)s (you are here)") % {"name": schema.name} if is_current else schema.name
    return SchemaLink(title, schema_url(schema.schema, back), is_current)


def address_of_page(context: Any) -> str:
    """Return where to go on after a switch: here, or the index from an object of a schema."""
    request: HttpRequest = context["request"]
    if context.get("schema_switcher_disabled"):
        return reverse(f"{get_admin_site_name(context)}:index")
    return request.get_full_path() if request.method == "GET" else request.path
