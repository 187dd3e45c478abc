"""The change-schema endpoint."""

import pytest

from tests.browsers import JSON, enter


@pytest.mark.parametrize("method", ["get", "post"])
class TestName:
    def test_it_changes_the_session_and_says_so(self, visitor, method):
        response = getattr(visitor, method)("/__change_schema__/a/")

        assert (response.status_code, response.content) == (200, b"Schema changed to a")
        assert response["Content-Type"].startswith("text/plain")
        assert visitor.get("/owners/").content == b"a"

    def test_json_says_the_same(self, visitor, method):
        response = getattr(visitor, method)("/__change_schema__/a/", headers=JSON)

        assert response.status_code == 200
        assert response.json() == {"schema": "a", "message": "Schema changed to a"}

    def test_no_slash_is_needed_at_the_end(self, visitor, method):
        response = getattr(visitor, method)("/__change_schema__/a")

        assert response.content == b"Schema changed to a"

    def test_an_empty_one_deselects(self, visitor, method):
        enter(visitor, "a")

        response = getattr(visitor, method)("/__change_schema__//")

        assert (response.status_code, response.content) == (200, b"Schema deselected")
        assert "schema" not in visitor.session

    def test_json_says_that_it_was_deselected(self, visitor, method):
        enter(visitor, "a")

        response = getattr(visitor, method)("/__change_schema__//", headers=JSON)

        assert response.json() == {"schema": None, "message": "Schema deselected"}

    def test_a_refusal_says_so_in_json(self, visitor, method):
        response = getattr(visitor, method)("/__change_schema__/missing/", headers=JSON)

        assert response.status_code == 403
        assert response.json() == {"schema": None, "message": "You may not enter that schema."}


class TestPost:
    def test_it_takes_the_schema(self, visitor):
        response = visitor.post("/__change_schema__/", {"schema": "b"})

        assert (response.status_code, response.content) == (200, b"Schema changed to b")
        assert visitor.get("/owners/").content == b"b"

    def test_an_empty_schema_deselects(self, visitor):
        enter(visitor, "a")

        response = visitor.post("/__change_schema__/", {"schema": ""}, headers=JSON)

        assert response.json() == {"schema": None, "message": "Schema deselected"}
        assert visitor.get("/schema/").content == b"none"

    def test_it_goes_on_to_next(self, visitor):
        response = visitor.post("/__change_schema__/", {"schema": "b", "next": "/owners/?x=1"})

        assert (response.status_code, response["Location"]) == (302, "/owners/?x=1")
        assert visitor.session["schema"] == "b"

    def test_json_says_so_and_leaves_it_to_the_script_to_go_on(self, visitor):
        asked = {"schema": "b", "next": "/owners/"}

        response = visitor.post("/__change_schema__/", asked, headers=JSON)

        assert response.status_code == 200
        assert response.json() == {"schema": "b", "message": "Schema changed to b"}
        assert visitor.get("/owners/").content == b"b"

    @pytest.mark.parametrize(
        "address",
        [
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "javascript:alert(1)",
            "http:///evil.example",
        ],
    )
    def test_next_never_leaves_the_site(self, visitor, address):
        response = visitor.post("/__change_schema__/", {"schema": "b", "next": address})

        assert (response.status_code, response.content) == (200, b"Schema changed to b")

    def test_next_is_not_followed_after_a_refusal(self, visitor):
        response = visitor.post("/__change_schema__/", {"schema": "missing", "next": "/owners/"})

        assert response.status_code == 403

    def test_without_a_schema_nothing_changes(self, visitor):
        enter(visitor, "a")

        response = visitor.post("/__change_schema__/", {"next": "/owners/"})

        assert response.status_code == 400
        assert visitor.session["schema"] == "a"


@pytest.mark.parametrize("path", ["/__change_schema__/", "/__change_schema__/a/"])
@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_no_other_method_is_allowed(visitor, path, method):
    response = getattr(visitor, method)(path)

    assert (response.status_code, response["Allow"]) == (405, "GET, POST")
    assert "schema" not in visitor.session


@pytest.mark.parametrize(
    "path", ["/__change_schema__/a/b/", "/__change_schema__a/", "/x/__change_schema__/a/"]
)
def test_addresses_that_only_look_alike_are_the_projects_own(visitor, path):
    response = visitor.get(path)

    assert response.status_code == 404
    assert "schema" not in visitor.session
