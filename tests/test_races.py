"""A slow request that saves its session after a switch does not undo it (D8)."""

from functools import partial
from importlib import import_module
from threading import Thread

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models.signals import pre_save
from django.test import Client

from boardinghouse.models import Schema
from boardinghouse.schema import override
from boardinghouse.signals import session_schema_stored
from tests import views
from tests.browsers import enter
from tests.conftest import Boom
from tests.waiting import wait_for_lock

ENGINES = ["db", "cached_db", "cache", "file"]


@pytest.fixture(params=ENGINES)
def engine(request, settings, tmp_path):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"
    settings.SESSION_FILE_PATH = str(tmp_path)


@pytest.fixture
def in_a(engine, visitor):
    enter(visitor, "a")
    return visitor


@pytest.fixture
def meanwhile(in_a, make_browser, monkeypatch):
    """What lets another tab of the same browser do something during the next slow request."""

    def arrange(address):
        other = make_browser()
        other.cookies.load({key: each.value for key, each in in_a.cookies.items()})
        monkeypatch.setattr(views, "meanwhile", [lambda: other.get(address)])

    return arrange


def test_the_switch_of_another_tab_stands(in_a, meanwhile):
    meanwhile("/__change_schema__/b/")

    in_a.get("/slow/")

    assert (in_a.session["schema"], in_a.session["schema_name"]) == ("b", "b")
    assert in_a.session["visited"] is True
    assert in_a.get("/owners/").content == b"b"


def test_deselecting_in_another_tab_stands(in_a, meanwhile):
    meanwhile("/echo/?__schema=")

    in_a.get("/slow/")

    assert "schema" not in in_a.session


def test_ones_own_switch_stands_over_an_earlier_one(in_a, meanwhile):
    meanwhile("/__change_schema__/b/")

    in_a.get("/slow/a/")
    in_a.get("/slow/b/")

    assert in_a.session["schema"] == "b"


def test_nothing_else_that_was_saved_is_taken_over(in_a, meanwhile):
    meanwhile("/__change_schema__/b/")

    in_a.get("/slow/")

    assert set(in_a.session.keys()) >= {"visited", "schema", "schema_name", "_auth_user_id"}


def test_a_session_that_every_request_saves_is_guarded_too(in_a, meanwhile, settings):
    settings.SESSION_SAVE_EVERY_REQUEST = True
    meanwhile("/__change_schema__/b/")

    in_a.get("/slow-read/")

    assert in_a.session["schema"] == "b"


def test_a_request_that_writes_no_session_pays_nothing(client, member, django_assert_num_queries):
    client.force_login(member)
    enter(client, "a")
    client.get("/owners/")

    with django_assert_num_queries(5):  # session, user, enter, rows; the path set back
        client.get("/owners/")


def test_a_logout_in_between_is_not_undone(in_a, meanwhile):
    meanwhile("/log-out/")

    response = in_a.get("/slow/")

    assert response.status_code in (200, 400)
    assert "_auth_user_id" not in in_a.session or "schema" not in in_a.session


