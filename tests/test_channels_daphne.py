"""Websockets served by Daphne, in two processes with a Redis between them."""

import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from http.cookiejar import CookieJar
from itertools import product
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

import pytest
from django.db import connection, transaction
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from boardinghouse.models import Schema
from tests.caches import running_redis
from tests.conftest import make_user, rolled_back
from tests.sockets import MOVED, REFUSED

LAYERS = {
    "core": "channels_redis.core.RedisChannelLayer",
    "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
}


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    with running_redis(tmp_path_factory.mktemp("redis")) as address:
        yield address


@pytest.fixture(scope="module")
def layer(request, redis):
    """A channel layer's class and the address of its Redis."""
    return LAYERS[getattr(request, "param", "core")], redis


@pytest.fixture(scope="module")
def servers(layer, django_db_setup, django_db_blocker):
    """The addresses of two Daphnes."""
    backend, redis = layer
    with django_db_blocker.unblock():
        database = connection.settings_dict["NAME"]
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.projects.sockets",
        "PROJECT_DATABASE": database,
        "PROJECT_LAYER": backend,
        "PROJECT_REDIS": redis,
    }
    with ExitStack() as stack:
        starting = [stack.enter_context(daphne(environment)) for _ in range(2)]
        yield [address_of(each) for each in starting]


