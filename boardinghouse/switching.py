"""Changing the schema that a session remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest

from boardinghouse import access
from boardinghouse.exceptions import Forbidden
from boardinghouse.kept import forget_permissions
from boardinghouse.schema import revoke_request
from boardinghouse.signals import session_requesting_schema_change, session_schema_changed

if TYPE_CHECKING:
    from boardinghouse.models import AbstractSchema

KEY, NAME_KEY = "schema", "schema_name"
#: The attribute of a session whose schema has changed that says what it may replace in the stored
#: one, for `races`: anything, where somebody asked for it, or else only what was there before.
REPLACES, ANYTHING = "schema_replaces", object()


def change_schema(request: HttpRequest, schema: str | AbstractSchema | None) -> None:
    """Store a schema in the session, without activating it; the next request is in it.

    None, or an empty name, deselects. One round trip, and none to deselect. Raises Forbidden,
    which Django answers with 403 and which leaves no schema in the session, for a schema that
    the user may not enter or that does not exist, or when a receiver of
    `session_requesting_schema_change` refuses.
    """
    name = schema if isinstance(schema, str) or schema is None else schema.schema
    store(request, name or "", lambda user, name: access.visible(user, name).first())


async def achange_schema(request: HttpRequest, schema: str | AbstractSchema | None) -> None:
    """Do what `change_schema` does, from async code."""
    await sync_to_async(change_schema)(request, schema)


def store(
    request: HttpRequest, name: str, find: Callable[[Any, str], AbstractSchema | None]
) -> None:
    """Store a schema that `find` returns for the user and the name; none for an empty name."""
    user = request.user
    schema = find(user, name) if name else None
    try:
        if name and schema is None:
            raise Forbidden
        session_requesting_schema_change.send(
            sender=None, request=request, user=user, schema=schema
        )
    except Forbidden:
        forget_schema(request)
        revoke_request()
        raise
    if schema is None:
        forget_schema(request)
    else:
        remember_schema(request, schema)


def remember_schema(request: HttpRequest, schema: AbstractSchema) -> None:
    """Write a schema into the session, and tell; nothing if it is there already."""
    if request.session.get(KEY) != schema.schema:
        request.session[KEY], request.session[NAME_KEY] = schema.schema, schema.name
        tell(request, schema)


def forget_schema(request: HttpRequest) -> None:
    """Take the schema out of the session, and tell; nothing if there is none."""
    if request.session.pop(KEY, None) is not None:
        request.session.pop(NAME_KEY, None)
        tell(request, None)


def tell(request: HttpRequest, schema: AbstractSchema | None) -> None:
    session: Any = request.session
    setattr(session, REPLACES, ANYTHING)
    # `Client.force_login` makes a request that has no user.
    user = getattr(request, "user", None)
    forget_permissions(user)
    session_schema_changed.send(sender=None, request=request, user=user, schema=schema)


@contextmanager
def unasked(request: HttpRequest) -> Iterator[None]:
    """Let the changes of a block, for which nobody asked, give way to another request's switch."""
    session: Any = request.session
    replaces = getattr(session, REPLACES, session.get(KEY))
    try:
        yield
    finally:
        if hasattr(session, REPLACES):
            setattr(session, REPLACES, replaces)
