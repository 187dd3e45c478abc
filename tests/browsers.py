"""What sends requests in the tests, over WSGI and over ASGI, with one set of methods."""

import asyncio
from contextlib import contextmanager

from asgiref.sync import async_to_sync, iscoroutinefunction
from django.core.asgi import get_asgi_application
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import AsyncClient

JSON = {"Accept": "application/json"}
HTML = {"Accept": "text/html"}


class AsyncBrowser:
    """An AsyncClient that is called as a Client is."""

    def __init__(self, **defaults):
        self.client = AsyncClient(**defaults)

    def __getattr__(self, name):
        attribute = getattr(self.client, name)
        return async_to_sync(attribute) if iscoroutinefunction(attribute) else attribute


def enter(browser, name):
    """Put a schema into the session of a browser whose user may enter it."""
    assert browser.get(f"/__change_schema__/{name}/").status_code == 200


@contextmanager
def connections_kept():
    """Keep Django from closing the connection that the test's transaction is on."""
    signals = request_started, request_finished
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


@async_to_sync
async def get_from_asgi_server(path, client, headers=None):
    """Return the body of a page as an ASGI server would get it, with a client's cookies."""
    cookies = "; ".join(f"{key}={each.value}" for key, each in client.cookies.items())
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [
            (name.lower().encode(), value.encode())
            for name, value in {"host": "testserver", "cookie": cookies, **(headers or {})}.items()
        ],
    }
    requests = [{"type": "http.request", "body": b"", "more_body": False}]
    sent = []

    async def receive():
        if requests:
            return requests.pop()
        return await asyncio.Event().wait()  # the client stays until it is cancelled

    async def send(message):
        sent.append(message)

    with connections_kept():
        await get_asgi_application()(scope, receive, send)
    return b"".join(message.get("body", b"") for message in sent).decode()
