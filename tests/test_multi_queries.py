"""Django's ORM over many schemata gives the right rows, where primary keys are equal."""

import pickle

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.db.models import Count, Exists, F, Max, OuterRef, Prefetch, Q, Subquery, Sum, Window
from django.db.models.functions import RowNumber
from django.test.utils import isolate_apps

from boardinghouse.multi import MultiSchemaManager
from boardinghouse.schema import override
from tests.conftest import NAMES
from tests.many import add_accounts_with_a_region, many, owners_of
from tests.testapp.models import Account, Entry, Region, Team


@pytest.fixture(params=[None, "a"], ids=lambda name: f"{name} active")
def active(request, schemata):
    """Rows with equal primary keys in two schemata; whichever is active, results are the same."""
    add_accounts_with_a_region()
    with override(request.param):
        yield


@pytest.fixture
def accounts(active):
    return many(Account).from_schemata(*NAMES)


def test_filters_and_slices(accounts):
    assert owners_of(accounts.filter(pk=1).order_by("owner")) == ["a", "b"]
    assert owners_of(accounts.exclude(owner="b").order_by("-owner")) == ["b2", "a2", "a"]
    assert owners_of(accounts.order_by("-owner")[1:3]) == ["b", "a2"]
    assert owners_of(accounts.filter(Q(owner="a") | Q(pk=2)).order_by("owner")) == ["a", "a2", "b2"]


def test_nulls(accounts):
    assert owners_of(accounts.filter(region=None).order_by("owner")) == ["a", "b"]
    assert owners_of(accounts.exclude(region__name="north").order_by("owner")) == ["a", "b"]


def test_counting(accounts):
    assert accounts.count() == 4
    assert accounts[:3].count() == 3
    assert accounts.distinct().count() == 4
    assert accounts.filter(owner="b2").exists()
    assert not accounts.filter(owner="c").exists()


def test_aggregates(accounts):
    assert accounts.aggregate(Max("pk"), n=Count("pk")) == {"pk__max": 2, "n": 4}
    assert accounts.order_by("owner")[:3].aggregate(n=Sum("pk")) == {"n": 4}
    assert accounts.aggregate(n=Count("schema", distinct=True)) == {"n": 2}


def test_groups(accounts):
    by_schema = accounts.values("schema").annotate(n=Count("pk")).order_by("schema")
    by_region = accounts.values("region").annotate(n=Count("pk")).order_by("region")

    assert list(by_schema) == [{"schema": "a", "n": 2}, {"schema": "b", "n": 2}]
    assert list(by_region) == [{"region": 7, "n": 2}, {"region": None, "n": 2}]


def test_groups_of_rows_with_equal_primary_keys_stay_apart(accounts):
    teams = accounts.annotate(n=Count("region__team"))

    assert [(each.owner, each.n) for each in teams.order_by("owner")] == [
        ("a", 0),
        ("a2", 1),
        ("b", 0),
        ("b2", 1),
    ]
    assert teams.filter(n__gt=0).count() == 2
    assert teams.aggregate(Sum("n")) == {"n__sum": 2}
    assert teams.filter(n__gt=0).exists()
    assert accounts.alias(n=Count("region__team")).filter(n__gt=0).count() == 2
    assert teams.order_by("owner")[1:].aggregate(Sum("n")) == {"n__sum": 2}


def test_equal_rows_of_two_schemata_are_two(accounts):
    for name in NAMES:
        with override(name):
            Account.objects.create(pk=3, owner="same")

    same = accounts.filter(owner="same").distinct()

    assert sorted(each.schema for each in same) == ["a", "b"]
    assert list(same.values("owner")) == [{"owner": "same"}]


def test_values(accounts):
    shown = accounts.filter(pk=1).order_by("schema").values_list("schema", "pk", "region__name")

    assert list(shown) == [("a", 1, None), ("b", 1, None)]
    assert sorted(accounts.values_list("owner", flat=True)) == ["a", "a2", "b", "b2"]
    assert accounts.filter(owner="b").values().get() == {
        "id": 1,
        "owner": "b",
        "region_id": None,
        "keeper_id": None,
        "schema": "b",
    }


def test_shared_models_are_joined(accounts, django_assert_num_queries):
    rows = accounts.select_related("region").filter(region__name="north").order_by("owner")
    list(Region.objects.all())

    with django_assert_num_queries(1):
        assert [(each.owner, each.region.name) for each in rows] == [
            ("a2", "north"),
            ("b2", "north"),
        ]
    assert owners_of(accounts.filter(region__team__name="movers").order_by("owner")) == ["a2", "b2"]
    assert owners_of(accounts.exclude(region__team__name="movers").order_by("owner")) == ["a", "b"]


def test_shared_models_are_prefetched(accounts):
    rows = accounts.filter(pk=2).order_by("schema").prefetch_related("region__team_set")

    assert [[team.name for team in each.region.team_set.all()] for each in rows] == [["movers"]] * 2