@contextmanager
def daphne(environment):
    endpoint = "tcp:port=0:interface=127.0.0.1"
    command = [sys.executable, "-m", "daphne", "-e", endpoint, "--access-log", os.devnull]
    with subprocess.Popen(
        [*command, "tests.projects.sockets_asgi:application"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            yield server
        finally:
            server.terminate()
            server.communicate()


def address_of(server):
    """Return where a Daphne listens, once it does."""
    said = ""
    for line in server.stderr:
        said += line
        if found := re.search(r"Listening on TCP address (\S+)", line):
            return found[1]
    raise RuntimeError(f"Daphne did not start: {said}")


class Browser:
    """Keeps cookies; its pages are of one server, and its sockets of the other."""

    def __init__(self, servers):
        self.pages, self.sockets = servers
        self.cookies = CookieJar()
        self.opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(self.cookies))

    def get(self, path, **headers):
        with self.opener.open(Request(f"http://{self.pages}{path}", headers=headers)) as page:
            return page.read().decode()

    def open(self, path, *, origin=None, server=None, **options):
        cookies = "; ".join(f"{each.name}={each.value}" for each in self.cookies)
        server = server or self.sockets
        return connect(
            f"ws://{server}{path}",
            origin=origin or f"http://{self.pages}",
            additional_headers={"Cookie": cookies} if cookies else {},
            proxy=None,
            **options,
        )


def hear(socket):
    return json.loads(socket.recv(timeout=5))


def closing_code(socket):
    """Return the code with which a socket is closed within a second."""
    with pytest.raises(ConnectionClosed):
        socket.recv(timeout=1)
    return socket.close_code


def is_open(socket, seconds=0.5):
    """Tell whether a socket is open, and nobody says anything, for a while."""
    try:
        said = socket.recv(timeout=seconds)
    except TimeoutError:
        return True
    except ConnectionClosed:
        return False
    raise AssertionError(said)


@pytest.fixture
def user(committed_schemata):
    return make_user("person", *committed_schemata)


@pytest.fixture
def make_browser(servers):
    def make_browser(user=None, schema=None):
        browser = Browser(servers)
        if user is not None:
            browser.get(f"/log-in/{user.username}/")
        if schema is not None:
            browser.get(f"/__change_schema__/{schema}/")
        return browser

    return make_browser


@pytest.fixture
def browser(make_browser, user):
    """A browser in which a member of both schemata is in a."""
    return make_browser(user, "a")


@pytest.fixture
def _our_layer(settings, layer):
    """The tests' own process is a third one."""
    backend, redis = layer
    host = {"address": redis, "socket_timeout": None}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": {"hosts": [host]}}}


@pytest.mark.parametrize("path", ["/rows/", "/rows/sync/"])
def test_a_socket_is_in_its_sessions_schema(browser, path):
    with browser.open(path) as socket:
        assert hear(socket) == {"connect": ["a"]}
        socket.send('{"group": true}')
        assert [hear(socket), hear(socket)] == [{"receive": ["a"], "sync": ["a"]}, {"group": ["a"]}]
    with browser.open(f"{path}?__schema=b") as socket:
        assert hear(socket) == {"connect": ["b"]}


def test_a_browser_can_read_why_it_was_refused(make_browser, user, browser):
    for refused, path in (
        (make_browser(), "/rows/"),
        (make_browser(user), "/rows/"),
        (browser, "/rows/?__schema=missing"),
    ):
        with refused.open(path, subprotocols=["rows"]) as socket:
            assert closing_code(socket) == REFUSED


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1.evil.example", "null"])
def test_another_sites_page_is_refused(browser, origin):
    with pytest.raises(InvalidStatus) as refusal:
        browser.open("/rows/", origin=origin)

    assert refusal.value.response.status_code == 403


SWITCHES = {
    "by the address": lambda browser: browser.get("/schema/?__schema=b"),
    "by the header": lambda browser: browser.get("/schema/", **{"X-Change-Schema": "b"}),
    "by the endpoint": lambda browser: browser.get("/__change_schema__/b/"),
    "by a view": lambda browser: browser.get("/change/b/"),
    "to none": lambda browser: browser.get("/change/"),
    "by logging out": lambda browser: browser.get("/log-out/"),
    "by logging in as somebody else": lambda browser: browser.get("/log-in/other/"),
}


@pytest.mark.parametrize("switch", SWITCHES.values(), ids=SWITCHES)
def test_a_switch_in_one_process_closes_the_sockets_of_all(browser, servers, switch):
    make_user("other")
    with (
        browser.open("/rows/", server=servers[0]) as here,
        browser.open("/rows/sync/", server=servers[1]) as there,
    ):
        assert [hear(here), hear(there)] == [{"connect": ["a"]}] * 2

        switch(browser)

        assert [closing_code(here), closing_code(there)] == [MOVED] * 2


def test_the_page_comes_back_in_the_new_schema(browser):
    with browser.open("/rows/") as socket:
        hear(socket)
        browser.get("/__change_schema__/b/")
        assert closing_code(socket) == MOVED
    with browser.open("/rows/") as socket:
        assert hear(socket) == {"connect": ["b"]}
        assert is_open(socket)


def deactivate(instance):
    instance.is_active = False
    instance.save()


def leave_in_a_transaction(user):
    with transaction.atomic():
        user.schemata.remove("a")


ENDINGS = {
    "the user leaves": lambda user: user.schemata.remove("a"),
    "the user leaves in a transaction": leave_in_a_transaction,
    "the schema loses all users": lambda user: Schema.objects.get(pk="a").users.clear(),
    "the user is deactivated": deactivate,
    "the schema is deactivated": lambda user: deactivate(Schema.objects.get(pk="a")),
    "all schemata are deactivated": lambda user: Schema.objects.update(is_active=False),
    "the schema is dropped": lambda user: Schema.objects.get(pk="a").delete(drop=True),
}


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
@pytest.mark.usefixtures("_our_layer")
def test_the_end_of_membership_in_one_process_closes_the_sockets_of_another(browser, user, end):
    with browser.open("/scope/") as socket:
        hear(socket)

        end(user)

        assert closing_code(socket) == MOVED


@pytest.mark.usefixtures("_our_layer")
def test_what_is_rolled_back_closes_nothing(browser, user):
    with browser.open("/scope/") as socket:
        hear(socket)

        with rolled_back():
            user.schemata.clear()

        assert is_open(socket)


def test_the_sockets_of_others_stay_open(browser, make_browser, user):
    elsewhere = make_browser(user, "a")
    with elsewhere.open("/rows/") as socket:
        hear(socket)

        browser.get("/__change_schema__/b/")

        assert is_open(socket)


def test_a_group_reaches_the_other_process_and_no_other_schema(
    browser, make_browser, servers, user
):
    in_b = make_browser(user, "b")
    with (
        browser.open("/rows/", server=servers[0]) as here,
        browser.open("/rows/", server=servers[1]) as there,
        in_b.open("/rows/", server=servers[1]) as elsewhere,
    ):
        for socket in (here, there, elsewhere):
            hear(socket)

        here.send('{"group": true}')

        assert hear(here) == {"receive": ["a"], "sync": ["a"]}
        assert hear(here) == hear(there) == {"group": ["a"]}
        assert is_open(elsewhere)


def test_a_socket_on_which_nobody_speaks_stays_open(browser):
    """Longer than the layer waits for Redis at a time, and than redis-py would at most."""
    with browser.open("/rows/") as socket:
        assert hear(socket) == {"connect": ["a"]}
        assert is_open(socket, seconds=7)

        socket.send("{}")

        assert hear(socket) == {"receive": ["a"], "sync": ["a"]}


@pytest.mark.parametrize("layer", ["pubsub"], indirect=True)
@pytest.mark.usefixtures("_our_layer")
def test_the_other_layer_of_redis_does_as_well(browser, user):
    with browser.open("/rows/") as socket:
        assert hear(socket) == {"connect": ["a"]}
        browser.get("/__change_schema__/b/")
        assert closing_code(socket) == MOVED
    with browser.open("/scope/") as socket:
        assert hear(socket)["schema_name"] == "b"
        user.schemata.remove("b")
        assert closing_code(socket) == MOVED


# C4


def test_many_sockets_of_one_process_keep_apart(browser, make_browser, user):
    """They share one worker thread, and so one connection to PostgreSQL."""
    browsers = {"a": browser, "b": make_browser(user, "b")}
    with ExitStack() as stack:
        opened = [
            (name, stack.enter_context(browsers[name].open(path)))
            for name, path in product("ab", ("/rows/", "/rows/sync/", "/rows/", "/rows/sync/"))
        ]
        for _ in range(10):
            for _name, socket in opened:
                socket.send("{}")
        for name, socket in opened:
            assert hear(socket) == {"connect": [name]}
            for _ in range(10):
                assert hear(socket) == {"receive": [name], "sync": [name]}
