"""Which schemata one query reads, and how a row says which of them it came from."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import ProgrammingError
from django.db.models import CharField, Count, F, Func
from django.db.models.functions import Lower
from django.test.utils import isolate_apps

from boardinghouse.exceptions import SchemaNotFound, TemplateSchemaActivation
from boardinghouse.models import Schema
from boardinghouse.multi import SchemaName
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import override
from tests.conftest import NAMES, make_user
from tests.many import add_accounts_with_a_region, many, owners_of
from tests.testapp.models import Account, Region


@pytest.fixture(params=[None, "a"], ids=lambda name: f"{name} active")
def active(request, schemata):
    """Rows with equal primary keys in two schemata; whichever is active, results are the same."""
    add_accounts_with_a_region()
    with override(request.param):
        yield


@pytest.fixture
def accounts(active):
    return many(Account).from_schemata(*NAMES)


# Which schemata


def test_rows_of_all_named_schemata_are_read_with_one_query(accounts, django_assert_num_queries):
    list(Region.objects.all())  # whatever is active is applied now

    with django_assert_num_queries(1):
        found = {(each.pk, each.owner) for each in accounts}

    assert found == {(1, "a"), (2, "a2"), (1, "b"), (2, "b2")}


def test_an_instance_says_where_its_row_came_from(accounts):
    found = {each.owner: (each.schema, each.__dict__["_schema"]) for each in accounts}

    assert found == {"a": ("a", "a"), "a2": ("a", "a"), "b": ("b", "b"), "b2": ("b", "b")}


def test_schema_objects_are_accepted(active, schemata):
    assert owners_of(many(Account).from_schemata(*schemata).filter(pk=1).order_by("owner")) == [
        "a",
        "b",
    ]


def test_a_queryset_of_schemata_is_accepted(active):
    only_b = Schema.objects.filter(pk="b")

    assert owners_of(many(Account).from_schemata(only_b).order_by("pk")) == ["b", "b2"]
    assert many(Account).from_schemata(only_b.values_list("pk", flat=True)).count() == 2


def test_a_schema_named_twice_is_read_once(active):
    assert many(Account).from_schemata("a", "a").count() == 2


def test_a_user_reads_the_schemata_that_they_may_enter(active, schemata):
    member = make_user("member", schemata[1])

    assert owners_of(many(Account).for_user(member).order_by("pk")) == ["b", "b2"]
    assert many(Account).for_user(make_user("outsider")).count() == 0


def test_an_anonymous_user_reads_nothing_without_a_query(active, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert list(many(Account).for_user(AnonymousUser())) == []


def test_no_schemata_are_no_rows_and_no_query(active, django_assert_num_queries):
    nothing = many(Account).from_schemata()

    with django_assert_num_queries(0):
        assert list(nothing) == []
        assert nothing.count() == 0
        assert not nothing.exists()
        assert nothing.aggregate(n=Count("pk")) == {"n": 0}


@pytest.mark.parametrize(
    "name",
    [
        'a"; DROP SCHEMA b CASCADE; --',
        'a"."testapp_account" UNION SELECT 1 --',
        "a' OR '1'='1",
        "a%s",
        "a\x00",
        "a\n",
        "A",
        "",
        "public",
        "pg_catalog",
        "information_schema",
        "a" * 64,
    ],
)
def test_what_no_schema_may_be_called_is_refused_before_sql(
    schemata, name, django_assert_num_queries
):
    with django_assert_num_queries(0), pytest.raises(SchemaNotFound):
        many(Account).from_schemata("a", name)


def test_the_template_is_refused(db):
    with pytest.raises(TemplateSchemaActivation, match="cannot be read"):
        many(Account).from_schemata(TEMPLATE)


@pytest.mark.parametrize("wrong", [1, None, ["a", "b"], Region(pk=1)], ids=repr)
def test_other_things_are_no_schemata(db, wrong):
    with pytest.raises(TypeError, match="queryset of schemata"):
        many(Account).from_schemata(wrong)


def test_a_missing_schema_is_named_by_postgresql(accounts):
    with pytest.raises(ProgrammingError, match=r"missing\.testapp_account"):
        list(accounts.from_schemata("a", "missing"))


def test_a_schema_may_be_called_like_a_keyword(db):
    Schema.objects.mass_create("order", "user")
    with override("order"):
        Account.objects.create(owner="the order")

    assert owners_of(many(Account).from_schemata("order", "user")) == ["the order"]


def test_names_are_bound_and_columns_are_named(accounts):
    sql, params = accounts.filter(owner="x'y").query.sql_with_params()

    assert params == ("a", "b", "x'y")
    assert "*" not in sql
    assert '"id", "owner", "region_id", "keeper_id" FROM "a"."testapp_account" UNION ALL' in sql


# The name of the schema


def test_the_schema_is_filtered_ordered_and_shown(accounts):
    assert owners_of(accounts.filter(schema="b").order_by("pk")) == ["b", "b2"]
    assert owners_of(accounts.exclude(schema="b").order_by("pk")) == ["a", "a2"]
    assert owners_of(accounts.order_by("-schema", "pk")) == ["b", "b2", "a", "a2"]
    assert list(accounts.filter(pk=1).values("schema", "owner").order_by("schema")) == [
        {"schema": "a", "owner": "a"},
        {"schema": "b", "owner": "b"},
    ]


def test_names_sort_byte_by_byte(db):
    names = ["a1", "a_b", "aa"]
    Schema.objects.mass_create(*names)
    for name in names:
        with override(name):
            Account.objects.create(owner=name)

    found = owners_of(many(Account).from_schemata("aa", "a_b", "a1").order_by("schema"))

    assert found == sorted(names)


def test_names_have_the_collation_of_bytes_whatever_the_databases_is(accounts):
    collation = Func(
        F("schema"), template="collation for (%(expressions)s)", output_field=CharField()
    )

    found = accounts.annotate(collation=collation).values_list("collation", flat=True)

    assert set(found) == {'"C"'}


@isolate_apps("tests.testapp")
def test_a_model_with_a_schema_of_its_own_keeps_it(active):
    class Labelled(Account):
        schema = "its own"

        class Meta:
            app_label = "testapp"
            proxy = True

    rows = many(Labelled).from_schemata(*NAMES).annotate(origin=Lower(SchemaName()))

    found = rows.filter(_schema="b").get(pk=1)

    assert (found.owner, found.schema, found.__dict__["_schema"]) == ("b", "its own", "b")
    assert found.origin == "b"