class TestSessionsInCookies:
    """The browser keeps whichever answer comes last, and there is nothing to ask."""

    @pytest.fixture
    def in_a(self, visitor_in_cookies):
        enter(visitor_in_cookies, "a")
        return visitor_in_cookies

    @pytest.fixture
    def visitor_in_cookies(self, settings, browser, member):
        settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
        browser.force_login(member)
        return browser

    def test_the_switch_of_another_tab_stands(self, in_a, monkeypatch):
        before = in_a.cookies["sessionid"].value
        enter(in_a, "b")
        in_a.cookies["sessionid"] = before  # the slow answer comes, and brings the old session

        assert in_a.get("/owners/").content == b"b"

    def test_deselecting_stands(self, in_a):
        before = in_a.cookies["sessionid"].value
        in_a.get("/echo/?__schema=")
        in_a.cookies["sessionid"] = before

        assert in_a.get("/schema/").content == b"none"

    def test_a_later_switch_stands_over_an_older_choice(self, in_a):
        choice = in_a.cookies["boardinghouse_choice"].value
        enter(in_a, "b")
        in_a.cookies["boardinghouse_choice"] = choice

        assert in_a.get("/owners/").content == b"b"

    def test_nobody_elses_choice_is_taken_over(self, in_a, make_browser, outsider):
        other = make_browser()
        other.force_login(outsider)
        other.cookies["boardinghouse_choice"] = in_a.cookies["boardinghouse_choice"].value

        assert other.get("/schema/").content == b"none"

    def test_a_forged_choice_is_not_taken_over(self, in_a):
        in_a.cookies["boardinghouse_choice"] = in_a.cookies["boardinghouse_choice"].value + "x"

        assert in_a.get("/owners/").content == b"a"

    def test_to_be_put_into_the_only_schema_is_no_choice(self, in_a, make_browser, member_of_a):
        other = make_browser()
        other.force_login(member_of_a)

        assert other.get("/owners/").content == b"a"
        assert "boardinghouse_choice" not in other.cookies

    def test_a_logout_takes_the_choice_away(self, in_a, member):
        in_a.get("/log-out/")
        in_a.get("/schema/")
        in_a.force_login(member)

        assert in_a.get("/schema/").content == b"none"

    def test_a_choice_of_all_subdomains_is_taken_away_there(self, in_a, settings):
        settings.SESSION_COOKIE_DOMAIN = ".testserver"
        enter(in_a, "b")
        in_a.get("/log-out/")

        in_a.get("/schema/")

        gone = in_a.cookies["boardinghouse_choice"]
        assert (gone.value, gone["domain"]) == ("", ".testserver")


@pytest.mark.parametrize("how", ["save", "cycle_key"])
def test_a_view_that_saves_the_session_itself_undoes_no_switch(in_a, meanwhile, how):
    meanwhile("/__change_schema__/b/")

    in_a.get(f"/slow-session/{how}/")

    assert in_a.session["schema"] == "b"


def test_a_middleware_before_ours_that_writes_the_session_undoes_no_switch(
    in_a, meanwhile, settings
):
    settings.MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
    meanwhile("/__change_schema__/b/")

    in_a.get("/slow-message/")

    assert in_a.session["schema"] == "b"


class TestChangesThatNobodyAskedFor:
    """They give way to what somebody has chosen in another tab meanwhile."""

    @pytest.fixture
    def during(self, make_browser, monkeypatch):
        """What lets things happen during a browser's next slow request, in another tab at last."""

        def arrange(browser, *happenings, switch_to="b"):
            other = make_browser()
            other.cookies.load({key: each.value for key, each in browser.cookies.items()})
            last = partial(enter, other, switch_to)
            monkeypatch.setattr(views, "meanwhile", [*happenings, last])

        return arrange

    @pytest.fixture
    def slow_before_ours(self, settings):
        *others, ours = settings.MIDDLEWARE
        settings.MIDDLEWARE = [*others, "tests.test_races.slow_middleware", ours]

    def test_the_only_schema_gives_way(self, engine, browser, member_of_a, during):
        browser.force_login(member_of_a)
        during(browser, partial(member_of_a.schemata.add, "b"))

        assert browser.get("/slow/").content == b"a"

        assert browser.session["schema"] == "b"
        assert browser.session["visited"] is True
        assert browser.get("/owners/").content == b"b"

    def test_the_only_schema_stands_where_nobody_switched(self, engine, browser, member_of_a):
        browser.force_login(member_of_a)

        browser.get("/slow/")

        assert browser.session["schema"] == "a"

    def test_a_schema_that_vanishes_gives_way(self, in_a, during):
        during(in_a, partial(drop, "a"))

        in_a.get("/slow/")

        assert in_a.session["schema"] == "b"
        assert in_a.get("/owners/").content == b"b"

    def test_a_lost_membership_gives_way(self, slow_before_ours, in_a, member, during):
        member.schemata.remove("a")
        during(in_a)

        assert in_a.get("/owners/").status_code == 403

        assert in_a.session["schema"] == "b"

    def test_a_schema_that_was_asked_for_and_vanishes_leaves_none(self, in_a, monkeypatch):
        monkeypatch.setattr(views, "meanwhile", [partial(drop, "b")])

        in_a.get("/slow/", headers={"X-Change-Schema": "b"})

        assert "schema" not in in_a.session


