"""A page of one customer's host never switches a session on another's (D2)."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from boardinghouse.contrib.databases import database
from boardinghouse.exceptions import NoActiveDatabase
from boardinghouse.links import schema_url
from tests.browsers import HTML, enter
from tests.databases.conftest import BOTH, CLIENTS
from tests.databases.test_requests import log_in

pytestmark = pytest.mark.django_db(databases=BOTH)

HOST1, HOST2 = CLIENTS
WAYS = ["/owners/?__schema=b", "/__change_schema__/b/"]


def come_from(site):
    return {**HTML, "Sec-Fetch-Site": site}


@pytest.fixture
def in_a(customers):
    """A browser that is in schema a of the second customer."""
    browser = log_in(Client, HOST2)
    enter(browser, "a")
    return browser


@pytest.mark.parametrize("address", WAYS)
def test_a_link_on_a_neighbours_page_asks_first(in_a, address):
    response = in_a.get(address, headers=come_from("same-site"))

    assert "Go to b" in response.content.decode()
    assert in_a.get("/owners/").content == b"other:a"


def test_a_script_on_a_neighbours_page_is_refused(in_a):
    headers = {"Sec-Fetch-Site": "same-site", "X-Change-Schema": "b"}

    assert in_a.get("/owners/", headers=headers).status_code == 403
    assert in_a.get("/owners/").content == b"other:a"


@pytest.mark.parametrize("site", ["same-origin", "none"])
@pytest.mark.parametrize("address", WAYS)
def test_the_customers_own_pages_switch_as_ever(in_a, address, site):
    in_a.get(address, headers=come_from(site))

    assert in_a.get("/owners/").content == b"other:b"


def link_for_ann(alias):
    with database(alias):
        return schema_url("b", "/owners/", user=get_user_model().objects.get())


def test_a_signed_link_goes_through_on_its_own_customers_host(in_a):
    in_a.get(link_for_ann("other"), headers=come_from("cross-site"))

    assert in_a.get("/owners/").content == b"other:b"


def test_a_signed_link_for_another_customers_user_of_the_same_key_asks(in_a):
    response = in_a.get(link_for_ann("default"), headers=come_from("cross-site"))

    assert "Go to b" in response.content.decode()
    assert in_a.get("/owners/").content == b"other:a"


def test_a_link_is_signed_in_a_database_only(customers):
    with database("other"):
        ann = get_user_model().objects.get()

    with pytest.raises(NoActiveDatabase):
        schema_url("b", "/owners/", user=ann)
