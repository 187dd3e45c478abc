"""A schema for one request alone, whatever its session remembers.

For middleware that stands between the authentication's and `SchemaMiddleware`, and learns the
schema from the request itself: from its path, say. The session stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

from boardinghouse import access
from boardinghouse.exceptions import Forbidden
from boardinghouse.signals import session_requesting_schema_change

if TYPE_CHECKING:
    from boardinghouse.models import AbstractSchema


def pin_schema(request: HttpRequest, name: str) -> AbstractSchema | None:
    """Have `SchemaMiddleware` enter a schema for this request alone; return it, or None.

    None, and nothing is pinned, if the request's user may not enter it, if it does not exist, or
    if a receiver of `session_requesting_schema_change` refuses. One round trip; entering costs no
    second one. Raises SchemaBehind while the schema waits for a migration; answer with
    `boardinghouse.responses.ask_to_wait`.
    """
    schema = access.prepare(request.user, name)
    if schema is None or is_refused(request, schema):
        return None
    request.pinned_schema = schema  # type: ignore[attr-defined]
    return schema


def is_refused(request: HttpRequest, schema: AbstractSchema) -> bool:
    try:
        session_requesting_schema_change.send(
            sender=None, request=request, user=request.user, schema=schema
        )
    except Forbidden:
        return True
    return False


def get_pinned_schema(request: HttpRequest) -> AbstractSchema | None:
    """Return the schema that a request is pinned to, or None."""
    schema: AbstractSchema | None = getattr(request, "pinned_schema", None)
    return schema
