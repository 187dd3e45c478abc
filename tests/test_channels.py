"""Websockets, and HTTP through Channels, in the schema of their session."""

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from channels.testing import ApplicationCommunicator, HttpCommunicator
from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, override_settings
from django.utils.timezone import now

from boardinghouse.contrib.channels import (
    SchemaMiddleware,
    SchemaMiddlewareStack,
    SchemaURLRouter,
)
from boardinghouse.contrib.channels.users import load_user
from boardinghouse.models import Schema
from boardinghouse.schema import get_active_schema_name, override
from tests.browsers import enter
from tests.conftest import make_user, run_sql
from tests.sockets import (
    REFUSED,
    ShowScope,
    broken_layer,
    channels_stack,
    connected,
    cookie_header,
    hear,
    our_stack,
    websocket_urlpatterns,
)
from tests.test_async import run


@pytest.fixture
def person(committed_schemata):
    """A browser in which a member of both schemata is logged in, and has chosen none."""
    client = Client()
    client.force_login(make_user("person", *committed_schemata))
    return client


@pytest.fixture(autouse=True)
def _rows_are_committed(committed_schemata):
    """Consumers have connections of their own."""


@pytest.fixture(params=[our_stack, channels_stack])
def application(request):
    return request.param()


@pytest.fixture(params=["/rows/", "/rows/sync/"])
def rows(request):
    """The address of a consumer that shows rows: an async one, and a sync one."""
    return request.param


def first_heard(application, address, client=None, count=2, **options):
    """Return what an application sends to a new socket at first."""

    async def main():
        async with connected(application, address, client, **options) as socket:
            return await hear(socket, count)

    return run(main)


def answer_of(application, address, client=None):
    """Return the status and the body of a page that an application serves."""

    async def main():
        path, _mark, query = address.partition("?")
        headers = cookie_header(client) if client else []
        page = HttpCommunicator(application, "GET", path, headers=headers)
        page.scope["query_string"] = query.encode()
        answer = await page.get_response()
        return answer["status"], answer["body"].decode()

    return run(main)


# The session's schema


def test_all_of_a_consumer_runs_in_the_sessions_schema(application, rows, person):
    enter(person, "a")

    async def main():
        async with connected(application, rows, person) as socket:
            seen = await hear(socket, 2)
            await socket.send_json_to({"group": True})
            return seen + await hear(socket, 2)

    assert run(main) == [
        "accepted",
        {"connect": ["a"]},
        {"receive": ["a"], "sync": ["a"]},
        {"group": ["a"]},
    ]


# C4


@pytest.mark.parametrize("addresses", [("/rows/", "/rows/"), ("/rows/sync/", "/rows/")])
def test_two_consumers_in_one_thread_keep_apart(person, committed_schemata, addresses):
    application = our_stack()
    other = Client()
    other.force_login(make_user("other", *committed_schemata))
    enter(person, "a")
    enter(other, "b")

    async def main():
        seen = []
        async with (
            connected(application, addresses[0], person) as in_a,
            connected(application, addresses[1], other) as in_b,
        ):
            for socket in (in_a, in_b):
                seen += (await hear(socket, 2))[1:]
            for socket in (in_a, in_b, in_b, in_a):
                await socket.send_json_to({})
            for socket in (in_a, in_b, in_b, in_a):
                seen += await hear(socket)
        return seen

    a, b = ({"receive": [name], "sync": [name]} for name in "ab")
    assert run(main) == [{"connect": ["a"]}, {"connect": ["b"]}, a, b, b, a]


def test_a_group_of_one_schema_is_not_heard_in_another(person, committed_schemata, rows):
    application = our_stack()
    other = Client()
    other.force_login(make_user("other", *committed_schemata))
    enter(person, "a")
    enter(other, "b")

    async def main():
        async with (
            connected(application, rows, person) as in_a,
            connected(application, rows, other) as in_b,
        ):
            for socket in (in_a, in_b):
                await hear(socket, 2)
            await in_a.send_json_to({"group": True})
            return await hear(in_a, 2) and await in_b.receive_nothing()

    assert run(main)


def test_the_scope_says_where_it_is(application, person):
    Schema.objects.filter(pk="a").update(name="Hamilton Hall")
    enter(person, "a")

    assert first_heard(application, "/scope/", person)[1] == {
        "schema": "Hamilton Hall",
        "schema_name": "a",
        "multitenant": True,
        "user": "person",
        "active": "a",
    }


def test_nothing_stays_active_after_a_socket(person):
    application = our_stack()
    enter(person, "a")

    async def main():
        async with connected(application, "/rows/", person) as socket:
            await hear(socket, 2)
        return get_active_schema_name()

    assert run(main) is None


