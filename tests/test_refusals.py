"""A refusal: 403, the same words for what is forbidden and what does not exist."""

import pytest
from django.utils.http import urlencode

from boardinghouse.models import Schema
from boardinghouse.schema import get_active_schema_name
from tests.browsers import HTML, JSON, enter

WORDS = "You may not enter that schema."

REFUSED_NAMES = [
    "b",
    "missing",
    "__template__",
    "pg_catalog",
    " a",
    "a\n",
    "a\x00",
    '"a"',
    "a" * 64,
    "é",
]
names = pytest.mark.parametrize("name", REFUSED_NAMES, ids=ascii)


@pytest.fixture
def visitor(browser, member_of_a):
    """A browser in which a member of a alone is logged in, and has entered it."""
    browser.force_login(member_of_a)
    enter(browser, "a")
    return browser


def answer_of(response):
    """Return all of an answer that could tell one from another."""
    headers = {key: value for key, value in response.headers.items() if key != "Expires"}
    return response.status_code, response.content, headers


@names
class TestEachWay:
    def test_by_parameter(self, visitor, name):
        response = visitor.get("/write/?" + urlencode({"__schema": name}))

        assert (response.status_code, response.content.decode()) == (403, WORDS)
        assert "schema" not in visitor.session

    def test_by_parameter_of_a_post(self, visitor, name):
        response = visitor.post("/write/?" + urlencode({"__schema": name}))

        assert (response.status_code, response.content.decode()) == (403, WORDS)
        assert "schema" not in visitor.session

    def test_by_post(self, visitor, name):
        response = visitor.post("/__change_schema__/", {"schema": name})

        assert (response.status_code, response.content.decode()) == (403, WORDS)
        assert "schema" not in visitor.session


@pytest.mark.parametrize("name", [each for each in REFUSED_NAMES if each.isascii()], ids=ascii)
def test_by_header(visitor, name):
    response = visitor.post("/write/", headers={"X-Change-Schema": name})

    assert (response.status_code, response.content.decode()) == (403, WORDS)
    assert "schema" not in visitor.session


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", ["b", "missing", "__template__", "a%0A", "a%00", "%C3%A9"])
def test_by_address(visitor, method, name):
    response = getattr(visitor, method)(f"/__change_schema__/{name}/")

    assert (response.status_code, response.content.decode()) == (403, WORDS)
    assert "schema" not in visitor.session


@pytest.mark.parametrize("headers", [{}, HTML, JSON], ids=["text", "html", "json"])
@pytest.mark.parametrize("name", ["missing", "__template__", "pg_catalog", "a\n", "a" * 64])
def test_forbidden_and_missing_are_told_alike(visitor, name, headers):
    forbidden = visitor.post("/__change_schema__/", {"schema": "b"}, headers=headers)
    enter(visitor, "a")

    response = visitor.post("/__change_schema__/", {"schema": name}, headers=headers)

    assert answer_of(response) == answer_of(forbidden)
    assert name.encode() not in response.content


def test_a_deactivated_schema_is_told_like_a_missing_one(visitor, schemata, member_of_a):
    member_of_a.schemata.add(schemata[1])
    Schema.objects.filter(pk="b").update(is_active=False)
    missing = visitor.get("/owners/?__schema=missing")
    enter(visitor, "a")

    response = visitor.get("/owners/?__schema=b")

    assert answer_of(response) == answer_of(missing)


def test_json_gets_the_words_too(visitor):
    response = visitor.get("/owners/?__schema=b", headers=JSON)

    assert (response.status_code, response.json()) == (403, {"schema": None, "message": WORDS})


def test_a_person_gets_a_page_that_leads_to_the_chooser(visitor):
    response = visitor.get("/owners/?__schema=b", headers=HTML)

    assert response.status_code == 403
    assert response["Content-Type"].startswith("text/html")
    assert WORDS in response.content.decode()
    assert '<a href="/__change_schema__/">' in response.content.decode()


def test_no_schema_is_active_afterwards(visitor):
    visitor.get("/owners/?__schema=b")

    assert get_active_schema_name() is None


def test_nothing_is_written_anywhere(visitor):
    visitor.post("/write/?__schema=b")

    enter(visitor, "a")
    assert visitor.get("/owners/").content == b"a"


@pytest.mark.parametrize("name", ["a", "missing"])
class TestAnonymous:
    """Anonymous users may not choose."""

    @pytest.mark.parametrize("address", ["/__change_schema__/{}/", "/owners/?__schema={}"])
    def test_by_address(self, browser, schemata, name, address):
        response = browser.get(address.format(name))

        assert (response.status_code, response.content.decode()) == (403, WORDS)

    def test_by_header(self, browser, schemata, name):
        response = browser.get("/owners/", headers={"X-Change-Schema": name})

        assert (response.status_code, response.content.decode()) == (403, WORDS)

    def test_by_post(self, browser, schemata, name):
        response = browser.post("/__change_schema__/", {"schema": name})

        assert (response.status_code, response.content.decode()) == (403, WORDS)
        assert "sessionid" not in response.cookies


def test_a_superuser_may_enter_a_deactivated_schema(browser, superuser):
    Schema.objects.filter(pk="b").update(is_active=False)
    browser.force_login(superuser)

    enter(browser, "b")

    assert browser.get("/owners/").content == b"b"


def test_even_a_superuser_may_not_enter_the_template(browser, superuser):
    browser.force_login(superuser)

    response = browser.get("/__change_schema__/__template__/")

    assert (response.status_code, response.content.decode()) == (403, WORDS)
