"""The page on which a person chooses a schema."""

import re
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client

from boardinghouse.chooser import MOST_WORDS, search_visible
from boardinghouse.models import Schema
from tests.browsers import HTML, enter
from tests.conftest import make_user
from tests.testapp.models import Account

CHOOSER = "/__change_schema__/"


def page(browser, query="", **headers):
    response = browser.get(CHOOSER + query, headers={**HTML, **headers})
    assert response.status_code == 200
    return response.content.decode()


def choices(html):
    """Return the names that the page's buttons would choose."""
    return re.findall(r'<button type="submit" name="schema" value="([^"]+)"', html)


@pytest.fixture
def many(db):
    """More rows than a page holds; the page never asks PostgreSQL for the schemata themselves."""
    rows = [Schema(schema=f"s{number:03}", name=f"School {number:03}") for number in range(120)]
    super(type(Schema.objects.all()), Schema.objects.all()).bulk_create(rows)
    return make_user("head", is_superuser=True)


def test_it_lists_what_one_may_enter_and_nothing_else(browser, member_of_a):
    browser.force_login(member_of_a)

    assert choices(page(browser)) == ["a"]


def test_it_switches_by_a_post_with_csrf_and_goes_back(member):
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page(client, "?next=/owners/"))
    form = {"schema": "b", "next": "/owners/"}

    refused = client.post(CHOOSER, form)
    switched = client.post(CHOOSER, {**form, "csrfmiddlewaretoken": token[1]}, follow=True)

    assert refused.status_code == 403
    assert (switched.redirect_chain, switched.content) == ([("/owners/", 302)], b"b")


def test_without_next_one_goes_to_the_front_page(visitor):
    assert '<input type="hidden" name="next" value="/">' in page(visitor)


def test_the_next_page_is_one_of_this_site(visitor):
    assert "evil" not in page(visitor, "?next=https://evil.example")


def test_it_stays_under_the_prefix_of_the_site(client, member):
    client.force_login(member)

    html = client.get(CHOOSER, headers=HTML, SCRIPT_NAME="/site").content.decode()

    assert 'action="/site/__change_schema__/"' in html
    assert 'name="next" value="/site/"' in html


def test_the_current_one_is_marked_and_can_be_left(visitor):
    enter(visitor, "a")

    html = page(visitor)

    assert html.count('aria-current="true"') == 1
    assert re.search(r'value="a" aria-current="true"', html)
    assert '<button type="submit" name="schema" value="">' in html


def test_names_that_people_chose_are_escaped(visitor, schemata):
    Schema.objects.filter(pk="a").update(name="<script>alert(1)</script>")

    assert "<script>alert" not in page(visitor)


def test_nobodys_schema_is_explained_kindly(browser, outsider):
    browser.force_login(outsider)

    assert "You do not belong anywhere yet" in page(browser)


def test_an_anonymous_visitor_is_told_to_log_in(browser, schemata):
    assert "Log in first" in page(browser)


def test_many_come_in_pages(browser, many):
    browser.force_login(many)

    first, last = page(browser), page(browser, "?page=3&next=/owners/")

    assert choices(first) == [f"s{number:03}" for number in range(50)]
    assert choices(last) == [f"s{number:03}" for number in range(100, 120)]
    assert 'rel="prev" href="/__change_schema__/?page=2&amp;q=&amp;next=/owners/"' in last


def test_where_one_is_on_another_page_or_not_found_it_says_so_all_the_same(browser, many, schemata):
    browser.force_login(many)
    Schema.objects.filter(pk="b").update(name="Yonder & Co")
    enter(browser, "b")

    for query in ("", "?q=School"):
        html = page(browser, query)

        assert "b" not in choices(html)
        assert "You are in Yonder &amp; Co." in html


def test_a_place_that_one_has_lost_is_not_named(browser, many, schemata):
    browser.force_login(many)
    enter(browser, "b")
    User.objects.update(is_superuser=False)
    many.schemata.set(Schema.objects.exclude(pk="b"))

    assert "You are in" not in page(browser)


