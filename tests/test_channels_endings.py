"""Sockets are closed when their session leaves the schema, or when their user has to."""

import asyncio
from functools import partial

import pytest
from channels.db import database_sync_to_async
from channels.layers import InMemoryChannelLayer
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Model
from django.db.models.signals import post_delete
from django.test import Client

from boardinghouse.contrib.channels.receivers import kinds_of
from boardinghouse.models import Schema
from boardinghouse.schema import override
from tests import sockets
from tests.browsers import AsyncBrowser, enter
from tests.conftest import Boom, make_user, rolled_back, run_sql
from tests.sockets import (
    MOVED,
    BrokenLayer,
    Busy,
    broken_layer,
    connected,
    hear,
    in_thread,
    our_stack,
    using_layer,
)
from tests.test_async import run
from tests.testapp.models import Account


@pytest.fixture
def user(committed_schemata):
    return make_user("person", *committed_schemata)


@pytest.fixture
def person(user):
    """A browser in which a member of both schemata is in a."""
    client = Client()
    client.force_login(user)
    enter(client, "a")
    return client


#: How long a socket is listened to that should say nothing.
A_WHILE = 0.3


def heard_after(event, person, address="/rows/", *, patience=1):
    """Return what an open socket says within a second of something; None if nothing."""

    async def main():
        async with connected(our_stack(), address, person) as socket:
            await hear(socket, 2)
            await in_thread(event)
            if await socket.receive_nothing(timeout=patience):
                return None
            return (await hear(socket))[0]

    return run(main)


# The session


SWITCHES = {
    "by the address": lambda browser: browser.get("/schema/?__schema=b"),
    "by the header": lambda browser: browser.get("/schema/", headers={"X-Change-Schema": "b"}),
    "by the endpoint's address": lambda browser: browser.get("/__change_schema__/b/"),
    "by the endpoint's form": lambda browser: browser.post("/__change_schema__/", {"schema": "b"}),
    "by a view": lambda browser: browser.get("/change/b/"),
    "to none": lambda browser: browser.post("/__change_schema__/", {"schema": ""}),
    "to a refused one, and so to none": lambda browser: browser.get("/schema/?__schema=missing"),
    "by logging out": lambda browser: browser.get("/log-out/"),
    "by logging in as somebody else": lambda browser: browser.get("/log-in/other/"),
    "by a client that logs out": lambda browser: browser.logout(),
}


@pytest.mark.parametrize("switch", SWITCHES.values(), ids=SWITCHES)
def test_a_socket_is_closed_when_its_session_moves(person, switch):
    make_user("other")

    assert heard_after(lambda: switch(person), person) == MOVED


@pytest.mark.parametrize("engine", ["cache", "cached_db", "file", "signed_cookies"])
@pytest.mark.parametrize("switch", ["by the address", "to none", "by logging out"])
def test_a_socket_is_closed_whatever_keeps_the_sessions(settings, user, tmp_path, engine, switch):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = tmp_path
    browser = Client()
    browser.force_login(user)
    enter(browser, "a")

    assert heard_after(lambda: SWITCHES[switch](browser), browser) == MOVED


ASYNC_SWITCHES = {
    "by a view": lambda browser: browser.get("/change/b/"),
    "by logging out": lambda browser: browser.get("/log-out/"),
    "by logging in as somebody else": lambda browser: browser.get("/log-in/other/"),
}


@pytest.mark.parametrize("engine", ["db", "cache", "file"])
@pytest.mark.parametrize("switch", ASYNC_SWITCHES.values(), ids=ASYNC_SWITCHES)
def test_async_views_move_sessions_too(settings, user, tmp_path, engine, switch):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = tmp_path
    settings.ROOT_URLCONF = "tests.async_urls"
    make_user("other")
    browser = AsyncBrowser()
    browser.force_login(user)
    enter(browser, "a")

    assert heard_after(lambda: switch(browser), browser) == MOVED


def test_a_socket_that_chose_by_its_address_is_closed_with_the_others(person):
    event = SWITCHES["by logging out"]

    assert heard_after(lambda: event(person), person, "/rows/?__schema=b") == MOVED


def test_a_socket_stays_where_its_session_comes_to(person):
    assert (
        heard_after(lambda: enter(person, "b"), person, "/rows/?__schema=b", patience=A_WHILE)
        is None
    )


def test_a_socket_opened_after_the_switch_is_in_the_new_schema(person):
    """The page reconnects as soon as it can: the session has been stored by then."""

    async def main():
        async with connected(our_stack(), "/rows/", person) as socket:
            await hear(socket, 2)
            await in_thread(enter, person, "b")
            assert await hear(socket) == [MOVED]
            async with connected(our_stack(), "/rows/", person) as again:
                return await hear(again, 2) and await again.receive_nothing(timeout=A_WHILE)

    assert run(main)


def test_another_session_of_the_same_user_is_its_own(person, user):
    elsewhere = Client()
    elsewhere.force_login(user)

    assert heard_after(lambda: enter(elsewhere, "b"), person, patience=A_WHILE) is None


def test_entering_the_same_schema_again_changes_nothing(person):
    assert heard_after(lambda: enter(person, "a"), person, patience=A_WHILE) is None