def drop(name):
    with override(None):
        Schema.objects.get(pk=name).delete(drop=True)


def slow_middleware(get_response):
    """Be a middleware that has loaded the session when something happens in another tab."""

    def serve(request):
        bool(request.user.is_authenticated)
        happenings, views.meanwhile = views.meanwhile, []
        for happen in happenings:
            happen()
        return get_response(request)

    return serve


def note_at_the_end(get_response):
    """Be a middleware that holds the session, and writes into it when the response is there."""

    def serve(request):
        session = request.session
        response = get_response(request)
        session["seen"] = request.path
        return response

    return serve


@pytest.fixture
def held_before_ours(settings):
    sessions, *others = settings.MIDDLEWARE
    settings.MIDDLEWARE = [sessions, "tests.test_races.note_at_the_end", *others]


def test_a_middleware_that_holds_the_session_writes_into_it(held_before_ours, in_a):
    in_a.get("/owners/")

    assert in_a.session["seen"] == "/owners/"


@pytest.mark.parametrize("backend", ["db", "cached_db"])
@pytest.mark.parametrize(
    ("how", "status", "left_in"),
    [("save", 200, b"b"), ("cycle_key", 400, b"a")],  # where the key is another one, it is told
)
@pytest.mark.django_db(transaction=True)
def test_a_switch_between_the_look_and_the_writing_waits(
    client, member, settings, backend, how, status, left_in
):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{backend}"
    client.force_login(member)
    enter(client, "a")
    answers = []
    tab = Thread(target=switch_in_another_tab, args=[client.cookies["sessionid"].value, answers])

    def switch_meanwhile(**kwargs):
        pre_save.disconnect(switch_meanwhile, sender=Session)
        tab.start()
        wait_for_lock("transactionid")

    pre_save.connect(switch_meanwhile, sender=Session)
    client.get(f"/slow-session/{how}/")
    tab.join()

    assert answers == [status]
    assert client.get("/owners/").content == left_in


def switch_in_another_tab(key, answers):
    other = Client()
    other.cookies["sessionid"] = key
    answers.append(other.get("/__change_schema__/b/").status_code)
    connection.close()


# News of what has been stored


@pytest.fixture
def stored(connect):
    """What has been told of stored sessions, and what could be read of each at that moment."""
    told = []

    def note(session_key, schema, **kwargs):
        store = import_module(settings.SESSION_ENGINE).SessionStore
        told.append((session_key, schema, store(session_key).get("schema")))

    connect(session_schema_stored, note)
    return told


@pytest.mark.django_db(transaction=True)
def test_a_switch_is_told_when_it_can_be_read(engine, stored, in_a):
    key = in_a.session.session_key
    stored.clear()

    in_a.get("/__change_schema__/b/")
    in_a.get("/slow/")
    in_a.get("/change/")

    assert stored == [(key, "b", "b"), (key, None, None)]


@pytest.mark.django_db(transaction=True)
def test_a_session_that_is_gone_is_told(engine, stored, in_a):
    key = in_a.session.session_key
    stored.clear()

    in_a.get("/log-out/")

    assert set(stored) == {(key, None, None)}  # Django's file engine deletes through itself


@pytest.mark.django_db(transaction=True)
def test_a_switch_is_told_after_the_commit(stored, visitor, settings):
    settings.MIDDLEWARE = ["tests.sockets.in_transaction", *settings.MIDDLEWARE]
    with transaction.atomic():
        enter(visitor, "a")
        assert stored == []

    assert [schema for _key, schema, _read in stored] == ["a"]


@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_fails_does_not_fail_the_switch(connect, visitor, caplog):
    def fail(**kwargs):
        raise Boom

    connect(session_schema_stored, fail)
    enter(visitor, "a")

    assert visitor.session["schema"] == "a"
    assert "Boom" in caplog.text