def test_what_surrounds_a_socket_does_not_reach_into_it(person):
    application = our_stack()
    enter(person, "a")

    async def main():
        with override("b"):
            async with connected(application, "/rows/", person) as socket:
                return await hear(socket, 2), get_active_schema_name()

    assert run(main) == (["accepted", {"connect": ["a"]}], "b")


# One connection's own choice


def test_an_address_chooses_for_its_connection_only(application, rows, person):
    enter(person, "a")
    addresses = (f"{rows}?__schema=b", rows, f"{rows}?__schema=a&__schema=b")

    seen = [first_heard(application, address, person)[1] for address in addresses]

    assert seen == [{"connect": ["b"]}, {"connect": ["a"]}, {"connect": ["b"]}]
    assert person.get("/schema/").content == b"a"


def test_an_address_chooses_without_any_in_the_session(application, person):
    assert first_heard(application, "/rows/?__schema=b", person)[1] == {"connect": ["b"]}
    assert "schema" not in person.session


# Refusals


FORBIDDEN = (
    *("", "c", "missing", "__template__", "public", "A", "%22a%22", "a%20", "a%00", "a%0A", "%FF"),
    "a" * 5000,
)


def test_what_may_not_be_entered_is_accepted_and_closed(application, person):
    Schema.objects.mass_create("c")
    enter(person, "a")

    for name in FORBIDDEN:
        heard = first_heard(application, f"/rows/?__schema={name}", person)
        assert heard == ["accepted", REFUSED], name


def test_who_has_chosen_no_schema_is_refused(application, person):
    assert first_heard(application, "/rows/", person) == ["accepted", REFUSED]


@pytest.mark.parametrize("address", ["/rows/", "/rows/?__schema=a"])
def test_without_a_cookie_one_is_refused(application, address):
    assert first_heard(application, address) == ["accepted", REFUSED]


def test_a_refused_consumer_never_begins(person):
    begun = []

    async def consumer(scope, receive, send):
        begun.append(scope)

    assert first_heard(SchemaMiddlewareStack(consumer), "/", person) == ["accepted", REFUSED]
    assert begun == []


def test_a_socket_is_refused_only_when_it_has_asked_to_connect():
    async def main():
        scope = {"type": "websocket", "path": "/rows/", "headers": [], "query_string": b""}
        socket = ApplicationCommunicator(our_stack(), scope)
        silent = await socket.receive_nothing()
        await socket.send_input({"type": "websocket.connect"})
        return silent, await hear(socket, 2)

    assert run(main) == (True, ["accepted", REFUSED])


def test_a_refusal_chooses_a_subprotocol_or_browsers_would_not_read_it():
    async def main():
        async with connected(our_stack(), "/rows/", subprotocols=["chat", "news"]) as socket:
            return await socket.receive_output(1), await hear(socket)

    accepted, closed = run(main)
    assert (accepted["subprotocol"], closed) == ("chat", [REFUSED])


def test_the_end_of_membership_is_noticed_at_the_next_connection(application, person):
    enter(person, "a")
    Schema.users.through.objects.filter(schema="a").delete()

    assert first_heard(application, "/rows/", person) == ["accepted", REFUSED]


def test_a_deactivated_schema_is_open_to_superusers_only(application, person):
    enter(person, "a")
    Schema.objects.filter(pk="a").update(is_active=False)

    as_member = first_heard(application, "/rows/", person)
    get_user_model().objects.update(is_superuser=True)
    as_superuser = first_heard(application, "/rows/", person)

    assert as_member == ["accepted", REFUSED]
    assert as_superuser == ["accepted", {"connect": ["a"]}]


def test_a_schema_that_postgresql_does_not_have_is_refused(application, person):
    enter(person, "a")
    run_sql('DROP SCHEMA "a" CASCADE')

    assert first_heard(application, "/rows/", person) == ["accepted", REFUSED]


def test_a_middleware_without_a_user_says_where_it_belongs():
    with pytest.raises(ImproperlyConfigured, match="AuthMiddlewareStack"):
        first_heard(SchemaMiddleware(ShowScope.as_asgi()), "/", count=1)


def test_without_a_channel_layer_no_socket_is_served(settings, person):
    enter(person, "a")
    settings.CHANNEL_LAYERS = {}

    with pytest.raises(ImproperlyConfigured, match="CHANNEL_LAYERS"):
        first_heard(our_stack(), "/rows/", person, count=1)


def test_without_the_app_no_application_is_made(settings):
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if "channels" not in name]

    with pytest.raises(ImproperlyConfigured, match="INSTALLED_APPS"):
        our_stack()


# Whose session it is


def load(client):
    """Return who a client's session belongs to, as a socket sees it."""
    return load_user(SessionStore(session_key=client.cookies[settings.SESSION_COOKIE_NAME].value))