def test_rows_of_many_schemata_are_prefetched_for_shared_ones(accounts):
    prefetch = Prefetch("account_set", accounts.order_by("owner"))

    north = Region.objects.prefetch_related(prefetch).get()

    assert owners_of(north.account_set.all()) == ["a2", "b2"]


def test_a_keys_own_column_is_a_column(active):
    entries = many(Entry).from_schemata(*NAMES)

    assert sorted(entries.filter(account_id=1).values_list("schema", "account_id", "amount")) == [
        ("a", 1, 97),
        ("b", 1, 98),
    ]
    assert entries.filter(account=1).order_by("account").count() == 2


def test_subqueries_over_many_schemata_say_which_rows_belong_together(accounts):
    entries = many(Entry).from_schemata(*NAMES)
    own = entries.filter(account_id=OuterRef("pk"), schema=OuterRef("schema"))

    rows = accounts.annotate(amount=Subquery(own.values("amount")[:1])).order_by("owner")

    assert [(each.owner, each.amount) for each in rows] == [
        ("a", 97),
        ("a2", None),
        ("b", 98),
        ("b2", None),
    ]
    assert owners_of(accounts.filter(Exists(own)).order_by("owner")) == ["a", "b"]


def test_subqueries_on_shared_models(accounts):
    teams = Team.objects.filter(regions=OuterRef("region_id"))

    assert owners_of(accounts.filter(Exists(teams)).order_by("owner")) == ["a2", "b2"]


def test_shared_rows_are_found_by_rows_of_many_schemata(accounts):
    assert Region.objects.filter(pk__in=accounts.values("region")).get().name == "north"
    assert not Region.objects.filter(pk__in=accounts.filter(pk=1).values("region")).exists()


def test_window_functions(accounts):
    number = Window(RowNumber(), partition_by="schema", order_by="pk")

    rows = accounts.annotate(number=number)

    assert owners_of(rows.filter(number=2).order_by("owner")) == ["a2", "b2"]
    assert rows.filter(number=2).count() == 2


def test_queries_over_the_same_schemata_are_combined(accounts):
    first, of_b = accounts.filter(pk=1), accounts.filter(schema="b")

    assert owners_of((first | of_b).order_by("owner")) == ["a", "b", "b2"]
    assert owners_of(first & of_b) == ["b"]
    assert owners_of((first ^ of_b).order_by("owner")) == ["a", "b2"]


def test_one_row_is_got_where_only_one_is_meant(accounts):
    assert accounts.get(owner="b2").schema == "b"
    assert accounts.get(pk=1, schema="b").owner == "b"
    assert accounts.earliest("owner").owner == "a"
    with pytest.raises(Account.MultipleObjectsReturned):
        accounts.get(pk=1)


def test_the_first_row_is_of_the_first_schema(active):
    backwards = many(Account).from_schemata("b", "a")

    assert (backwards.first().owner, backwards.last().owner) == ("a", "b2")
    assert backwards.order_by("-owner").first().owner == "b2"


def test_an_iterator_stamps_its_rows(accounts):
    rows = accounts.order_by("owner").iterator(chunk_size=1)

    assert [(each.owner, each.__dict__["_schema"]) for each in rows] == [
        ("a", "a"),
        ("a2", "a"),
        ("b", "b"),
        ("b2", "b"),
    ]


def test_other_names_can_be_annotated(accounts):
    assert accounts.annotate(where=F("schema")).get(owner="b").where == "b"


def test_a_query_can_be_explained_and_pickled(accounts):
    restored = accounts.all()
    restored.query = pickle.loads(pickle.dumps(accounts.filter(pk=1).query))

    assert owners_of(restored.order_by("owner")) == ["a", "b"]
    assert "Append" in accounts.explain()


@isolate_apps("tests.testapp")
def test_a_proxy_reads_its_models_table(active):
    class Member(Account):
        class Meta:
            app_label = "testapp"
            proxy = True
            ordering = ("-owner",)

    found = list(many(Member).from_schemata(*NAMES))

    assert owners_of(found) == ["b2", "b", "a2", "a"]
    assert {type(each) for each in found} == {Member}


@pytest.fixture
def manager_on_account():
    manager = MultiSchemaManager()
    manager.contribute_to_class(Account, "many")
    yield
    Account._meta.local_managers.remove(Account._meta.managers_map["many"])
    Account._meta._expire_cache()
    del Account.many


def test_a_related_manager_keeps_its_filter(active, manager_on_account):
    north = Region.objects.get()

    found = north.account_set(manager="many").from_schemata(*NAMES).order_by("owner")

    assert owners_of(found) == ["a2", "b2"]
    assert owners_of(Account.many.from_schemata("b").order_by("pk")) == ["b", "b2"]


async def count(rows):
    return await rows.acount()


@pytest.mark.django_db(transaction=True)
def test_coroutines(committed_schemata):
    assert async_to_sync(count)(many(Account).from_schemata(*NAMES)) == 2
    connection.close()
