"""Requests that are in one schema whatever their session says, for middleware of one's own."""

import pytest

from boardinghouse.exceptions import Forbidden
from boardinghouse.pinned import get_pinned_schema, pin_schema
from boardinghouse.schema import get_active_schema_name
from boardinghouse.signals import session_requesting_schema_change
from tests import settings as base_settings
from tests.browsers import enter


def pin_to_b(get_response):
    """A middleware that knows the schema from the request: here always the same."""

    def middleware(request):
        request.is_pinned = pin_schema(request, "b") is not None
        assert get_active_schema_name() is None
        assert (get_pinned_schema(request) is not None) == request.is_pinned
        return get_response(request)

    return middleware


@pytest.fixture
def pinned(visitor, settings):
    """A browser whose session is in a, and whose requests are pinned to b."""
    enter(visitor, "a")
    before = list(base_settings.MIDDLEWARE)
    settings.MIDDLEWARE = [*before[:-1], f"{__name__}.pin_to_b", before[-1]]
    getattr(visitor, "client", visitor).handler.load_middleware(is_async=hasattr(visitor, "client"))
    return visitor


def test_they_find_its_rows(pinned):
    assert pinned.get("/owners/").content == b"b"
    assert pinned.session["schema"] == "a"


def test_asking_for_the_same_one_is_no_switch(pinned):
    assert pinned.get("/owners/", headers={"X-Change-Schema": "b"}).content == b"b"
    assert pinned.session["schema"] == "a"


def test_asking_for_another_one_is_refused_and_changes_nothing(pinned):
    refused = [
        pinned.get("/owners/?__schema=a"),
        pinned.get("/owners/?__schema="),
        pinned.post("/write/", headers={"X-Change-Schema": "a"}),
        pinned.post("/__change_schema__/", {"schema": "a"}),
        pinned.post("/__change_schema__/", {"schema": "b"}),
        pinned.get("/__change_schema__/b/"),
    ]

    assert {(each.status_code, each.content) for each in refused} == {
        (409, b"This address belongs to one schema. Use the other one's address.")
    }
    assert pinned.session["schema"] == "a"


def test_who_may_not_enter_is_not_pinned(pinned, member, schemata):
    member.schemata.remove(schemata[1])

    assert pinned.get("/owners/").content == b"a"


def test_a_receiver_may_refuse(pinned, connect):
    def refuse(**kwargs):
        raise Forbidden

    connect(session_requesting_schema_change, refuse)

    assert pinned.get("/owners/").content == b"a"


def test_a_view_that_changes_the_schema_changes_the_sessions(pinned):
    pinned.get("/change/b/")

    assert pinned.session["schema"] == "b"
