"""Open pages of the chat."""

import json
from contextlib import asynccontextmanager

from channels.testing import WebsocketCommunicator
from django.test import Client

from boardinghouse.contrib.channels import SchemaMiddlewareStack, SchemaURLRouter
from boardinghouse.contrib.chat.routing import websocket_urlpatterns
from tests.browsers import enter

ROUTER = SchemaURLRouter(websocket_urlpatterns)
SITE = SchemaMiddlewareStack(ROUTER)


def cookies_of(user, schema="a"):
    """Return what the browser of a user sends who is in a schema, or in none."""
    client = Client()
    client.force_login(user)
    if schema:
        enter(client, schema)
    cookies = "; ".join(f"{key}={each.value}" for key, each in client.cookies.items())
    return [(b"cookie", cookies.encode())]


class Page:
    """A page's end of its socket."""

    def __init__(self, communicator):
        self.communicator = communicator

    async def say(self, text, mark=1):
        await self.send({"say": text, "mark": mark})

    async def send(self, data):
        await self.communicator.send_to(text_data=json.dumps(data))

    async def hear(self, *kinds):
        """Return the next frame of one of these kinds, or of any."""
        while True:
            data = json.loads(await self.communicator.receive_from(10))
            if not kinds or data["type"] in kinds:
                return data

    async def hears_nothing(self):
        return await self.communicator.receive_nothing(0.2)

    async def is_closed(self):
        """Return the code that the socket is closed with, after whatever else is sent."""
        while True:
            message = await self.communicator.receive_output(10)
            if message["type"] == "websocket.close":
                return message["code"]


@asynccontextmanager
async def opened(room_id, cookies, query="", application=SITE):
    """Open a room's page for a block."""
    communicator = WebsocketCommunicator(
        application, f"/ws/chat/{room_id}/{query}", headers=cookies
    )
    assert (await communicator.connect(10))[0]
    try:
        yield Page(communicator)
    finally:
        await communicator.disconnect()


@asynccontextmanager
async def ready(room_id, cookies, query=""):
    """The same, once it is connected."""
    async with opened(room_id, cookies, query) as page:
        await page.hear("ready")
        yield page
