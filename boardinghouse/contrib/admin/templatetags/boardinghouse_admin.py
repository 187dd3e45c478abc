"""What our templates of the admin show."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from boardinghouse.templatetags.boardinghouse import schema_field, schema_switcher

register = template.Library()


@register.inclusion_tag("admin/boardinghouse/scripts.html", takes_context=True)
def admin_schema_scripts(context: template.Context) -> dict[str, Any]:
    """Put our style sheet on a page, and for many schemata the scripts of the switcher."""
    return {**switcher_of(context), "csp_nonce": context.get("csp_nonce")}


@register.inclusion_tag("admin/boardinghouse/switcher.html", takes_context=True)
def admin_schema_switcher(context: template.Context) -> dict[str, Any]:
    """Show the switcher in the header."""
    return switcher_of(context)


def switcher_of(context: template.Context) -> dict[str, Any]:
    """Return what the switcher shows; one query for a page. Nothing in popups and on errors."""
    if not context.get("has_permission") or context.get("is_popup"):
        return {}
    request = context["request"]
    if not hasattr(request, "boardinghouse_switcher"):
        request.boardinghouse_switcher = schema_switcher(context)
    found: dict[str, Any] = request.boardinghouse_switcher
    return found


@register.tag
def with_schema_field(parser: template.base.Parser, token: template.base.Token) -> FormsNode:
    """Put ``{% schema_field %}`` into each form between here and ``{% endwith_schema_field %}``.

    For templates of Django's that have no block inside their form.
    """
    nodes = parser.parse(("endwith_schema_field",))
    parser.delete_first_token()
    return FormsNode(nodes)


class FormsNode(template.Node):
    def __init__(self, nodes: template.NodeList) -> None:
        self.nodes = nodes

    def render(self, context: template.Context) -> SafeString:
        text = self.nodes.render(context)
        return mark_safe(text.replace("</form>", f"{schema_field()}</form>"))
