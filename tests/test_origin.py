"""Other sites and prefetches never switch a session (D2)."""

import re

import pytest
from django.contrib.auth import get_user_model

from boardinghouse.links import schema_url
from boardinghouse.models import Schema
from tests.browsers import HTML, enter

CROSS_SITE = {**HTML, "Sec-Fetch-Site": "cross-site"}
PREFETCHES = [{"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"}]
WAYS = ["/owners/?x=1&__schema=b", "/__change_schema__/b/"]


@pytest.fixture
def in_a(visitor):
    """A browser that is in schema a."""
    enter(visitor, "a")
    return visitor


@pytest.mark.parametrize("address", WAYS)
def test_a_link_on_another_site_asks_first(in_a, address):
    response = in_a.get(address, headers=CROSS_SITE)

    html = response.content.decode()
    assert response.status_code == 200
    assert "Go to b" in html
    assert 'class="boardinghouse-wanted"' in html
    assert in_a.session["schema"] == "a"


def test_the_button_leads_to_the_page_that_the_link_was_to(in_a):
    html = in_a.get("/owners/?x=1&__schema=b", headers=CROSS_SITE).content.decode()

    assert '<input type="hidden" name="next" value="/owners/?x=1">' in html


@pytest.mark.parametrize("address", WAYS)
def test_a_form_on_another_site_asks_first_and_does_nothing_else(in_a, address):
    response = in_a.post(address.replace("owners", "exempt"), headers=CROSS_SITE)

    assert "Go to b" in response.content.decode()
    assert in_a.session["schema"] == "a"


def test_a_form_on_another_site_for_the_endpoint_asks_first(in_a):
    response = in_a.post("/__change_schema__/", {"schema": "b"}, headers=CROSS_SITE)

    assert "Go to b" in response.content.decode()
    assert in_a.session["schema"] == "a"


def test_a_script_on_another_site_is_refused(in_a):
    headers = {"Sec-Fetch-Site": "cross-site", "X-Change-Schema": "b"}

    response = in_a.get("/owners/", headers=headers)

    assert response.status_code == 403
    assert in_a.session["schema"] == "a"


@pytest.mark.parametrize("purpose", PREFETCHES)
@pytest.mark.parametrize("address", WAYS)
def test_a_prefetch_changes_nothing_and_is_not_kept(in_a, address, purpose):
    response = in_a.get(address, headers={**HTML, **purpose, "Sec-Fetch-Site": "same-origin"})

    assert response.status_code == 503
    assert in_a.session["schema"] == "a"


@pytest.mark.parametrize("site", ["same-origin", "same-site", "none", None])
@pytest.mark.parametrize("address", WAYS)
def test_everything_else_switches_as_ever(in_a, address, site):
    headers = {"Sec-Fetch-Site": site} if site else {}

    in_a.get(address, headers={**HTML, **headers})

    assert in_a.session["schema"] == "b"


@pytest.mark.parametrize("name", ["missing", "__template__", "Bad"])
def test_what_one_may_not_enter_is_not_offered_and_not_named(in_a, name):
    html = in_a.get(f"/owners/?__schema={name}", headers=CROSS_SITE).content.decode()

    assert name not in html
    assert "Go to" not in html
    assert in_a.session["schema"] == "a"


def test_another_site_cannot_deselect(in_a):
    in_a.get("/owners/?__schema=", headers=CROSS_SITE)

    assert in_a.session["schema"] == "a"


class TestSignedLinks:
    def test_one_goes_straight_through_from_anywhere(self, in_a, member):
        address = schema_url("b", "/owners/?x=1", user=member)

        response = in_a.get(address, headers=CROSS_SITE)

        assert (response.status_code, response["Location"]) == (302, "/owners/?x=1")
        assert in_a.session["schema"] == "b"

    def test_one_for_somebody_else_asks(self, in_a, outsider):
        in_a.get(schema_url("b", "/owners/", user=outsider), headers=CROSS_SITE)

        assert in_a.session["schema"] == "a"

    def test_one_for_another_schema_asks(self, in_a, member):
        address = schema_url("a", "/owners/", user=member).replace("__schema=a", "__schema=b")

        in_a.get(address, headers=CROSS_SITE)

        assert in_a.session["schema"] == "a"

    def test_an_old_one_asks(self, in_a, member, settings):
        address = schema_url("b", "/owners/", user=member)
        settings.BOARDINGHOUSE_SIGNED_LINK_AGE = -1

        in_a.get(address, headers=CROSS_SITE)

        assert in_a.session["schema"] == "a"

    def test_a_forged_one_asks(self, in_a, member):
        in_a.get(schema_url("b", "/owners/", user=member) + "x", headers=CROSS_SITE)

        assert in_a.session["schema"] == "a"

    def test_one_does_not_open_what_one_may_not_enter(self, in_a, member):
        response = in_a.get(schema_url("missing", "/owners/", user=member), headers=CROSS_SITE)

        assert response.status_code == 403

    def test_one_that_is_prefetched_changes_nothing(self, in_a, member):
        in_a.get(schema_url("b", "/owners/", user=member), headers=PREFETCHES[0])

        assert in_a.session["schema"] == "a"

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("/page/", "/page/?__schema=a"),
            ("/page/?x=1#top", "/page/?x=1&__schema=a#top"),
            ("https://example.com/page/", "https://example.com/page/?__schema=a"),
        ],
    )
    def test_an_address_keeps_what_it_had(self, url, expected):
        assert schema_url("a", url) == expected


def test_the_pages_of_a_page_that_asks_do_not_switch(in_a):
    rows = [Schema(schema=f"s{number:03}", name=f"s{number:03}") for number in range(60)]
    super(type(Schema.objects.all()), Schema.objects.all()).bulk_create(rows)
    get_user_model().objects.update(is_superuser=True)

    html = in_a.get("/owners/?__schema=b", headers=CROSS_SITE).content.decode()

    address = re.search(r'rel="next" href="([^"]+)"', html)[1]
    assert address.startswith("/__change_schema__/?page=2")
    assert "__schema=" not in address


@pytest.mark.parametrize("wished", ["/owners/?x=1&__schema=a", "/__change_schema__/a/"])
def test_the_page_that_one_goes_on_to_does_not_switch_again(in_a, wished):
    in_a.post("/__change_schema__/", {"schema": "b", "next": wished}, follow=True)

    assert in_a.session["schema"] == "b"


def test_a_prefetch_does_not_store_the_only_schema(browser, member_of_a):
    browser.force_login(member_of_a)

    response = browser.get("/owners/", headers=PREFETCHES[0])

    assert response.content == b"a"
    assert "schema" not in browser.session
