"""The database of a connection: websockets, and HTTP that does not pass Django's middleware."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

from django.core.handlers.asgi import ASGIRequest

from boardinghouse.contrib.databases.active import database
from boardinghouse.contrib.databases.hosts import database_of, database_of_page

#: https://asgi.readthedocs.io/en/latest/extensions.html#websocket-denial-response
DENIAL = "websocket.http.response"


class DatabaseASGIMiddleware:
    """Run an ASGI application in the database of the host that a connection names.

    Stands outside of what reads cookies and sessions. An unknown host is told 404; a websocket
    is refused before it is accepted, with 404 where the server can say so, and so is one that a
    page of another customer's host opens. Other kinds of scope (``lifespan``) pass as they are.
    """

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        alias = database_of(request_of(scope))
        if alias is None or not is_opened_at_home(scope, alias):
            await refuse(scope, receive, send)
            return
        with database(alias):
            await self.app(scope, receive, send)


def request_of(scope: Any) -> ASGIRequest:
    """Return a request that has the headers of a scope, to be asked for its host.

    And not its query: what is no UTF-8 there is for the application to refuse.
    """
    method = scope.get("method", "GET")
    return ASGIRequest({**scope, "method": method, "query_string": b""}, BytesIO())


def is_opened_at_home(scope: Any, alias: str) -> bool:
    """Tell whether a websocket is opened by a page of the same customer, or by no page at all.

    Hosts below one domain are one site, whose cookies browsers send from all of its pages. HTTP
    has Django's CSRF protection instead.
    """
    if scope["type"] != "websocket":
        return True
    origins = (value.decode("latin-1") for name, value in scope["headers"] if name == b"origin")
    return all(database_of_page(each) == alias for each in origins)


async def refuse(scope: Any, receive: Any, send: Any) -> None:
    """Answer 404, or close a websocket that was not accepted."""
    if scope["type"] == "http":
        await send_not_found(send, "http")
        return
    await receive()  # websocket.connect
    if DENIAL in scope.get("extensions", {}):
        await send_not_found(send, DENIAL.removesuffix(".response"))
    else:
        await send({"type": "websocket.close"})


async def send_not_found(send: Any, protocol: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"9")]
    await send({"type": f"{protocol}.response.start", "status": 404, "headers": headers})
    await send({"type": f"{protocol}.response.body", "body": b"Not Found"})
