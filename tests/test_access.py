"""May this user enter this schema, and enter it."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction

from boardinghouse import access, ddl
from boardinghouse.models import Schema
from boardinghouse.schema import deactivate_schema, get_active_schema, get_active_schema_name
from tests.conftest import owners


@pytest.fixture
def left(db):
    """Leave what the test has entered."""
    yield
    deactivate_schema()


class TestVisible:
    def test_it_is_the_schema_that_a_member_may_enter(self, member_of_a):
        assert [each.schema for each in access.visible(member_of_a, "a")] == ["a"]

    def test_another_one_is_not_visible(self, member_of_a):
        assert not access.visible(member_of_a, "b").exists()

    def test_a_deactivated_one_is_visible_to_a_superuser_alone(self, member, superuser):
        Schema.objects.filter(pk="a").update(is_active=False)

        assert not access.visible(member, "a").exists()
        assert access.visible(superuser, "a").exists()

    def test_a_row_without_its_schema_is_not_visible(self, superuser):
        ddl.drop(connection, "a")

        assert not access.visible(superuser, "a").exists()

    @pytest.mark.parametrize("name", ["", "__template__", "public", "A", 'a"', "a\x00", None, 1])
    def test_a_name_that_none_may_have_is_no_query(
        self, superuser, name, django_assert_num_queries
    ):
        with django_assert_num_queries(0):
            assert not access.visible(superuser, name)


class TestEnter:
    def test_it_activates_and_returns_the_schema(self, member, left):
        schema = access.enter(member, "a")

        assert schema == get_active_schema()
        assert owners() == ["a"]

    def test_it_is_one_round_trip(self, member, left, django_assert_num_queries):
        with django_assert_num_queries(2):
            access.enter(member, "a")
            owners()

    def test_it_leaves_one_schema_for_another(self, member, left):
        access.enter(member, "a")
        access.enter(member, "b")

        assert owners() == ["b"]

    @pytest.mark.parametrize("name", ["b", "missing", "__template__", "a\n"])
    def test_a_refusal_activates_nothing_and_sets_nothing(self, member_of_a, left, name):
        assert access.enter(member_of_a, name) is None
        assert get_active_schema_name() is None
        assert set_path() == "public"

    def test_an_anonymous_visitor_is_refused_without_a_query(
        self, schemata, django_assert_num_queries
    ):
        with django_assert_num_queries(0):
            assert access.enter(AnonymousUser(), "a") is None

    def test_rows_are_right_after_a_rollback(self, member, left):
        """A2: PostgreSQL undoes the SET of the statement that has checked."""
        with transaction.atomic():
            access.enter(member, "a")
            transaction.set_rollback(True)

        assert owners() == ["a"]


class TestOnlyVisible:
    def test_it_is_the_one_there_is(self, member_of_a):
        assert access.only_visible(member_of_a).schema == "a"

    def test_of_several_it_is_none(self, member):
        assert access.only_visible(member) is None

    def test_of_none_it_is_none(self, outsider):
        assert access.only_visible(outsider) is None


def set_path():
    with connection.connection.cursor() as cursor:
        return cursor.execute("SHOW search_path").fetchone()[0]


@pytest.fixture
def own_rules(monkeypatch):
    """A project whose own manager says who may enter: nothing is kept compiled."""
    monkeypatch.setattr(access, "says_as_we_do", lambda manager: False)
    access.compiled.cache_clear()
    yield
    access.compiled.cache_clear()


@pytest.mark.usefixtures("own_rules")
class TestRulesOfAProjectsOwn:
    def test_a_member_enters(self, member_of_a):
        assert access.enter(member_of_a, "a").pk == "a"
        assert owners() == ["a"]
        deactivate_schema()

    def test_nobody_else_does(self, member_of_a, outsider):
        assert access.enter(member_of_a, "b") is None
        assert access.enter(outsider, "a") is None
        assert access.enter(AnonymousUser(), "a") is None
        assert get_active_schema_name() is None

    def test_it_is_one_statement_and_no_set(self, member_of_a, django_assert_num_queries):
        Schema.objects.count()

        with django_assert_num_queries(1):
            access.enter(member_of_a, "a")

        deactivate_schema()