# Membership


def deactivate(instance):
    instance.is_active = False
    instance.save()


def change_password(user):
    user.set_password("new")
    user.save()


def delete_user(user):
    with override("a"):
        user.delete()


def delete_users():
    with override("a"):
        get_user_model().objects.all().delete()


def bulk_deactivate(schema):
    schema.is_active = False
    Schema.objects.bulk_update([schema], ["is_active"])


ENDINGS = {
    "the user leaves it": lambda user, a: user.schemata.remove(a),
    "the user leaves all": lambda user, a: user.schemata.clear(),
    "the user keeps others": lambda user, a: user.schemata.set(["b"]),
    "it loses the user": lambda user, a: a.users.remove(user),
    "it loses all users": lambda user, a: a.users.clear(),
    "it is given others": lambda user, a: a.users.set([]),
    "it is deactivated": lambda user, a: deactivate(a),
    "it is deactivated by delete()": lambda user, a: a.delete(),
    "it is deactivated by a queryset's delete()": lambda user, a: Schema.objects.all().delete(),
    "it is deactivated by update()": lambda user, a: Schema.objects.update(is_active=False),
    "it is deactivated by bulk_update()": lambda user, a: bulk_deactivate(a),
    "it is dropped": lambda user, a: a.delete(drop=True),
    "the user is deactivated": lambda user, a: deactivate(user),
    "the user is deleted": lambda user, a: delete_user(user),
    "the user is deleted among others": lambda user, a: delete_users(),
    "the password is another": lambda user, a: change_password(user),
}


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
def test_a_socket_is_closed_when_membership_ends(person, user, end):
    a = Schema.objects.get(pk="a")

    assert heard_after(lambda: end(user, a), person, "/scope/") == MOVED


def test_a_project_may_have_a_model_of_memberships(person, user):
    """Which then sends signals of its own, as an automatic one does not."""

    def leave():
        membership = Schema.users.through.objects.get(schema="a", user=user)
        Schema.users.through.objects.filter(pk=membership.pk).delete()
        post_delete.send(sender=Schema.users.through, instance=membership, using="default")

    assert heard_after(leave, person) == MOVED


def test_kinds_of_a_model_are_its_proxies_and_children_too():
    assert kinds_of(get_user_model()) == [get_user_model()]
    assert set(kinds_of(Model)) >= {Account, Schema, Session}


def test_a_superuser_who_is_one_no_more_is_closed(user, committed_schemata):
    user.schemata.clear()
    user.is_superuser = True
    user.save()
    browser = Client()
    browser.force_login(user)
    enter(browser, "a")

    def demote():
        user.is_superuser = False
        user.save()

    assert heard_after(demote, browser) == MOVED


@partial(database_sync_to_async, thread_sensitive=False)
def leave_while_busy(user):
    """As another process would, or a page with a thread of its own."""
    assert Busy.holding.wait(5)
    user.schemata.remove("a")


def test_a_busy_thread_delays_no_close(person, user):
    """All sync consumers of a process share one thread, and one of them holds it."""

    async def main():
        stack = our_stack()
        async with (
            connected(stack, "/busy/", person) as busy,
            connected(stack, "/rows/", person) as idle,
        ):
            assert [await hear(busy), await hear(idle, 2)] == [
                ["accepted"],
                ["accepted", {"connect": ["a"]}],
            ]
            await busy.send_json_to({})
            try:
                await leave_while_busy(user)
                return await hear(busy), await hear(idle)
            finally:
                Busy.may_go.set()

    assert run(main) == ([MOVED], [MOVED])


STAYINGS = {
    "the user is saved": lambda user: user.save(),
    "the user joins another": lambda user: user.schemata.add(Schema.objects.create(schema="c")),
    "the user leaves another": lambda user: user.schemata.remove("b"),
    "another is deactivated": lambda user: Schema.objects.get(pk="b").delete(),
    "it is renamed for people": lambda user: Schema.objects.filter(pk="a").update(name="A"),
    "somebody else leaves it": lambda user: make_user("other", "a").schemata.clear(),
    "somebody else is deleted": lambda user: delete_user(make_user("other", "a")),
}


@pytest.mark.parametrize("event", STAYINGS.values(), ids=STAYINGS)
def test_a_socket_stays_open_when_membership_goes_on(person, user, event):
    assert heard_after(lambda: event(user), person, patience=A_WHILE) is None


# Transactions


def test_a_change_is_told_when_it_is_committed_and_not_before(person, user):
    async def main():
        async with connected(our_stack(), "/rows/", person) as socket:
            await hear(socket, 2)
            block = transaction.atomic()
            await in_thread(block.__enter__)
            await in_thread(user.schemata.clear)
            silent = await socket.receive_nothing(timeout=A_WHILE)
            await in_thread(block.__exit__, None, None, None)
            return silent, await hear(socket)

    assert run(main) == (True, [MOVED])


def test_a_change_that_is_rolled_back_is_not_told(person, user):
    def change():
        with rolled_back():
            user.schemata.clear()
            deactivate(user)
            raise Boom

    assert heard_after(change, person, patience=A_WHILE) is None


