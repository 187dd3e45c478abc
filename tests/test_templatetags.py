"""{% load boardinghouse %}"""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template, TemplateSyntaxError
from django.template.loader import render_to_string
from django.test import RequestFactory

from boardinghouse.models import Schema
from boardinghouse.schema import override


@pytest.fixture
def render(rf: RequestFactory, member):
    def render(source, user=member, **context):
        request = rf.get("/page/?x=1")
        request.user = user
        template = Template("{% load boardinghouse %}" + source)
        return template.render(Context({"request": request, "csrf_token": "token", **context}))

    return render


class TestSchemaField:
    def test_it_says_which_schema_the_page_was_made_in(self, render):
        with override("a"):
            html = render("{% schema_field %}")

        assert html == '<input type="hidden" name="__expected_schema" value="a">'

    def test_it_says_that_there_was_none(self, render):
        assert 'value=""' in render("{% schema_field %}")


class TestSchemaUrl:
    def test_it_switches(self, render, schemata):
        assert render("{% schema_url 'a' '/x/' %}") == "/x/?__schema=a"
        assert render("{% schema_url schema '/x/' %}", schema=schemata[0]) == "/x/?__schema=a"

    def test_it_is_escaped_in_attributes(self, render):
        assert render("{% schema_url 'a' '/x/?y=1' %}") == "/x/?y=1&amp;__schema=a"

    def test_it_can_be_signed(self, render):
        assert "__schema_signature=" in render("{% schema_url 'a' '/x/' signed=True %}")


class TestSwitcher:
    def test_is_not_filled_in_again_nor_boosted_and_says_where_it_was_made(self, render, schemata):
        with override("a"):
            html = render("{% schema_switcher %}")

        (form,) = re.findall(r'<form class="boardinghouse-switcher"[^>]*>', html)
        for said in ('autocomplete="off"', 'hx-boost="false"', 'data-turbo="false"'):
            assert said in form
        assert 'data-schema="a" data-name="a"' in form
        assert '<select name="schema" autocomplete="off"' in html

    def test_it_is_a_list_with_the_current_one_selected(self, render, schemata):
        with override(schemata[1]):
            html = render("{% schema_switcher %}")

        assert '<option value="b" selected>b</option>' in html
        assert '<option value="a">a</option>' in html
        assert 'name="next" value="/page/?x=1"' in html
        assert 'value="token"' in html
        assert '<option value=""' not in html

    def test_with_none_active_it_asks_to_choose(self, render):
        assert '<option value="" selected>' in render("{% schema_switcher %}")

    def test_it_works_without_scripts(self, render):
        assert '<button type="submit"' in render("{% schema_switcher %}")

    @pytest.mark.parametrize(("count", "is_list"), [(15, True), (16, False)])
    def test_up_to_fifteen_are_a_list_and_more_a_search(self, render, superuser, count, is_list):
        rows = [Schema(schema=f"s{n}", name=f"School {n}") for n in range(count - 2)]
        super(type(Schema.objects.all()), Schema.objects.all()).bulk_create(rows)

        html = render("{% schema_switcher %}", user=superuser)

        assert ("<select" in html) is is_list
        assert ('type="search"' in html) is not is_list

    def test_it_is_disabled_with_a_reason(self, render, schemata):
        with override(schemata[0]):
            html = render("{% schema_switcher disabled='You are editing a pupil.' %}")

        assert "You are editing a pupil." in html
        assert "<select" not in html

    def test_it_is_one_query(self, render, schemata, django_assert_num_queries):
        with override(schemata[0]):
            Schema.objects.count()

            with django_assert_num_queries(1):
                render("{% schema_switcher %}")

    def test_it_is_nothing_for_somebody_who_is_not_logged_in(
        self, render, django_assert_num_queries
    ):
        with django_assert_num_queries(0):
            assert render("{% schema_switcher %}", user=AnonymousUser()).strip() == ""

    def test_it_is_nothing_for_somebody_who_belongs_nowhere(self, render, outsider):
        assert "<form" not in render("{% schema_switcher %}", user=outsider)


def test_scripts_say_where_the_page_was_made(render, schemata):
    with override(schemata[0]):
        html = render("{% schema_scripts %}")

    assert 'data-schema="a"' in html
    assert "boardinghouse/boardinghouse.js" in html
    assert "<script>" not in html
    assert "onclick" not in html
    assert "nonce" not in html


def test_scripts_carry_the_nonce_of_a_content_security_policy(render):
    assert render("{% schema_scripts %}", csp_nonce="abc").count('nonce="abc"') == 2


def test_our_own_pages_carry_it_too():
    html = render_to_string(
        "boardinghouse/base.html", {"csp_nonce": "abc", "is_admin_installed": True}
    )

    assert html.count('nonce="abc"') == html.count("<link") + html.count("<script") == 4


@pytest.mark.parametrize("tag", ["schema_switcher", "schema_scripts"])
def test_a_page_that_is_made_without_a_request_can_have_it(tag, db):
    html = Template("{% load boardinghouse %}{% " + tag + " %}").render(Context({}))

    assert "<form" not in html
    assert "<script" not in html


def test_a_signed_link_in_an_email_is_for_its_reader(member):
    source = "{% load boardinghouse %}{% schema_url 'a' '/x/' signed=True user=reader %}"

    assert "__schema_signature=" in Template(source).render(Context({"reader": member}))


def test_a_signed_link_for_nobody_says_what_to_write(db):
    source = "{% load boardinghouse %}{% schema_url 'a' '/x/' signed=True %}"

    with pytest.raises(TemplateSyntaxError, match="user=user"):
        Template(source).render(Context({}))