def test_the_user_is_the_sessions(person):
    assert load(person).username == "person"


def test_without_a_session_the_user_is_anonymous():
    assert load_user(SessionStore()).is_anonymous
    assert load_user(SessionStore(session_key="x" * 32)).is_anonymous


def test_an_expired_session_is_nobodys(person):
    Session.objects.update(expire_date=now() - timedelta(seconds=1))

    assert load(person).is_anonymous


def test_an_inactive_user_is_anonymous(person):
    get_user_model().objects.update(is_active=False)

    assert load(person).is_anonymous


def test_a_user_who_is_gone_is_anonymous(person):
    with override("a"):
        get_user_model().objects.all().delete()

    assert load(person).is_anonymous


def test_a_session_from_before_a_new_password_is_nobodys_and_is_left_alone(person):
    user = get_user_model().objects.get()
    user.set_password("new")
    user.save()

    assert load(person).is_anonymous
    assert Session.objects.count() == 1


def test_a_session_of_a_secret_key_that_is_still_accepted_is_left_alone(person, settings):
    before = Session.objects.get().session_data
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert load(person).username == "person"
    with override_settings(SECRET_KEY="new"):
        assert load(person).is_anonymous

    assert Session.objects.get().session_data == before


def test_a_backend_that_is_no_longer_used_authenticates_nobody(person, settings):
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]

    assert load(person).is_anonymous


@pytest.mark.parametrize("content", [{}, {SESSION_KEY: "no number"}, {SESSION_KEY: "1"}])
def test_a_session_that_names_no_user_is_nobodys(content):
    session = SessionStore()
    session.update(content)

    assert load_user(session).is_anonymous


def test_another_cookie_name_is_honoured(settings, person):
    enter(person, "a")
    settings.SESSION_COOKIE_NAME = "another"

    assert first_heard(our_stack(), "/rows/", person) == ["accepted", REFUSED]

    person.cookies["another"] = person.cookies["sessionid"].value
    assert first_heard(our_stack(), "/rows/", person)[1] == {"connect": ["a"]}


def test_a_user_whom_no_session_names_needs_the_address_to_choose(committed_schemata):
    user = make_user("token", *committed_schemata)

    class TokenMiddleware:
        async def __call__(self, scope, receive, send):
            inner = SchemaMiddleware(SchemaURLRouter(websocket_urlpatterns))
            return await inner({**scope, "user": user}, receive, send)

    assert first_heard(TokenMiddleware(), "/rows/") == ["accepted", REFUSED]
    assert first_heard(TokenMiddleware(), "/rows/?__schema=b")[1] == {"connect": ["b"]}

    get_user_model().objects.update(is_active=False)
    assert first_heard(TokenMiddleware(), "/rows/?__schema=b") == ["accepted", REFUSED]


# The session is left alone


def test_nothing_writes_the_session(person):
    enter(person, "a")
    before = Session.objects.values_list().get()

    for address in ("/rows/", "/rows/?__schema=b", "/rows/?__schema=c"):
        first_heard(our_stack(), address, person)

    assert Session.objects.values_list().get() == before


def test_a_consumer_that_saves_its_session_undoes_no_switch(person):
    enter(person, "a")

    async def main():
        async with connected(our_stack(), "/session/?__schema=a", person) as socket:
            await hear(socket)
            await sync_to_async(switch_in_silence)(person)
            await socket.send_json_to({"said": "hello"})
            return await hear(socket)

    run(main)
    session = SessionStore(session_key=person.session.session_key)
    assert (session["schema"], session["said"]) == ("b", "hello")


def switch_in_silence(client):
    """Switch to another schema and lose the news of it."""
    with broken_layer():
        enter(client, "b")


# HTTP


def test_a_page_of_channels_is_in_the_sessions_schema(application, person):
    enter(person, "a")

    assert answer_of(application, "/http/", person) == (200, "a")
    assert answer_of(application, "/http/?__schema=b", person) == (200, "b")
    assert answer_of(application, "/http/?__schema=missing", person)[0] == 403


def test_a_page_of_channels_is_refused_with_403(application):
    assert answer_of(application, "/http/") == (403, "You may not enter that schema.")


def test_what_is_neither_passes_with_nothing_active():
    seen = []

    async def consumer(scope, receive, send):
        seen.append((scope, get_active_schema_name()))

    async def main():
        with override("a"):
            await SchemaMiddleware(consumer)({"type": "lifespan"}, None, None)

    run(main)
    assert seen == [({"type": "lifespan"}, None)]


# What it costs


def test_opening_a_socket_asks_five_questions(person, django_assert_num_queries):
    enter(person, "a")

    with django_assert_num_queries(5):
        first_heard(our_stack(), "/deaf/", person, count=0)
