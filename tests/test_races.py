"""A slow request that saves its session after a switch does not undo it (D8)."""

from importlib import import_module

import pytest
from django.conf import settings
from django.db import transaction

from boardinghouse.signals import session_schema_stored
from tests import views
from tests.browsers import enter
from tests.conftest import Boom

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

    def test_a_logout_takes_the_choice_away(self, in_a, member):
        in_a.get("/log-out/")
        in_a.get("/schema/")
        in_a.force_login(member)

        assert in_a.get("/schema/").content == b"none"


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
