"""Membership is checked at each request, and the session's schema entered."""

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import RequestFactory

from boardinghouse import ddl
from boardinghouse.exceptions import Forbidden
from boardinghouse.middleware import SchemaMiddleware
from boardinghouse.models import Schema
from boardinghouse.schema import override
from boardinghouse.signals import session_requesting_schema_change
from tests.browsers import JSON, enter
from tests.conftest import make_user, owners

WORDS = b"You may not enter that schema."


def revoke(user):
    user.schemata.remove("a")


def revoke_all(user):
    user.schemata.clear()


def deactivate_user(user):
    get_user_model().objects.filter(pk=user.pk).update(is_active=False)


def delete_user(user):
    with override("b"):
        get_user_model().objects.filter(pk=user.pk).delete()


def deactivate_schema(user):
    Schema.objects.filter(pk="a").update(is_active=False)


def drop_schema(user):
    Schema.objects.filter(pk="a").delete(drop=True)


def drop_schema_by_hand(user):
    ddl.drop(connection, "a")


def delete_row(user):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM boardinghouse_schema_users WHERE schema_id = 'a'")
        cursor.execute("DELETE FROM boardinghouse_schema WHERE schema = 'a'")


losses = pytest.mark.parametrize(
    "lose",
    [
        revoke,
        revoke_all,
        deactivate_user,
        delete_user,
        deactivate_schema,
        drop_schema,
        drop_schema_by_hand,
        delete_row,
    ],
)


class TestLoss:
    """D4: a schema that may no longer be entered."""

    @losses
    def test_the_very_next_request_is_refused_and_the_session_cleared(self, visitor, member, lose):
        enter(visitor, "a")
        lose(member)

        response = visitor.get("/owners/")

        assert (response.status_code, response.content) == (403, WORDS)
        assert "schema" not in visitor.session
        assert "schema_name" not in visitor.session

    def test_nothing_is_written(self, visitor, member):
        enter(visitor, "a")
        revoke(member)

        response = visitor.post("/write/")

        assert response.status_code == 403
        with override("a"):
            assert owners() == ["a"]

    def test_a_shared_page_is_refused_too(self, visitor, member):
        enter(visitor, "a")
        revoke(member)

        response = visitor.get("/regions/")

        assert (response.status_code, response.content) == (403, WORDS)

    @losses
    def test_the_request_after_it_is_free(self, visitor, member, lose):
        enter(visitor, "a")
        lose(member)
        visitor.get("/regions/")

        response = visitor.get("/regions/")

        assert (response.status_code, response.content) == (200, b"0")

    def test_all_losses_are_told_alike(self, visitor, member):
        enter(visitor, "a")
        revoke(member)

        response = visitor.get("/owners/", headers=JSON)

        assert response.json() == {"schema": None, "message": WORDS.decode()}

    def test_only_the_next_request_chooses_the_one_that_is_left(self, visitor, member):
        enter(visitor, "a")
        revoke(member)
        refused = visitor.get("/owners/")

        response = visitor.get("/owners/")

        assert refused.status_code == 403
        assert response.content == b"b"

    def test_nothing_is_refused_when_another_schema_was_lost(self, visitor, member):
        enter(visitor, "b")
        revoke(member)

        assert visitor.get("/owners/").content == b"b"

    def test_leaving_a_lost_schema_is_not_refused(self, visitor, member):
        enter(visitor, "a")
        revoke(member)

        response = visitor.get("/owners/", headers={"X-Change-Schema": "b"})

        assert response.content == b"b"

    def test_a_schema_that_is_given_back_may_be_entered_again(self, visitor, member):
        enter(visitor, "a")
        revoke(member)
        visitor.get("/owners/")
        member.schemata.add("a")

        enter(visitor, "a")

        assert visitor.get("/owners/").content == b"a"

    def test_a_new_password_in_another_browser_refuses_nothing(self, visitor, member):
        enter(visitor, "a")
        member.set_password("new")
        member.save()

        response = visitor.get("/schema/")

        assert (response.status_code, response.content) == (200, b"none")


