"""A POST that switches stands under Django's CSRF check, before it has changed anything."""

import pytest
from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt

from tests import views
from tests.browsers import enter

TOKEN = "t" * 32

urlpatterns = [
    path("echo/", views.echo),
    re_path(".*", csrf_exempt(views.echo)),
]


@pytest.fixture
def visitor(make_browser, member):
    """A browser whose requests are checked, in which schema a is chosen."""
    browser = make_browser(enforce_csrf_checks=True)
    browser.force_login(member)
    browser.cookies["csrftoken"] = TOKEN
    enter(browser, "a")
    return browser


#: Each way to switch to b by POST: address, form, header.
POSTS = pytest.mark.parametrize(
    ("address", "form", "headers"),
    [
        ("/__change_schema__/b/", {}, {}),
        ("/__change_schema__/b", {}, {}),
        ("/__change_schema__/", {"schema": "b"}, {}),
        ("/echo/?__schema=b", {}, {}),
        ("/echo/", {}, {"X-Change-Schema": "b"}),
        ("/missing/?__schema=b", {}, {}),
        ("/missing/", {}, {"X-Change-Schema": "b"}),
    ],
)


@POSTS
def test_without_a_token_nothing_changes(visitor, address, form, headers):
    response = visitor.post(address, form, headers=headers)

    assert response.status_code == 403
    assert b"CSRF" in response.content
    assert visitor.session["schema"] == "a"
    assert visitor.get("/owners/").content == b"a"


@POSTS
def test_with_another_token_nothing_changes(visitor, address, form, headers):
    response = visitor.post(address, {**form, "csrfmiddlewaretoken": "x" * 32}, headers=headers)

    assert response.status_code == 403
    assert visitor.session["schema"] == "a"


@POSTS
def test_a_token_in_the_form_is_enough(visitor, address, form, headers):
    visitor.post(address, {**form, "csrfmiddlewaretoken": TOKEN}, headers=headers)

    assert visitor.session["schema"] == "b"


@POSTS
def test_a_token_in_the_header_is_enough(visitor, address, form, headers):
    visitor.post(address, form, headers={**headers, "X-CSRFToken": TOKEN})

    assert visitor.session["schema"] == "b"


@POSTS
def test_a_token_sent_from_another_site_is_refused(visitor, address, form, headers):
    headers = {**headers, "X-CSRFToken": TOKEN, "Origin": "https://evil.example"}

    response = visitor.post(address, form, headers=headers)

    assert response.status_code == 403
    assert visitor.session["schema"] == "a"


@pytest.mark.parametrize(
    ("address", "form", "headers"),
    [
        ("/__change_schema__//", {}, {}),
        ("/__change_schema__/", {"schema": ""}, {}),
        ("/echo/?__schema=", {}, {}),
        ("/echo/", {}, {"X-Change-Schema": ""}),
        ("/__change_schema__/missing/", {}, {}),
        ("/echo/?__schema=missing", {}, {}),
    ],
)
def test_without_a_token_nothing_is_deselected(visitor, address, form, headers):
    response = visitor.post(address, form, headers=headers)

    assert response.status_code == 403
    assert visitor.session["schema"] == "a"


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_every_method_that_writes_is_checked(visitor, method):
    response = getattr(visitor, method)("/echo/", headers={"X-Change-Schema": "b"})

    assert response.status_code == 403
    assert visitor.session["schema"] == "a"


def test_a_view_that_is_exempt_is_exempt_here(visitor):
    response = visitor.post("/exempt/?__schema=b")

    assert response.json()["owners"] == ["b"]


def test_a_header_for_an_exempt_view_is_exempt_here(visitor):
    response = visitor.post("/exempt/", headers={"X-Change-Schema": "b"})

    assert response.json()["owners"] == ["b"]


@pytest.mark.parametrize("name", ["", "b", "b/", "/"])
def test_the_endpoint_is_never_exempt(visitor, settings, name):
    settings.ROOT_URLCONF = __name__

    response = visitor.post(f"/__change_schema__/{name}", {"schema": "b"})

    assert response.status_code == 403
    assert visitor.session["schema"] == "a"


def test_a_token_kept_in_the_session_is_checked(visitor, settings):
    settings.CSRF_USE_SESSIONS = True

    response = visitor.post("/__change_schema__/", {"schema": "b", "csrfmiddlewaretoken": TOKEN})

    assert response.status_code == 403
    assert visitor.session["schema"] == "a"


def test_a_refused_post_runs_in_no_schema(visitor):
    visitor.post("/write/?__schema=b", {})

    assert visitor.get("/owners/").content == b"a"
    assert visitor.get("/owners/", headers={"X-Change-Schema": "b"}).content == b"b"