@pytest.mark.parametrize("number", ["0", "99", "x", "-1"])
def test_a_page_that_is_none_is_another_one(browser, many, number):
    browser.force_login(many)

    assert choices(page(browser, f"?page={number}"))


@pytest.mark.parametrize(
    ("search", "found"),
    [("School 07", 12), ("s077", 1), ("077 school", 1), ("%", 0), ("nothing", 0), ("  ", 50)],
)
def test_it_can_be_searched_by_words_of_either_name(browser, many, search, found):
    browser.force_login(many)

    response = browser.get(CHOOSER, {"q": search}, headers=HTML)

    assert len(choices(response.content.decode())) == found


def test_a_search_of_a_thousand_words_is_a_short_query(member):
    query = str(search_visible(member, "school " * 1000).query)

    assert query.count("LIKE") == 2 * MOST_WORDS


def test_few_need_no_search(visitor):
    assert 'type="search"' not in page(visitor)


def test_a_search_that_finds_nothing_says_so(browser, many):
    browser.force_login(many)

    assert "matches “nothing”" in page(browser, "?q=nothing")


def test_any_number_costs_two_queries(client, many, django_assert_num_queries):
    client.force_login(many)

    with django_assert_num_queries(4):  # session, user; how many, a page of them
        page(client)


def test_an_inactive_one_is_shown_as_such_to_a_superuser(browser, superuser):
    Schema.objects.filter(pk="a").delete()
    browser.force_login(superuser)

    assert "not active" in page(browser)


def test_it_is_never_kept(visitor):
    assert "no-store" in visitor.get(CHOOSER)["Cache-Control"]


def test_looking_at_it_changes_nothing(visitor):
    page(visitor)
    page(visitor, "?__schema=a")
    page(visitor, **{"X-Change-Schema": "a"})

    assert "schema" not in visitor.session


def test_a_template_of_the_projects_own_comes_first(visitor, settings, tmp_path):
    (tmp_path / "boardinghouse").mkdir()
    (tmp_path / "boardinghouse/choose.html").write_text("Pick: {{ page.object_list|length }}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]

    assert page(visitor) == "Pick: 2"


def test_a_search_for_what_no_name_can_hold_finds_nothing_or_all(visitor):
    assert choices(page(visitor, "?q=%00")) == ["a", "b"]


def test_without_a_template_engine_it_is_there_all_the_same(visitor, settings):
    settings.TEMPLATES = []

    assert choices(page(visitor)) == ["a", "b"]


def count_accounts(request):
    return {"accounts": Account.objects.count()}


@pytest.fixture
def counting(settings):
    """A project of whose context processors one needs a schema."""
    named = settings.TEMPLATES[0]["OPTIONS"]["context_processors"]
    options = {"context_processors": [f"{__name__}.count_accounts", *named]}
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "OPTIONS": options}]


def test_where_the_projects_pages_need_a_schema_it_is_there_all_the_same(visitor, counting, caplog):
    asked = visitor.get("/owners/", headers=HTML)

    html = page(visitor, f"?{urlsplit(asked['Location']).query}")

    assert choices(html) == ["a", "b"]
    assert "You must select a schema to access that resource" in html
    assert "boardinghouse/choose.html was shown as we have it" in caplog.text


def test_a_refusal_is_none_the_less_one_where_the_projects_pages_need_a_schema(visitor, counting):
    enter(visitor, "a")

    response = visitor.get("/owners/?__schema=missing", headers=HTML)

    assert (response.status_code, "Not allowed" in response.content.decode()) == (403, True)
    assert "schema" not in visitor.session


def test_beside_the_admin_it_has_its_looks_and_its_dark_mode(visitor):
    html = page(visitor)

    assert "admin/css/dark_mode.css" in html
    assert "admin/js/theme.js" in html


def test_without_the_admin_it_needs_none_of_it(visitor, monkeypatch):
    monkeypatch.setattr("boardinghouse.responses.apps.is_installed", lambda name: False)

    assert "admin/" not in page(visitor)
