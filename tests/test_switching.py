"""Changing the schema that a session remembers."""

import json

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory

from boardinghouse.exceptions import Forbidden
from boardinghouse.middleware import change_schema
from boardinghouse.schema import get_active_schema_name, override
from boardinghouse.signals import session_requesting_schema_change, session_schema_changed
from tests.browsers import enter
from tests.conftest import make_user, owners


@pytest.fixture
def request_of_member(member):
    """A request outside of the middleware, as a command or a consumer might make one."""
    request = RequestFactory().get("/")
    request.user, request.session = member, SessionStore()
    return request


class TestChangeSchema:
    def test_it_stores_and_does_not_activate(self, request_of_member):
        change_schema(request_of_member, "a")

        assert request_of_member.session["schema"] == "a"
        assert request_of_member.session["schema_name"] == "a"
        assert get_active_schema_name() is None

    def test_it_takes_a_schema_object(self, request_of_member, schemata):
        change_schema(request_of_member, schemata[1])

        assert request_of_member.session["schema"] == "b"

    @pytest.mark.parametrize("nothing", [None, ""])
    def test_nothing_deselects_without_a_query(
        self, request_of_member, nothing, django_assert_num_queries
    ):
        change_schema(request_of_member, "a")

        with django_assert_num_queries(0):
            change_schema(request_of_member, nothing)

        assert list(request_of_member.session.keys()) == []

    def test_it_costs_one_round_trip(self, request_of_member, django_assert_num_queries):
        with django_assert_num_queries(1):
            change_schema(request_of_member, "a")

    def test_a_refusal_leaves_none_in_the_session(self, request_of_member):
        change_schema(request_of_member, "a")

        with pytest.raises(Forbidden):
            change_schema(request_of_member, "missing")

        assert list(request_of_member.session.keys()) == []

    def test_a_refusal_outside_of_a_request_leaves_the_active_schema(self, request_of_member):
        with override("b"):
            with pytest.raises(Forbidden):
                change_schema(request_of_member, "missing")

            assert owners() == ["b"]


class TestInView:
    def test_the_next_request_has_it_and_this_one_goes_on(self, visitor):
        enter(visitor, "a")

        response = visitor.get("/change/b/")

        assert response.content == b"a"
        assert visitor.get("/owners/").content == b"b"

    def test_a_refusal_is_answered_and_clears_the_session(self, browser, member_of_a):
        browser.force_login(member_of_a)
        enter(browser, "a")

        response = browser.get("/change/b/")

        assert response.status_code == 403
        assert "schema" not in browser.session

    def test_a_refusal_leaves_the_rest_of_the_request_in_no_schema(self, browser, member_of_a):
        browser.force_login(member_of_a)
        enter(browser, "a")

        response = browser.get("/try-to-change/b/")

        assert response.content == b"none"

    def test_deselecting_ends_with_the_request(self, visitor):
        enter(visitor, "a")

        response = visitor.get("/change/")

        assert response.content == b"a"
        assert visitor.get("/schema/").content == b"none"


class TestSignals:
    def test_a_receiver_learns_what_is_asked_for(self, visitor, member, connect):
        heard = []
        connect(session_requesting_schema_change, lambda **news: heard.append(news))

        visitor.get("/owners/?__schema=a")

        assert [(each["schema"].schema, each["user"]) for each in heard] == [("a", member)]
        assert heard[0]["request"].path == "/owners/"

    def test_a_receiver_learns_that_none_is_asked_for(self, visitor, connect):
        enter(visitor, "a")
        heard = []
        connect(session_requesting_schema_change, lambda **news: heard.append(news))

        visitor.get("/__change_schema__//")

        assert [each["schema"] for each in heard] == [None]

    @pytest.mark.parametrize("address", ["/write/?__schema=b", "/__change_schema__/b/"])
    def test_a_veto_is_a_refusal_like_any_other(self, visitor, connect, address):
        enter(visitor, "a")
        connect(session_requesting_schema_change, veto_b)

        response = visitor.post(address)

        assert response.status_code == 403
        assert response.content == b"You may not enter that schema."
        assert "schema" not in visitor.session

    def test_a_veto_by_header_leaves_no_schema(self, visitor, connect):
        enter(visitor, "a")
        connect(session_requesting_schema_change, veto_b)

        response = visitor.post("/write/", headers={"X-Change-Schema": "b"})

        assert response.status_code == 403
        assert "schema" not in visitor.session
        with override("b"):
            assert owners() == ["b"]

    def test_a_refused_schema_is_not_asked_about(self, visitor, connect):
        heard = []
        connect(session_requesting_schema_change, lambda **news: heard.append(news))

        visitor.get("/owners/?__schema=missing")

        assert heard == []

    @pytest.mark.parametrize(
        "address", ["/owners/?__schema=b", "/__change_schema__/b/", "/change/b/"]
    )
    def test_a_receiver_is_told_of_a_change(self, visitor, member, connect, address):
        enter(visitor, "a")
        heard = []
        connect(session_schema_changed, lambda **news: heard.append(news))

        visitor.get(address)

        assert [(each["schema"].schema, each["user"]) for each in heard] == [("b", member)]

    @pytest.mark.parametrize(
        "address", ["/owners/?__schema=", "/__change_schema__//", "/owners/?__schema=missing"]
    )
    def test_a_receiver_is_told_that_there_is_none(self, visitor, connect, address):
        enter(visitor, "a")
        heard = []
        connect(session_schema_changed, lambda **news: heard.append(news["schema"]))

        visitor.get(address)

        assert heard == [None]

    def test_a_receiver_is_told_of_the_only_one(self, browser, member_of_a, connect):
        browser.force_login(member_of_a)
        heard = []
        connect(session_schema_changed, lambda **news: heard.append(news["schema"].schema))

        browser.get("/owners/")
        browser.get("/owners/")

        assert heard == ["a"]

    def test_nothing_is_told_when_nothing_changed(self, visitor, connect):
        enter(visitor, "a")
        heard = []
        connect(session_schema_changed, lambda **news: heard.append(news))

        visitor.get("/owners/?__schema=a")
        visitor.get("/owners/", headers={"X-Change-Schema": "a"})

        assert heard == []


