"""A request asks for a schema, in its address or in a header."""

import pytest
from django.test import RequestFactory

from boardinghouse import wishes
from tests.browsers import enter


class TestParameter:
    def test_it_changes_the_session(self, visitor):
        visitor.get("/owners/?__schema=a")

        assert visitor.get("/owners/").content == b"a"

    def test_it_redirects_to_the_same_page_without_it(self, visitor):
        response = visitor.get("/owners/?__schema=a")

        assert (response.status_code, response["Location"]) == (302, "/owners/")

    def test_the_display_name_is_in_the_session_too(self, visitor, schemata):
        schemata[0].name = "Alpha"
        schemata[0].save()

        visitor.get("/owners/?__schema=a")

        assert (visitor.session["schema"], visitor.session["schema_name"]) == ("a", "Alpha")

    @pytest.mark.parametrize(
        ("query", "rest"),
        [
            ("b=1&__schema=a&a=%2F&b=2", "b=1&a=%2F&b=2"),
            ("__schema=a&x", "x"),
            ("x=&__schema=a", "x="),
            ("%5F_schema=a&x=1+2%20%C3%A9", "x=1+2%20%C3%A9"),
            ("__schema=b&y=2&__schema=a", "y=2"),
            ("x__schema=1&__schema=a&__schema_=2", "x__schema=1&__schema_=2"),
        ],
    )
    def test_other_parameters_stay_as_they_were(self, visitor, query, rest):
        response = visitor.get(f"/owners/?{query}")

        assert response["Location"] == f"/owners/?{rest}"
        assert visitor.session["schema"] == "a"

    def test_a_head_request_is_redirected_too(self, visitor):
        response = visitor.head("/owners/?__schema=a")

        assert (response.status_code, response["Location"]) == (302, "/owners/")

    def test_it_changes_from_one_schema_to_another(self, visitor):
        enter(visitor, "a")

        visitor.get("/owners/?__schema=b")

        assert visitor.get("/owners/").content == b"b"

    def test_an_empty_one_deselects(self, visitor):
        enter(visitor, "a")

        response = visitor.get("/schema/?__schema=")

        assert response["Location"] == "/schema/"
        assert "schema" not in visitor.session
        assert "schema_name" not in visitor.session
        assert visitor.get("/schema/").content == b"none"

    def test_a_post_goes_on_in_the_new_schema_without_the_parameter(self, visitor):
        enter(visitor, "a")

        response = visitor.post("/echo/?b=1&__schema=b&a=%2F&b=2&c=%C3%A9", {"field": "value"})

        assert response.json() == {
            "owners": ["b"],
            "get": [["b", ["1", "2"]], ["a", ["/"]], ["c", ["é"]]],
            "query": "b=1&a=%2F&b=2&c=%C3%A9",
        }
        assert visitor.session["schema"] == "b"

    @pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
    def test_so_does_any_other_method(self, visitor, method):
        response = getattr(visitor, method)("/echo/?__schema=b&x=1")

        assert response.json() == {"owners": ["b"], "get": [["x", ["1"]]], "query": "x=1"}
        assert visitor.session["schema"] == "b"

    def test_it_goes_before_the_header(self, visitor):
        visitor.get("/owners/?__schema=a", headers={"X-Change-Schema": "b"})

        assert visitor.session["schema"] == "a"

    def test_it_is_not_looked_for_in_a_form(self, visitor):
        enter(visitor, "a")

        response = visitor.post("/echo/", {"__schema": "b"})

        assert response.json()["owners"] == ["a"]


class TestRedirect:
    """D1: it never leaves the site."""

    @pytest.mark.parametrize(
        ("path", "location"),
        [
            ("//evil.example/", "/%2Fevil.example/"),
            ("///evil.example/", "/%2F/evil.example/"),
            ("/%2Fevil.example/", "/%2Fevil.example/"),
            ("/%5Cevil.example/", "/%5Cevil.example/"),
            ("/%5C%5Cevil.example", "/%5C%5Cevil.example"),
            ("/%0D%0ALocation:%20evil/", "/%0D%0ALocation:%20evil/"),
            ("/a%3Fb/", "/a%3Fb/"),
        ],
    )
    def test_the_address_stays_on_this_site(self, path, location):
        request = RequestFactory().get("/", QUERY_STRING="__schema=a")
        request.path = wishes.unquote_plus(path)

        assert wishes.address_without_parameter(request) == location

    def test_a_path_that_looks_like_a_host_is_escaped(self, visitor):
        response = visitor.get("http://testserver//evil.example/?__schema=a")

        assert (response.status_code, response["Location"]) == (302, "/%2Fevil.example/")

    def test_next_in_the_address_is_only_another_parameter(self, visitor):
        response = visitor.get("/owners/?__schema=a&next=https://evil.example")

        assert response["Location"] == "/owners/?next=https://evil.example"


class TestHeader:
    @pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
    def test_this_request_already_runs_in_the_new_schema(self, visitor, method):
        enter(visitor, "a")

        response = getattr(visitor, method)("/echo/?x=1", headers={"X-Change-Schema": "b"})

        assert response.status_code == 200
        assert response.json() == {"owners": ["b"], "get": [["x", ["1"]]], "query": "x=1"}

    def test_the_session_keeps_it(self, visitor):
        visitor.get("/owners/", headers={"X-Change-Schema": "b"})

        assert visitor.get("/owners/").content == b"b"

    def test_an_empty_one_deselects(self, visitor):
        enter(visitor, "a")

        response = visitor.get("/schema/", headers={"X-Change-Schema": ""})

        assert response.content == b"none"
        assert "schema" not in visitor.session

    @pytest.mark.parametrize(
        "path", ["/owners/", "/owners/?__schema=a", "/__change_schema__/", "/missing/", "/regions/"]
    )
    def test_every_response_varies_on_it(self, visitor, path):
        response = visitor.get(path)

        assert "X-Change-Schema" in response["Vary"]

    def test_a_refusal_varies_on_it(self, visitor):
        response = visitor.get("/owners/", headers={"X-Change-Schema": "missing"})

        assert "X-Change-Schema" in response["Vary"]


def test_a_site_under_a_prefix_redirects_under_it(client, member):
    client.force_login(member)

    response = client.get("/owners/?__schema=a", SCRIPT_NAME="/site")

    assert response["Location"] == "/site/owners/"


@pytest.mark.parametrize("path", ["/owners/?__schema=a", "/__change_schema__/a/"])
def test_no_cache_keeps_an_answer_of_ours(visitor, path):
    response = visitor.get(path)

    assert "no-store" in response["Cache-Control"]
