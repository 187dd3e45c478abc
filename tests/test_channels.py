"""Websockets in the schema of their session."""

import pytest
from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.testing import WebsocketCommunicator
from django.test import Client
from django.urls import path

from boardinghouse.contrib.channels import SchemaMiddlewareStack, SchemaURLRouter
from tests.browsers import enter
from tests.conftest import make_user
from tests.test_async import aowners, run


class ShowOwners(AsyncJsonWebsocketConsumer):
    async def receive_json(self, content):
        await self.send_json({"owners": await aowners(), "schema": self.scope["schema_name"]})


@pytest.fixture
def visitor(committed_schemata):
    client = Client()
    client.force_login(make_user("visitor", *committed_schemata))
    return client


def cookies_of(client):
    cookies = "; ".join(f"{key}={each.value}" for key, each in client.cookies.items())
    return [(b"cookie", cookies.encode())]


def test_a_socket_is_in_its_sessions_schema_until_that_switches(visitor):
    enter(visitor, "a")
    application = SchemaMiddlewareStack(SchemaURLRouter([path("ws/", ShowOwners.as_asgi())]))

    async def main():
        socket = WebsocketCommunicator(application, "/ws/", headers=cookies_of(visitor))
        assert await socket.connect() == (True, None)
        await socket.send_json_to({})
        assert await socket.receive_json_from() == {"owners": ["a"], "schema": "a"}
        await sync_to_async(enter)(visitor, "b")
        closed = await socket.receive_output(1)
        await socket.wait()
        return closed

    assert run(main) == {"type": "websocket.close", "code": 4409}
