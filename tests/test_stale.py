"""Forms and scripts of a page that was made in another schema (D3)."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from boardinghouse.schema import override
from tests.browsers import HTML, JSON, enter
from tests.conftest import owners
from tests.testapp.models import Account

FIELD = "__expected_schema"
HEADER = "X-Expected-Schema"


@pytest.fixture
def in_b(visitor):
    """A browser whose other tab has moved to schema b."""
    enter(visitor, "b")
    return visitor


def rows():
    found = {}
    for name in ("a", "b"):
        with override(name):
            found[name] = owners()
    return found


UNTOUCHED = {"a": ["a"], "b": ["b"]}


def test_a_form_made_elsewhere_is_refused_and_nothing_is_written(in_b):
    response = in_b.post("/write/", {FIELD: "a", "owner": "typed"}, headers=HTML)

    assert response.status_code == 409
    assert rows() == UNTOUCHED


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_script_of_a_page_made_elsewhere_is_refused_in_json(in_b, method):
    response = getattr(in_b, method)("/write/", headers={**JSON, HEADER: "a"})

    assert response.status_code == 409
    told = response.json()
    assert (told["expected"], told["active"]) == ("a", "b")
    assert "Nothing was saved" in told["message"]
    assert rows() == UNTOUCHED


@pytest.mark.parametrize("said", [{FIELD: "b"}, {}])
def test_a_form_made_here_or_that_says_nothing_is_served(in_b, said):
    assert in_b.post("/write/", said).status_code == 200
    assert rows() == {"a": ["a"], "b": ["b", "written in b"]}


def test_a_page_made_nowhere_does_not_write_somewhere(in_b):
    assert in_b.post("/write/", {FIELD: ""}).status_code == 409
    assert rows() == UNTOUCHED


def test_reading_is_never_refused(in_b):
    assert in_b.get("/owners/", headers={HEADER: "a"}).content == b"b"


def test_the_page_says_where_and_keeps_what_was_typed(in_b):
    typed = {FIELD: "a", "owner": "Zoë & Co", "tags": ["x", "y"], "empty": "", "password": "hush"}

    html = in_b.post("/write/?next=1", typed, headers=HTML).content.decode()

    assert "<strong>a</strong>" in html
    assert "<strong>b</strong>" in html
    assert html.count('<textarea name="tags" hidden>') == 4
    assert html.count("\nZoë &amp; Co</textarea>") == 2
    assert html.count('<textarea name="empty" hidden>') == 2
    assert "<dd>Zoë &amp; Co</dd>" in html
    assert "<dd>hush</dd>" not in html


def hidden_fields(html, action):
    """Return what one of the page's forms would send."""
    form = re.search(rf'<form method="post" action="{re.escape(action)}".*?</form>', html, re.S)[0]
    inputs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    return dict(inputs + re.findall(r'<textarea name="(\w+)" hidden>\n(.*?)</textarea>', form))


@pytest.mark.parametrize(
    ("action", "where"),
    [("/write/?__schema=a", "a"), ("/write/", "b")],
)
def test_its_two_buttons_send_there_or_here(member, action, where):
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    enter(client, "b")
    token = client.get("/form/", headers=HTML).content.decode()
    typed = {FIELD: "a", "owner": "x", "csrfmiddlewaretoken": token}
    html = client.post("/write/", typed, headers=HTML).content.decode()

    response = client.post(action.replace("&amp;", "&"), hidden_fields(html, action))

    assert response.status_code == 200
    expected = {**UNTOUCHED, where: [where, f"written in {where}"]}
    assert rows() == expected


def test_its_buttons_never_send_to_another_site(in_b):
    response = in_b.post(
        "http://testserver//evil.example/", {FIELD: "a", "owner": "typed"}, headers=HTML
    )

    actions = re.findall(r'action="([^"]*)"', response.content.decode())
    assert actions == ["/%2Fevil.example/?__schema=a", "/%2Fevil.example/"]


def test_files_cannot_be_kept_and_the_page_says_so(in_b):
    upload = SimpleUploadedFile("x.txt", b"text")

    html = in_b.post("/write/", {FIELD: "a", "scan": upload}, headers=HTML).content.decode()

    assert "Choose them again: scan" in html
    assert 'enctype="multipart/form-data"' in html


