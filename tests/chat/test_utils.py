"""The names of django-chatter: each works as it did there."""

import pytest
from channels.sessions import CookieMiddleware, SessionMiddleware
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser, User

from boardinghouse.contrib.chat import rooms as ours
from boardinghouse.contrib.chat.utils import (
    ChatterMTMiddlewareStack,
    MTAuthMiddleware,
    MTSchemaMiddleware,
    create_room,
)
from boardinghouse.schema import get_active_schema_name
from tests.chat.sockets import cookies_of
from tests.test_async import run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def schemata(committed_schemata):
    return committed_schemata


def below_session(inner):
    return CookieMiddleware(SessionMiddleware(inner))


def scope_seen(application, cookies=(), query=""):
    """Return the scope that the innermost application sees, or what the socket is sent instead."""
    seen = []

    async def inner(scope, receive, send):
        await receive()
        user = str(scope["user"]) if "user" in scope else None
        seen.append({**scope, "user": user, "active": get_active_schema_name()})
        await send({"type": "websocket.accept"})

    async def main():
        communicator = WebsocketCommunicator(application(inner), "/ws/" + query, headers=cookies)
        await communicator.connect(10)
        return seen[0] if seen else await communicator.receive_output(10)

    return run(main)


def alone_schema(inner):
    return below_session(MTSchemaMiddleware(inner))


def schema_then_user(inner):
    return below_session(MTSchemaMiddleware(MTAuthMiddleware(inner)))


def user_then_schema(inner):
    return below_session(MTAuthMiddleware(MTSchemaMiddleware(inner)))


STACKS = [alone_schema, schema_then_user, user_then_schema, ChatterMTMiddlewareStack]


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_finds_schema_and_user_in_the_session(schemata, anna, stack):
    scope = scope_seen(stack, cookies_of(anna, "b"))

    assert scope["multitenant"] is True
    assert (scope["schema_name"], scope["active"]) == ("b", "b")
    assert scope["schema"] == schemata[1]
    assert scope["user"] == "anna"


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_refuses_who_may_not(schemata, anna, stack):
    cookies = cookies_of(anna, "b")
    anna.schemata.remove(schemata[1])

    assert scope_seen(stack, cookies) == {"type": "websocket.close", "code": 4403}


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_refuses_who_is_nobody(schemata, stack):
    assert scope_seen(stack) == {"type": "websocket.close", "code": 4403}


def test_the_user_alone_needs_no_schema(schemata, anna):
    def stack(inner):
        return below_session(MTAuthMiddleware(inner))

    scope = scope_seen(stack, cookies_of(anna, None))

    assert scope["user"] == "anna"
    assert "schema_name" not in scope
    assert scope_seen(stack)["user"] == str(AnonymousUser())


def test_the_user_alone_is_nobody_when_inactive(schemata, anna):
    cookies = cookies_of(anna)
    User.objects.filter(pk=anna.pk).update(is_active=False)

    scope = scope_seen(lambda inner: below_session(MTAuthMiddleware(inner)), cookies)

    assert scope["user"] == str(AnonymousUser())


def test_create_room_is_ours():
    assert create_room is ours.create_room
