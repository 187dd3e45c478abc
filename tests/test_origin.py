"""Other sites and prefetches never switch a session (D2)."""

import re
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse_lazy

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

    def test_one_for_somebody_else_asks_on_this_site_too(self, in_a, outsider):
        response = in_a.get(schema_url("b", "/owners/", user=outsider), headers=HTML)

        assert "Go to b" in response.content.decode()
        assert in_a.session["schema"] == "a"

    @pytest.mark.parametrize("headers", [CROSS_SITE, HTML])
    def test_one_leads_through_the_login(self, browser, member, settings, headers):
        settings.LOGIN_URL = "/log-in/member/?from=mail"
        address = schema_url("b", "/owners/?x=1", user=member)

        login = login_on(browser.get(address, headers=headers))
        browser.get(login.partition("?")[0])
        query = parse_qs(urlsplit(login).query)
        browser.get(*query["next"], headers=HTML)

        assert query == {"from": ["mail"], "next": [address]}
        assert browser.session["schema"] == "b"

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("/page/", "/page/?__schema=a"),
            ("/page/?x=1#top", "/page/?x=1&__schema=a#top"),
            (reverse_lazy("admin:index"), "/admin/?__schema=a"),
            ("https://example.com/page/", "https://example.com/page/?__schema=a"),
        ],
    )
    def test_an_address_keeps_what_it_had(self, url, expected):
        assert schema_url("a", url) == expected

    @pytest.mark.parametrize(
        ("schema", "name"), [(Schema(schema="a", name="Alpha"), "a"), ("", ""), (None, "")]
    )
    def test_an_address_is_for_a_schema_whatever_people_see_it_as(self, schema, name):
        assert schema_url(schema, "/page/") == f"/page/?__schema={name}"

    def test_a_signed_one_is_for_it_too(self, in_a, member):
        address = schema_url(Schema.objects.get(pk="b"), "/owners/", user=member)

        assert in_a.get(address, headers=CROSS_SITE)["Location"] == "/owners/"
        assert in_a.get("/owners/").content == b"b"


def login_on(response):
    """Return where a page says that one logs in."""
    return unescape(re.search(r'<a href="([^"]+)">Log in</a>', response.content.decode())[1])


@pytest.mark.parametrize("headers", [CROSS_SITE, HTML])
@pytest.mark.parametrize(
    ("address", "back"),
    [
        ("/owners/?x=1&__schema=b", "/owners/?x=1"),
        ("/owners/?__schema=b&__schema_signature=forged", "/owners/"),
        ("/__change_schema__/b/?next=/owners/", "/owners/"),
        ("/__change_schema__/?next=/owners/", "/owners/"),
    ],
)
def test_any_other_link_leads_through_the_login_to_the_chooser(
    browser, schemata, settings, address, back, headers
):
    settings.LOGIN_URL = "/log-in/"

    login = login_on(browser.get(address, headers=headers))

    assert parse_qs(urlsplit(login).query)["next"] == [
        f"/__change_schema__/?{urlencode({'next': back})}"
    ]


def test_there_is_no_link_to_a_login_that_nobody_has_named(browser, schemata):
    page = browser.get("/owners/?__schema=b", headers=HTML).content.decode()

    assert "Log in</a>" not in page
    assert "Choose a schema" in page


def test_a_login_that_has_no_address_makes_no_error_of_a_refusal(browser, schemata, settings):
    settings.LOGIN_URL = "nowhere"

    response = browser.get("/owners/?__schema=a", headers=HTML)

    assert response.status_code == 403
    assert "Log in</a>" not in response.content.decode()


def test_who_is_logged_in_is_led_to_no_login(in_a, settings):
    settings.LOGIN_URL = "/log-in/"

    page = in_a.get("/owners/?__schema=missing", headers=HTML).content.decode()

    assert "Log in</a>" not in page
    assert "Choose a schema" in page


def test_the_pages_of_a_page_that_asks_do_not_switch(in_a):
    rows = [Schema(schema=f"s{number:03}", name=f"s{number:03}") for number in range(60)]
    super(type(Schema.objects.all()), Schema.objects.all()).bulk_create(rows)
    get_user_model().objects.update(is_superuser=True)

    html = in_a.get("/owners/?__schema=b", headers=CROSS_SITE).content.decode()

    address = re.search(r'rel="next" href="([^"]+)"', html)[1]
    assert address.startswith("/__change_schema__/?page=2")
    assert "__schema=" not in address


@pytest.mark.parametrize("wished", ["/owners/?x=1&__schema=a", "/owners/?__sch%65ma=a"])
def test_the_page_that_one_goes_on_to_does_not_switch_again(in_a, wished):
    in_a.post("/__change_schema__/", {"schema": "b", "next": wished}, follow=True)

    assert in_a.session["schema"] == "b"


@pytest.mark.parametrize(
    "wished",
    [
        "/__change_schema__/a/",
        "/__change_schema__//a/",
        "/%5F%5Fchange_schema__/a/",
        "/./__change_schema__/a/",
        "/x/../__change_schema__/a/",
        "/%2e/__change_schema__/a/",
        "/.\\__change_schema__\\a/",
        "http://testserver/%5F_change_schema__/a/",
        "a/",
        "./a/",
        "../__change_schema__/a/",
    ],
)
def test_one_does_not_go_on_to_another_switch_however_it_is_spelt(in_a, wished):
    response = in_a.post("/__change_schema__/", {"schema": "b", "next": wished})

    assert (response.status_code, response.content) == (200, b"Schema changed to b")
    assert in_a.session["schema"] == "b"


def test_a_prefetch_does_not_store_the_only_schema(browser, member_of_a):
    browser.force_login(member_of_a)

    response = browser.get("/owners/", headers=PREFETCHES[0])

    assert response.content == b"a"
    assert "schema" not in browser.session
