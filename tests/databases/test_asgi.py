"""The wrapper for websockets and for HTTP outside of Django: each connection its host's."""

import asyncio

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from boardinghouse.contrib.databases import DatabaseASGIMiddleware, get_active_database
from boardinghouse.schema import override
from tests.conftest import owners
from tests.databases.conftest import BOTH, CLIENTS

HOST1, HOST2 = CLIENTS


async def application(scope, receive, send):
    """Tell, in two steps, whose rows there are."""
    with override("a"):
        for _ in range(2):
            await asyncio.sleep(0)
            await send({"owners": await sync_to_async(owners)()})


async def tell_database(scope, receive, send):
    await send({"active": get_active_database()})


def scope_of(kind, host, **more):
    hosts = [host] if isinstance(host, str) else host
    return {
        "type": kind,
        "path": "/ws/",
        "headers": [(b"host", each.encode()) for each in hosts],
        **more,
    }


async def connect(app, scope):
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": f"{scope['type']}.connect"}

    await DatabaseASGIMiddleware(app)(scope, receive, send)
    return sent


def run(*arguments):
    return async_to_sync(connect)(*arguments)


@pytest.mark.django_db(databases=BOTH)
@pytest.mark.parametrize("kind", ["websocket", "http"])
def test_each_connection_has_its_hosts_rows(customers, kind):
    async def main():
        both = [connect(application, scope_of(kind, host)) for host in CLIENTS]
        return await asyncio.gather(*both)

    assert async_to_sync(main)() == [
        [{"owners": ["default:a"]}] * 2,
        [{"owners": ["other:a"]}] * 2,
    ]
    assert get_active_database() is None


@pytest.mark.parametrize("kind", ["websocket", "http"])
def test_a_query_that_is_no_text_is_left_to_the_application(hosts, kind):
    scope = scope_of(kind, HOST2, query_string=b"\xff")

    assert run(tell_database, scope) == [{"active": "other"}]


UNKNOWN = ["unknown.example.com", f"{HOST1}:x", [HOST1, HOST2], [], ["", HOST1]]


@pytest.mark.parametrize("host", UNKNOWN, ids=repr)
def test_a_websocket_of_an_unknown_host_is_refused_before_it_is_accepted(hosts, host):
    assert run(application, scope_of("websocket", host)) == [{"type": "websocket.close"}]


@pytest.mark.parametrize("host", UNKNOWN, ids=repr)
def test_with_404_where_the_server_can_say_so(hosts, host):
    extensions = {"websocket.http.response": {}}

    start, body = run(application, scope_of("websocket", host, extensions=extensions))

    assert (start["type"], start["status"]) == ("websocket.http.response.start", 404)
    assert body == {"type": "websocket.http.response.body", "body": b"Not Found"}


@pytest.mark.parametrize("host", UNKNOWN, ids=repr)
def test_so_is_http(hosts, host):
    start, body = run(application, scope_of("http", host, method="GET"))

    assert (start["type"], start["status"]) == ("http.response.start", 404)
    assert body["body"] == b"Not Found"


@pytest.mark.parametrize("host", [HOST2, f"{HOST2}:8001", HOST2.upper(), f"{HOST2}."])
def test_port_case_and_a_dot_at_the_end_make_no_difference(hosts, host):
    assert run(tell_database, scope_of("websocket", host)) == [{"active": "other"}]


def from_page(*origins):
    scope = scope_of("websocket", HOST2)
    scope["headers"] += [(b"origin", each.encode("latin-1")) for each in origins]
    return scope


FOREIGN = [
    f"http://{HOST1}",
    "http://unknown.example.com",
    f"http://{HOST2}.evil.example",
    f"http://{HOST2}:x",
    f"http://{HOST2}@{HOST1}",
    "http://[",
    f"http://{HOST2}\xff",
    HOST2,
    "null",
    "",
]


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_websocket_of_another_hosts_page_is_refused(hosts, origin):
    refused = [{"type": "websocket.close"}]

    assert run(tell_database, from_page(origin)) == refused
    assert run(tell_database, from_page(f"http://{HOST2}", origin)) == refused


@pytest.mark.parametrize(
    "origins", [[], [f"http://{HOST2}"], [f"https://{HOST2}:8001"], ["http://www2.example.com"]]
)
def test_one_of_a_page_of_the_same_customers_hosts_is_not(hosts, settings, origins):
    settings.BOARDINGHOUSE_DATABASE_HOSTS["www2.example.com"] = "other"

    assert run(tell_database, from_page(*origins)) == [{"active": "other"}]


def test_the_origin_of_http_is_left_to_the_application(hosts):
    scope = {**from_page(f"http://{HOST1}"), "type": "http"}

    assert run(tell_database, scope) == [{"active": "other"}]


def test_other_scopes_pass_as_they_are(hosts):
    assert run(tell_database, {"type": "lifespan"}) == [{"active": None}]
