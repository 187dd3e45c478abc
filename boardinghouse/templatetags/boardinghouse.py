"""``{% load boardinghouse %}``: the switcher, and what keeps open tabs honest."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from boardinghouse.links import schema_url as make_url
from boardinghouse.mirror import COOKIE
from boardinghouse.pinned import get_pinned_schema
from boardinghouse.schema import get_active_schema, get_active_schema_name, get_schema_model
from boardinghouse.stale import FIELD
from boardinghouse.wishes import endpoint_address

register = template.Library()

#: Up to so many schemata the switcher is a list; above, a search.
LIST_LIMIT = 15


@register.simple_tag
def schema_field() -> SafeString:
    """Say in a form which schema its page was made in; sent from another, it is refused."""
    return format_html(
        '<input type="hidden" name="{}" value="{}">', FIELD, get_active_schema_name() or ""
    )


@register.simple_tag(takes_context=True)
def schema_url(
    context: template.Context, schema: Any, url: str, *, signed: bool = False, user: Any = None
) -> str:
    """Return an address that switches to a schema and shows `url`; see `boardinghouse.links`.

    A signed one is for `user`: by default the context's, who is the request's on a page.
    """
    reader = (user or context.get("user") or get_user_of(context)) if signed else None
    if signed and reader is None:
        raise template.TemplateSyntaxError(
            "A signed link is for one person: {% schema_url schema url signed=True user=user %}."
        )
    return make_url(schema, url, user=reader)


def get_user_of(context: template.Context) -> Any:
    """Return the user of the context's request; None for a page that is made without one."""
    return getattr(context.get("request"), "user", None)


@register.inclusion_tag("boardinghouse/scripts.html", takes_context=True)
def schema_scripts(context: template.Context) -> dict[str, Any]:
    """Put the style sheet and the script of boardinghouse on a page."""
    schema = get_active_schema() if get_user_of(context) else None
    request = context.get("request")
    return {
        "cookie": COOKIE,
        "csp_nonce": context.get("csp_nonce"),
        "endpoint": endpoint_address(request) if request and get_user_of(context) else "",
        "field": FIELD,
        "is_pinned": request is not None and get_pinned_schema(request) is not None,
        "schema": schema.schema if schema else "",
        "name": schema.name if schema else "",
    }


@register.inclusion_tag("boardinghouse/switcher.html", takes_context=True)
def schema_switcher(context: template.Context, disabled: str = "") -> dict[str, Any]:
    """Show where one is, and let one go elsewhere; with a reason, only show it.

    One query; none for somebody who is not logged in.
    """
    request, user = context.get("request"), get_user_of(context)
    if request is None or user is None:
        return {"schemata": []}
    manager: Any = get_schema_model()._default_manager
    found = list(manager.visible_to(user).order_by("name", "pk")[: LIST_LIMIT + 1])
    return {
        "back": request.get_full_path() if request.method == "GET" else request.path,
        "csrf_token": context.get("csrf_token"),
        "disabled": disabled or context.get("schema_switcher_disabled", ""),
        "endpoint": endpoint_address(request),
        "is_list": len(found) <= LIST_LIMIT,
        "schemata": found,
        "selected": get_active_schema(),
    }
