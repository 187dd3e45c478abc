"""The schema of a connection: chosen, checked, entered, and watched until it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from channels.db import database_sync_to_async
from channels.sessions import CookieMiddleware, SessionMiddleware
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from boardinghouse.contrib.channels.sockets import Receive, Send, Socket
from boardinghouse.contrib.channels.users import UserMiddleware
from boardinghouse.contrib.channels.visits import Moved, Visit
from boardinghouse.contrib.channels.watching import Watch, watching
from boardinghouse.exceptions import Forbidden
from boardinghouse.schema import override

if TYPE_CHECKING:
    from boardinghouse.models import AbstractSchema

Application = Callable[[dict[str, Any], Receive, Send], Awaitable[Any]]

APP = "boardinghouse.contrib.channels"

#: Codes with which sockets are closed: nothing may be entered; the session has left the schema.
REFUSED, MOVED = 4403, 4409
INTERNAL_ERROR = 1011


class SchemaMiddleware:
    """Run what is inside in the session's schema, once its user's membership has been checked.

    For websockets and for HTTP, inside Channels' ``AuthMiddlewareStack``. ``?__schema=NAME`` in
    the address chooses for this connection only. The session is never written.
    """

    def __init__(self, inner: Application) -> None:
        if not apps.is_installed(APP):
            raise ImproperlyConfigured(
                f"Add {APP!r} to INSTALLED_APPS: without it, sockets would not be closed when "
                "their session leaves the schema."
            )
        self.inner = inner

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> Any:
        if scope["type"] == "websocket":
            return await self._serve_socket(scope, receive, send)
        if scope["type"] == "http":
            return await self._serve_http(scope, receive, send)
        with override(None):
            return await self.inner(scope, receive, send)

    async def _serve_socket(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        visit = await database_sync_to_async(Visit)(scope)
        socket = Socket(scope, receive, send)
        async with watching(visit) as watch:
            try:
                schema = await self._find_schema(visit, scope)
            except Forbidden as error:
                await receive()  # that it connects
                await socket.close(MOVED if isinstance(error, Moved) else REFUSED)
                return
            async with closing(socket, watch):
                with override(schema):
                    await self.inner(in_schema(scope, schema), socket.receive, socket.send)

    async def _serve_http(self, scope: dict[str, Any], receive: Receive, send: Send) -> Any:
        visit = await database_sync_to_async(Visit)(scope)
        try:
            schema = await self._find_schema(visit, scope)
        except Forbidden:
            await send_refusal(send)
            return None
        with override(schema):
            return await self.inner(in_schema(scope, schema), receive, send)

    async def _find_schema(self, visit: Visit, scope: dict[str, Any]) -> AbstractSchema | None:
        """Return the schema of a visit; raise Forbidden for none, unless that is served too."""
        schema: AbstractSchema | None = await database_sync_to_async(visit.find_schema)()
        if schema is None and not serves_visitors(self.inner, scope):
            raise Forbidden
        return schema


def in_schema(scope: dict[str, Any], schema: AbstractSchema | None) -> dict[str, Any]:
    """Return the scope that says which schema a connection is in."""
    name = schema.schema if schema else None
    return {**scope, "schema": schema, "schema_name": name, "multitenant": True}


def serves_visitors(application: Application, scope: dict[str, Any]) -> bool:
    """Tell whether an application has something for those who are in no schema."""
    serves = getattr(application, "serves_visitors", None)
    return serves is not None and serves(scope)


@asynccontextmanager
async def closing(socket: Socket, watch: Watch) -> AsyncIterator[None]:
    """Close a socket when its visit is over, or when nobody can tell any more."""
    task = asyncio.create_task(close_when_over(socket, watch))
    try:
        yield
    finally:
        socket.forget()
        task.cancel()
        await asyncio.wait({task})
        error = None if task.cancelled() else task.exception()
    if error is not None:
        raise error


async def close_when_over(socket: Socket, watch: Watch) -> None:
    try:
        await watch.until_over()
    except Exception:
        await socket.close(INTERNAL_ERROR)
        raise
    await socket.close(MOVED)


async def send_refusal(send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": str(Forbidden()).encode()})


def SchemaMiddlewareStack(inner: Application) -> Application:
    """Put cookies, session, user and schema around an application."""
    stack: Application = CookieMiddleware(
        SessionMiddleware(UserMiddleware(SchemaMiddleware(inner)))
    )
    return stack
