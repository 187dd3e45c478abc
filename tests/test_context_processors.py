"""Template variables about schemata."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from boardinghouse.context_processors import schemata as variables
from boardinghouse.models import Schema
from boardinghouse.schema import override
from tests.browsers import enter


@pytest.fixture
def request_of(schemata):
    def request_of(user):
        request = RequestFactory().get("/")
        request.user = user
        return request

    return request_of


def test_a_page_sees_what_its_user_may_enter(client, member):
    client.force_login(member)
    Schema.objects.filter(pk="b").update(name="beta")
    enter(client, "a")

    page = client.get("/variables/").content.decode()

    assert page == "a beta a=a b=beta a"


def test_what_others_may_enter_is_not_among_them(request_of, member_of_a):
    found = variables(request_of(member_of_a))

    assert [each.schema for each in found["schemata"]] == ["a"]
    assert list(found["schema_choices"]) == [("a", "a")]


def test_an_anonymous_visitor_sees_none(request_of):
    found = variables(request_of(AnonymousUser()))

    assert list(found["schemata"]) == []
    assert list(found["schema_choices"]) == []
    assert found["selected_schema"] is None


def test_an_error_page_of_a_middleware_before_authentication_sees_none(db):
    found = variables(RequestFactory().get("/"))

    assert list(found["schemata"]) == []
    assert list(found["schema_choices"]) == []


def test_the_selected_one_is_the_active_one(request_of, member):
    with override("b"):
        found = variables(request_of(member))

    assert found["selected_schema"] == "b"


def test_a_page_that_uses_none_pays_no_query(client, member):
    client.force_login(member)
    enter(client, "a")

    with CaptureQueriesContext(connection) as captured:
        client.get("/no-variable/")

    assert len(captured) == 4


def test_a_page_that_uses_all_pays_one_query(client, member):
    client.force_login(member)
    enter(client, "a")

    with CaptureQueriesContext(connection) as captured:
        client.get("/variables/")

    assert len(captured) == 5