@pytest.mark.parametrize("name", ["missing", "zebra", "Bad", "__template__", "<script>"])
def test_a_place_that_one_may_not_enter_is_not_named(in_b, name):
    html = in_b.post("/write/", {FIELD: name}, headers=HTML).content.decode()

    assert name not in html.replace(FIELD, "")
    assert "Go back" not in html


def test_a_form_that_fails_the_csrf_check_is_refused_for_that(member):
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    enter(client, "b")

    assert client.post("/write/", {FIELD: "a"}).status_code == 403


def test_the_body_of_an_exempt_view_is_left_unread(in_b):
    body = in_b.post("/read_body/", b"raw", content_type="application/octet-stream")

    assert body.content == b"raw"


def test_an_exempt_view_is_guarded_by_the_header(in_b):
    assert in_b.post("/exempt/", headers={HEADER: "a"}).status_code == 409


def test_the_page_is_never_kept(in_b):
    assert "no-store" in in_b.post("/write/", {FIELD: "a"}, headers=HTML)["Cache-Control"]


def test_nothing_is_refused_for_somebody_who_is_nowhere_on_both_sides(visitor):
    assert visitor.post("/shared/", {FIELD: ""}).status_code == 200
    with override("a"):
        assert Account.objects.count() == 1


def test_a_header_alone_comes_from_a_script(in_b):
    response = in_b.post("/write/", {"owner": "x"}, headers={HEADER: "a", "Accept": "*/*"})

    assert (response.status_code, response["Content-Type"]) == (409, "application/json")


@pytest.mark.parametrize(
    ("fields", "headers"), [({FIELD: "a"}, {HEADER: "b"}), ({FIELD: ["a", "b"]}, {})]
)
def test_all_that_is_said_must_agree(in_b, fields, headers):
    assert in_b.post("/write/", fields, headers=headers).status_code == 409
    assert rows() == UNTOUCHED


def test_a_form_for_an_exempt_view_is_guarded_and_its_body_can_be_read(in_b):
    form = "application/x-www-form-urlencoded"

    refused = in_b.post("/read_body/", f"{FIELD}=a", content_type=form)
    served = in_b.post("/read_body/", f"{FIELD}=b", content_type=form)

    assert (refused.status_code, served.content) == (409, f"{FIELD}=b".encode())


@pytest.mark.parametrize(
    ("address", "fields", "headers"),
    [
        ("/write/", {}, {"X-Change-Schema": "a", HEADER: "b"}),
        ("/write/?__schema=a", {FIELD: "b"}, {}),
        ("/write/?__schema=a", {}, {HEADER: "b"}),
        ("/exempt/?__schema=", {}, {HEADER: "b"}),
        ("/write/?__schema=a", {FIELD: ["a", "b"]}, HTML),
        ("/write/?__schema=a", {FIELD: "missing"}, {}),
    ],
)
def test_what_asks_for_one_schema_and_was_made_in_another_changes_nothing(
    in_b, address, fields, headers
):
    response = in_b.post(address, fields, headers=headers)

    assert response.status_code == 409
    assert in_b.session["schema"] == "b"
    assert rows() == UNTOUCHED


@pytest.mark.parametrize(
    ("address", "headers"),
    [("/write/", {"X-Change-Schema": "a", HEADER: "a"}), ("/write/?__schema=a", {HEADER: "a"})],
)
def test_what_asks_for_the_schema_that_it_was_made_in_is_served_there(in_b, address, headers):
    assert in_b.post(address, headers=headers).status_code == 200

    assert in_b.session["schema"] == "a"
    assert rows() == {"a": ["a", "written in a"], "b": ["b"]}


def test_a_page_of_an_object_goes_to_the_other_one_and_sends_nothing(in_b):
    html = in_b.post("/log-in/member/", {FIELD: "a", "amount": "5"}, headers=HTML).content.decode()

    assert '<a href="/log-in/member/">Show it in b, and send nothing</a>' in html
    assert "all the same" not in html
    assert set(re.findall(r'<form method="post" action="([^"]*)"', html)) == {
        "/log-in/member/?__schema=a"
    }


def test_nothing_that_was_sent_is_called_saved(in_b):
    html = in_b.post("/write/", {FIELD: "a"}, headers=HTML).content.decode()

    assert re.findall(r"<button[^>]*>([^<]*)", html) == [
        "Go back to a and send it there",
        "Send it in b all the same",
    ]
    assert "may mean something else in b" in html