def veto_b(schema, **kwargs):
    if schema is not None and schema.schema == "b":
        raise Forbidden("Not today.")


class TestPermissions:
    """D7: the same person may do other things in another schema."""

    @pytest.fixture
    def editor_in_b(self, member):
        permission = Permission.objects.get(codename="view_account")
        group = Group.objects.create(name="readers")
        group.permissions.add(permission)
        with override("b"):
            member.groups.add(group)
        return member

    def test_they_follow_a_switch(self, visitor, editor_in_b):
        enter(visitor, "a")
        before = visitor.get("/permissions/").json()
        visitor.get("/owners/?__schema=b")

        after = visitor.get("/permissions/").json()

        assert (before[0], after[0]) == (False, True)

    def test_they_follow_override_within_one_request(self, visitor, editor_in_b):
        enter(visitor, "a")

        response = visitor.get("/permissions/")

        assert response.json() == [False, True, False]

    def test_they_follow_override_for_the_user_who_logs_in_within_the_request(
        self, client, editor_in_b
    ):
        response = client.get("/log-in/member/permissions/")

        assert response.json() == [False, True]

    def test_with_no_schema_there_are_none(self, visitor, editor_in_b):
        response = visitor.get("/permissions/")

        assert response.json() == [False, True, False]


class TestLogin:
    """D5: another user of the same browser."""

    def test_another_user_does_not_get_the_schema(self, visitor, schemata):
        enter(visitor, "a")
        make_user("another", *schemata)

        visitor.get("/log-in/another/")

        assert "schema" not in visitor.session
        assert visitor.get("/schema/").content == b"none"

    def test_the_rest_of_the_request_is_in_no_schema(self, client, member, schemata):
        client.force_login(member)
        enter(client, "a")
        make_user("another", *schemata)

        response = client.get("/log-in/another/")

        assert response.content == b"none"

    def test_async_views_see_the_user_who_logged_in(self, visitor, schemata, settings):
        settings.ROOT_URLCONF = "tests.async_urls"
        make_user("another", *schemata)

        response = visitor.get("/log-in/another/")

        assert response.content == b"another"

    def test_the_same_user_chooses_again(self, visitor):
        enter(visitor, "a")

        visitor.get("/log-in/member/")

        assert "schema" not in visitor.session

    def test_a_test_client_may_log_in_again(self, visitor, member):
        enter(visitor, "a")

        visitor.force_login(member)

        assert "schema" not in visitor.session

    def test_logging_out_leaves_none(self, visitor):
        enter(visitor, "a")

        visitor.get("/log-out/")

        assert "schema" not in visitor.session
        assert visitor.get("/schema/").content == b"none"

    def test_the_rest_of_the_request_that_logs_out_is_in_no_schema(self, client, member):
        client.force_login(member)
        enter(client, "a")

        response = client.get("/log-out/")

        assert response.content == b"none"

    def test_the_next_user_of_the_browser_begins_without(self, visitor, schemata):
        enter(visitor, "a")
        visitor.get("/log-out/")

        visitor.force_login(make_user("another", *schemata))

        assert json.loads(visitor.get("/echo/").content)["owners"] == []
