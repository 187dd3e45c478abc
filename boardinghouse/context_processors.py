"""Template variables about schemata."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from boardinghouse.schema import get_active_schema_name, get_schema_model


def schemata(request: HttpRequest) -> dict[str, Any]:
    """Give templates three variables; a page that does not use them pays no query.

    `schemata`: what the user may enter; `schema_choices`: the same as pairs of name and display
    name; `selected_schema`: the active schema's name, or None.
    """
    found = SimpleLazyObject(lambda: visible_to_user_of(request))
    return {
        "schemata": found,
        "schema_choices": SimpleLazyObject(lambda: [(each.schema, each.name) for each in found]),
        "selected_schema": get_active_schema_name(),
    }


def visible_to_user_of(request: HttpRequest) -> Any:
    """Return what a request's user may enter; nothing on an error page that came before users."""
    manager: Any = get_schema_model()._default_manager
    return manager.visible_to(request.user) if hasattr(request, "user") else manager.none()