class TestOnlyOne:
    """A user with exactly one visible schema gets it without asking."""

    def test_it_is_entered_and_kept(self, browser, member_of_a):
        browser.force_login(member_of_a)

        response = browser.get("/owners/")

        assert response.content == b"a"
        assert browser.session["schema"] == "a"

    def test_of_several_none_is_chosen(self, visitor):
        response = visitor.get("/schema/")

        assert response.content == b"none"
        assert "schema" not in visitor.session

    def test_of_none_nothing_is_chosen_and_nothing_refused(self, browser, outsider):
        browser.force_login(outsider)

        response = browser.get("/schema/")

        assert (response.status_code, response.content) == (200, b"none")

    def test_a_deactivated_one_does_not_count(self, visitor):
        Schema.objects.filter(pk="b").update(is_active=False)

        response = visitor.get("/owners/")

        assert response.content == b"a"

    def test_a_superuser_sees_them_all(self, browser, superuser):
        browser.force_login(superuser)

        assert browser.get("/schema/").content == b"none"

    def test_an_anonymous_visitor_gets_none(self, browser, schemata):
        Schema.objects.filter(pk="b").delete(drop=True)

        response = browser.get("/schema/")

        assert response.content == b"none"
        assert "sessionid" not in response.cookies

    def test_it_is_entered_again_after_deselecting(self, browser, member_of_a):
        browser.force_login(member_of_a)
        deselecting = browser.get("/schema/", headers={"X-Change-Schema": ""})

        response = browser.get("/schema/")

        assert deselecting.content == b"none"
        assert response.content == b"a"

    @pytest.mark.parametrize(
        "headers", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Purpose": "prefetch"}]
    )
    def test_a_receiver_that_refuses_it_does_not_shut_the_user_out(
        self, browser, member_of_a, connect, headers
    ):
        def refuse(schema, **kwargs):
            if schema is not None:
                raise Forbidden

        connect(session_requesting_schema_change, refuse)
        browser.force_login(member_of_a)

        response = browser.get("/schema/", headers=headers)

        assert (response.status_code, response.content) == (200, b"none")
        assert "schema" not in browser.session

    def test_one_that_postgresql_does_not_have_does_not_shut_the_user_out(
        self, browser, member_of_a
    ):
        ddl.drop(connection, "a")
        browser.force_login(member_of_a)

        response = browser.get("/schema/")

        assert (response.status_code, response.content) == (200, b"none")


ENGINES = ["db", "cached_db", "signed_cookies", "cache", "file"]


@pytest.mark.parametrize("engine", ENGINES)
class TestSessionEngines:
    @pytest.fixture
    def visitor(self, engine, settings, tmp_path, make_browser, member):
        settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
        settings.SESSION_FILE_PATH = str(tmp_path)
        browser = make_browser()
        browser.force_login(member)
        return browser

    def test_the_session_keeps_the_schema(self, visitor):
        visitor.get("/owners/?__schema=b")

        assert visitor.get("/owners/").content == b"b"

    def test_the_session_is_cleared_of_a_lost_one(self, visitor, member):
        enter(visitor, "b")
        member.schemata.remove("b")
        refused = visitor.get("/regions/")

        response = visitor.get("/regions/")

        assert (refused.status_code, response.status_code) == (403, 200)

    def test_the_session_learns_the_name_that_people_see_now(self, visitor):
        enter(visitor, "b")
        Schema.objects.filter(pk="b").update(name="Beta")

        visitor.get("/owners/")

        assert visitor.session["schema_name"] == "Beta"
        assert visitor.get("/owners/").content == b"b"

    def test_it_is_not_written_when_nothing_changed(self, visitor):
        enter(visitor, "b")

        response = visitor.get("/owners/")

        assert "sessionid" not in response.cookies


@pytest.mark.parametrize("attribute", ["session", "user"])
def test_without_session_or_user_it_says_where_it_stands(attribute):
    request = RequestFactory().get("/")
    setattr(request, "user" if attribute == "session" else "session", None)

    with pytest.raises(ImproperlyConfigured, match="stands after SessionMiddleware"):
        SchemaMiddleware(None)(request)


def test_each_user_has_a_schema_of_their_own(make_browser, member, schemata):
    first, second = make_browser(), make_browser()
    first.force_login(member)
    second.force_login(make_user("another", *schemata))

    enter(first, "a")
    enter(second, "b")

    assert first.get("/owners/").content == b"a"
    assert second.get("/owners/").content == b"b"


def test_a_header_on_each_request_needs_no_session_key_before(visitor):
    first = visitor.get("/owners/", headers={"X-Change-Schema": "a"})
    second = visitor.get("/owners/", headers={"X-Change-Schema": "b"})

    assert (first.content, second.content) == (b"a", b"b")


def test_a_header_for_a_schema_that_one_may_not_enter_is_refused_on_any_method(visitor):
    for method in ("get", "post", "put", "patch", "delete"):
        response = getattr(visitor, method)("/echo/", headers={"X-Change-Schema": "missing"})

        assert response.status_code == 403
