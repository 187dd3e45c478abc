"""Websockets to open in the tests, and what answers them."""

import asyncio
import json
from contextlib import asynccontextmanager, contextmanager
from threading import Event

from asgiref.sync import async_to_sync, sync_to_async
from channels import DEFAULT_CHANNEL_LAYER
from channels.auth import AuthMiddlewareStack
from channels.consumer import AsyncConsumer
from channels.db import database_sync_to_async
from channels.generic.http import AsyncHttpConsumer
from channels.generic.websocket import AsyncJsonWebsocketConsumer, JsonWebsocketConsumer
from channels.layers import InMemoryChannelLayer, channel_layers
from channels.testing import WebsocketCommunicator
from django.db import transaction
from django.urls import path

from boardinghouse.contrib.channels import (
    SchemaMiddleware,
    SchemaMiddlewareStack,
    SchemaURLRouter,
    schema_group,
)
from boardinghouse.schema import get_active_schema_name
from tests.conftest import owners
from tests.testapp.models import Account

REFUSED, MOVED = 4403, 4409


async def aowners():
    return [account.owner async for account in Account.objects.all()]


class ShowRows(AsyncJsonWebsocketConsumer):
    """Sends the rows that each of its moments sees."""

    async def connect(self):
        self.group = schema_group("rows", 1)
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        await self.send_json({"connect": await aowners()})

    async def receive_json(self, content):
        await self.send_json({"receive": await aowners(), "sync": await self.sync_owners()})
        if content.get("group"):
            await self.channel_layer.group_send(self.group, {"type": "rows.changed"})

    @database_sync_to_async
    def sync_owners(self):
        return owners()

    async def rows_changed(self, event):
        await self.send_json({"group": await aowners()})

    async def disconnect(self, code):
        await self.channel_layer.group_discard(self.group, self.channel_name)
        left.append((code, await aowners()))


class ShowRowsInSync(JsonWebsocketConsumer):
    """The same, by a sync consumer."""

    def connect(self):
        self.group = schema_group("rows", 1)
        async_to_sync(self.channel_layer.group_add)(self.group, self.channel_name)
        self.accept()
        self.send_json({"connect": owners()})

    def receive_json(self, content):
        self.send_json({"receive": owners(), "sync": owners()})
        if content.get("group"):
            async_to_sync(self.channel_layer.group_send)(self.group, {"type": "rows.changed"})

    def rows_changed(self, event):
        self.send_json({"group": owners()})

    def disconnect(self, code):
        async_to_sync(self.channel_layer.group_discard)(self.group, self.channel_name)
        left.append((code, owners()))


#: With which code, and which rows before them, consumers were disconnected.
left = []


class ShowScope(AsyncJsonWebsocketConsumer):
    """Sends what its scope says."""

    async def connect(self):
        await self.accept()
        schema = self.scope["schema"]
        await self.send_json(
            {
                "schema": schema and schema.name,
                "schema_name": self.scope["schema_name"],
                "multitenant": self.scope["multitenant"],
                "user": str(self.scope["user"]),
                "active": get_active_schema_name(),
            }
        )


class SaveSession(AsyncJsonWebsocketConsumer):
    """Writes into its session, as a consumer may and we do not."""

    async def receive_json(self, content):
        session = self.scope["session"]
        session.update(content)
        await database_sync_to_async(session.save)()
        await self.send_json({})


class ShowRowsByHttp(AsyncHttpConsumer):
    async def handle(self, body):
        await self.send_response(200, ",".join(await aowners()).encode())


class Closes(AsyncJsonWebsocketConsumer):
    async def connect(self):
        await self.accept()
        await self.close()


class Busy(JsonWebsocketConsumer):
    """Holds the one thread of all that is sync, from a message on until it is let go."""

    holding, may_go = Event(), Event()

    def receive_json(self, content):
        self.holding.set()
        self.may_go.wait(10)


class Deaf(AsyncConsumer):
    """Accepts nothing until it is told to end."""

    async def websocket_connect(self, message):
        await asyncio.Event().wait()


websocket_urlpatterns = [
    path("rows/", ShowRows.as_asgi()),
    path("rows/sync/", ShowRowsInSync.as_asgi()),
    path("scope/", ShowScope.as_asgi()),
    path("session/", SaveSession.as_asgi()),
    path("closing/", Closes.as_asgi()),
    path("deaf/", Deaf.as_asgi()),
    path("busy/", Busy.as_asgi()),
    path("http/", ShowRowsByHttp.as_asgi()),
]


def our_stack():
    return SchemaMiddlewareStack(SchemaURLRouter(websocket_urlpatterns))


def channels_stack():
    return AuthMiddlewareStack(SchemaMiddleware(SchemaURLRouter(websocket_urlpatterns)))


def cookie_header(client):
    """Return the cookies of a test client as a browser sends them."""
    cookies = "; ".join(f"{key}={each.value}" for key, each in client.cookies.items())
    return [(b"cookie", cookies.encode())] if cookies else []


@asynccontextmanager
async def connected(
    application, address, client=None, subprotocols=None, host="testserver", origin=None
):
    """Open a socket with a test client's cookies."""
    headers = [(b"host", host.encode()), *(cookie_header(client) if client else [])]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    socket = WebsocketCommunicator(application, address, headers, subprotocols)
    await socket.send_input({"type": "websocket.connect"})
    try:
        yield socket
    finally:
        await socket.send_input({"type": "websocket.disconnect", "code": 1001})
        await socket.wait()


async def hear(socket, count=1):
    """Return so many messages of a socket's application, each of them sent within a second.

    A code is one with which it was closed; the rest is "accepted", or what a consumer sent.
    """
    return [meaning_of(await socket.receive_output(1)) for _ in range(count)]


def meaning_of(message):
    kind = message["type"]
    if kind == "websocket.send":
        return json.loads(message["text"])
    return message.get("code", 1000) if kind == "websocket.close" else "accepted"


async def in_thread(function, *args, **kwargs):
    """Run what is sync as a page would be, while sockets are open."""
    return await sync_to_async(function)(*args, **kwargs)


@contextmanager
def using_layer(layer):
    """Use another channel layer for a block."""
    before = channel_layers.set(DEFAULT_CHANNEL_LAYER, layer)
    try:
        yield layer
    finally:
        channel_layers.set(DEFAULT_CHANNEL_LAYER, before)


def broken_layer():
    """Lose all that is sent in a block, as when Redis is down."""
    return using_layer(BrokenLayer())


class BrokenLayer(InMemoryChannelLayer):
    async def group_send(self, group, message):
        raise ConnectionError("There is no layer.")


def in_transaction(get_response):
    """Be a middleware that has each request, its session included, in a transaction."""
    return transaction.atomic(get_response)
