"""Which consumers there are for whom: `SchemaURLRouter`."""

import sys
from types import ModuleType

import pytest
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import URLRouter
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import path

from boardinghouse.contrib.channels import SchemaMiddlewareStack, SchemaURLRouter
from boardinghouse.contrib.channels.routing import router_of
from boardinghouse.models import Schema
from boardinghouse.schema import get_active_schema_name
from tests.browsers import enter
from tests.conftest import make_user
from tests.sockets import MOVED, REFUSED, connected, hear, in_thread
from tests.test_async import run


class Names(AsyncJsonWebsocketConsumer):
    """Says which consumer it is, and where."""

    name = ""

    async def connect(self):
        await self.accept()
        route = self.scope["url_route"]["kwargs"]
        await self.send_json(
            [self.name, self.scope["schema_name"], get_active_schema_name(), route]
        )


def named(name):
    return type(name, (Names,), {"name": name}).as_asgi()


@pytest.fixture
def person(committed_schemata):
    client = Client()
    client.force_login(make_user("person", *committed_schemata))
    return client


@pytest.fixture
def visitor(committed_schemata):
    return Client()


@pytest.fixture
def urlconf(monkeypatch):
    """What makes a module with patterns for a test."""

    def urlconf(name, **variables):
        module = ModuleType(name)
        vars(module).update(variables)
        monkeypatch.setitem(sys.modules, name, module)
        return name

    yield urlconf
    router_of.cache_clear()


def heard(router, address, client):
    async def main():
        async with connected(SchemaMiddlewareStack(router), address, client) as socket:
            return (await hear(socket, 2))[1]

    return run(main)


def test_the_setting_names_the_routes_of_all_schemata(person, settings, urlconf):
    settings.BOARDINGHOUSE_WS_URLCONF = urlconf(
        "sockets_of_all", websocket_urlpatterns=[path("room/<int:pk>/", named("all"))]
    )
    enter(person, "a")

    assert heard(SchemaURLRouter(), "/room/5/", person) == ["all", "a", "a", {"pk": 5}]
    assert heard(SchemaURLRouter(), "/room/5/?__schema=b", person) == ["all", "b", "b", {"pk": 5}]


def test_the_routes_may_be_called_urlpatterns(person, settings, urlconf):
    settings.BOARDINGHOUSE_WS_URLCONF = urlconf("of_all", urlpatterns=[path("", named("all"))])
    enter(person, "a")

    assert heard(SchemaURLRouter(), "/", person)[0] == "all"


def test_routes_may_be_given_in_code(person, settings):
    settings.BOARDINGHOUSE_WS_URLCONF = "not.there"
    enter(person, "a")

    assert heard(SchemaURLRouter([path("", named("given"))]), "/", person)[0] == "given"


def test_a_schemas_own_routes_are_its_alone(person, settings, urlconf, monkeypatch):
    own = urlconf("sockets_of_b", websocket_urlpatterns=[path("", named("own"))])
    where = {"a": "", "b": own}
    monkeypatch.setattr(Schema, "ws_urlconf", property(lambda it: where[it.pk]), raising=False)
    settings.BOARDINGHOUSE_WS_URLCONF = urlconf("of_all", urlpatterns=[path("", named("all"))])
    enter(person, "a")

    for router in (SchemaURLRouter(), SchemaURLRouter([path("", named("all"))])):
        assert heard(router, "/", person)[0] == "all"
        assert heard(router, "/?__schema=b", person)[0] == "own"


def test_a_router_without_routes_says_what_to_write(person, urlconf, settings):
    enter(person, "a")
    with pytest.raises(ImproperlyConfigured, match="BOARDINGHOUSE_WS_URLCONF"):
        heard(SchemaURLRouter(), "/", person)

    settings.BOARDINGHOUSE_WS_URLCONF = urlconf("of_all")
    with pytest.raises(ImproperlyConfigured, match="websocket_urlpatterns"):
        heard(SchemaURLRouter(), "/", person)


def test_it_nests_in_another_router(person):
    enter(person, "a")
    inner = SchemaMiddlewareStack(SchemaURLRouter([path("room/", named("nested"))]))
    inner._path_routing = True  # Channels' own middleware does not say so

    async def main():
        router = URLRouter([path("sockets/", inner)])
        async with connected(router, "/sockets/room/", person) as socket:
            return (await hear(socket, 2))[1]

    assert run(main)[0] == "nested"


# Visitors


def routers(urlconf, settings):
    """Return two routers for members and visitors: by settings, and in code."""
    routes, lobby = [path("room/", named("room"))], [path("lobby/", named("lobby"))]
    settings.BOARDINGHOUSE_WS_URLCONF = urlconf("of_all", websocket_urlpatterns=routes)
    settings.BOARDINGHOUSE_WS_VISITORS_URLCONF = urlconf("visitors", websocket_urlpatterns=lobby)
    return SchemaURLRouter(), SchemaURLRouter(routes, visitors=lobby)


def test_visitors_have_routes_of_their_own(person, visitor, urlconf, settings):
    for router in routers(urlconf, settings):
        for client in (visitor, person):
            assert heard(router, "/lobby/", client) == ["lobby", None, None, {}]
            assert heard(router, "/room/", client) == REFUSED


def test_those_in_a_schema_have_not_the_visitors_routes(person, urlconf, settings):
    enter(person, "a")

    for router in routers(urlconf, settings):
        assert heard(router, "/room/", person)[0] == "room"
        with pytest.raises(ValueError, match="No route"):
            heard(router, "/lobby/", person)


def test_who_asks_for_what_may_not_be_entered_is_no_visitor(person, visitor, urlconf, settings):
    Schema.objects.mass_create("c")

    for router in routers(urlconf, settings):
        assert heard(router, "/lobby/?__schema=c", person) == REFUSED
        assert heard(router, "/lobby/?__schema=a", visitor) == REFUSED


def test_a_visitors_socket_is_closed_when_a_schema_is_chosen(person, urlconf, settings):
    router, _same = routers(urlconf, settings)

    async def main():
        async with connected(SchemaMiddlewareStack(router), "/lobby/", person) as socket:
            await hear(socket, 2)
            await in_thread(enter, person, "a")
            return await hear(socket)

    assert run(main) == [MOVED]