def test_a_session_stored_in_a_transaction_is_told_after_it(person, settings):
    settings.MIDDLEWARE = ["tests.sockets.in_transaction", *settings.MIDDLEWARE]

    assert heard_after(lambda: enter(person, "b"), person) == MOVED


# What sends no news


@pytest.fixture
def _looking_often(settings):
    settings.BOARDINGHOUSE_WS_SECONDS_BETWEEN_LOOKS = 0.05


SILENT = {
    "update() on users": lambda: get_user_model().objects.update(is_active=False),
    "rows of memberships": lambda: Schema.users.through.objects.all().delete(),
    "raw SQL": lambda: run_sql("UPDATE boardinghouse_schema SET is_active = false"),
    "rows of sessions": lambda: Session.objects.all().delete(),
}


@pytest.mark.parametrize("change", SILENT.values(), ids=SILENT)
@pytest.mark.usefixtures("_looking_often")
def test_what_sends_no_news_is_seen_at_the_next_look(person, change):
    assert heard_after(change, person) == MOVED


@pytest.mark.usefixtures("_looking_often")
def test_a_switch_whose_news_were_lost_is_seen_at_the_next_look(person):
    def switch():
        with broken_layer():
            enter(person, "b")

    assert heard_after(switch, person) == MOVED


@pytest.mark.usefixtures("_looking_often")
def test_a_session_that_is_given_to_another_member_is_left(person, committed_schemata):
    """Sessions are flushed at a login; a package that writes into them may not do so."""
    other = make_user("other", *committed_schemata)

    def hand_over():
        session = person.session
        session[SESSION_KEY] = str(other.pk)
        session[HASH_SESSION_KEY] = other.get_session_auth_hash()
        session.save()

    assert heard_after(hand_over, person) == MOVED


@pytest.mark.usefixtures("_looking_often")
def test_a_look_joins_the_groups_again(person):
    """A layer forgets its groups after a day, or when Redis restarts."""

    async def main():
        with using_layer(InMemoryChannelLayer()) as layer:
            async with connected(our_stack(), "/scope/", person) as socket:
                await hear(socket, 2)
                before = set(layer.groups)
                layer.groups.clear()
                async with asyncio.timeout(5):
                    while len(layer.groups) < 3:
                        await asyncio.sleep(0)
                return before, set(layer.groups)

    before, after = run(main)
    assert before == after


# How a socket is closed


@pytest.mark.parametrize("address", ["/rows/", "/rows/sync/"])
def test_the_consumer_is_disconnected_in_its_own_schema(person, user, address):
    sockets.left.clear()

    heard_after(lambda: enter(person, "b"), person, address)

    assert sockets.left == [(MOVED, ["a"])]


def test_a_socket_that_is_not_accepted_yet_is_accepted_for_the_code(person):
    async def main():
        async with connected(our_stack(), "/deaf/", person) as socket:
            assert await socket.receive_nothing(timeout=A_WHILE)
            await in_thread(enter, person, "b")
            return await hear(socket, 2)

    assert run(main) == ["accepted", MOVED]


def test_a_closed_socket_hears_and_says_nothing(person):
    async def main():
        async with connected(our_stack(), "/rows/", person) as socket:
            await hear(socket, 2)
            await in_thread(enter, person, "b")
            await socket.send_json_to({})
            return await hear(socket) and await socket.receive_nothing(timeout=A_WHILE)

    assert run(main)


def test_a_consumer_that_closes_is_not_closed_again(person):
    async def main():
        async with connected(our_stack(), "/closing/", person) as socket:
            assert await hear(socket, 2) == ["accepted", 1000]
            await in_thread(enter, person, "b")
            return await socket.receive_nothing(timeout=A_WHILE)

    assert run(main)


def test_a_socket_that_nobody_watches_any_more_is_closed(person):
    class Layer(InMemoryChannelLayer):
        async def receive(self, channel):
            raise ConnectionError("There is no layer.")

    heard = []

    async def main():
        with using_layer(Layer()):
            async with connected(our_stack(), "/deaf/", person) as socket:
                heard.extend(await hear(socket, 2))

    with pytest.raises(ConnectionError):
        run(main)
    assert heard == ["accepted", 1011]


def test_a_switch_while_the_socket_opens_is_noticed(person):
    """Between reading the session and joining its group, that is."""

    class Layer(InMemoryChannelLayer):
        async def group_add(self, group, channel):
            if not self.groups:
                await in_thread(switch_in_silence)
            await super().group_add(group, channel)

    def switch_in_silence():
        with broken_layer():
            enter(person, "b")

    async def main():
        with using_layer(Layer()):
            async with connected(our_stack(), "/rows/", person) as socket:
                return await hear(socket, 2)

    assert run(main) == ["accepted", MOVED]


# A layer that cannot be reached


def test_what_was_changed_stays_so_without_the_layer(person, user, caplog):
    with using_layer(BrokenLayer()):
        enter(person, "b")
        user.schemata.clear()

    assert not user.schemata.exists()
    assert caplog.text.count("There is no layer.") >= 2
    assert person.get("/schema/").status_code == 403
