"""What would silently read the active schema, or guess, is refused and named."""

from collections import deque

import pytest
from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import (
    Count,
    Exists,
    F,
    FilteredRelation,
    Max,
    OuterRef,
    Prefetch,
    Q,
    Subquery,
    Value,
)
from django.test.utils import isolate_apps
from django.utils.functional import SimpleLazyObject

from boardinghouse.exceptions import NoActiveSchema
from boardinghouse.multi import MultiSchemaError, SchemaName
from boardinghouse.schema import override
from tests.conftest import NAMES
from tests.many import many
from tests.testapp.models import Account, Entry, Project, Region

ACCOUNTS = Account.objects.values("pk")
EDITED = Region.objects.filter(account__keeper__groups__name="editor")
EDITORS = get_user_model().objects.filter(groups__name="editor")


class OwnQuerySet(models.QuerySet):
    """A queryset that is no ancestor of ours."""


@pytest.fixture(params=[None, "a"], ids=lambda name: f"{name} active")
def accounts(request, schemata):
    with override(request.param):
        yield many(Account).from_schemata(*NAMES)


@pytest.fixture
def in_a(schemata):
    with override("a"):
        yield many(Account).from_schemata(*NAMES)


def other(model):
    return many(model).from_schemata(*NAMES)


@pytest.mark.parametrize(
    "read",
    [
        lambda rows: list(rows.filter(entries__amount=1)),
        lambda rows: list(rows.exclude(entries__amount=1)),
        lambda rows: list(rows.filter(Q(pk=1) | ~Q(entries__amount=1))),
        lambda rows: rows.filter(entries__amount=1).count(),
        lambda rows: rows.filter(entries__isnull=True).exists(),
        lambda rows: list(rows.filter(pk=F("entries__amount"))),
        lambda rows: list(rows.filter(region__account__entries__amount=1)),
        lambda rows: list(rows.order_by("entries__amount")),
        lambda rows: list(rows.values("entries__amount")),
        lambda rows: list(rows.values_list("entries")),
        lambda rows: list(rows.annotate(n=Count("entries"))),
        lambda rows: list(rows.alias(n=F("entries__amount")).filter(n=1)),
        lambda rows: rows.aggregate(n=Count("entries")),
        lambda rows: rows[:1].aggregate(n=Max("entries__amount")),
        lambda rows: list(rows.distinct("entries__amount")),
        lambda rows: list(
            rows.annotate(big=FilteredRelation("entries", condition=Q(entries__amount=1))).filter(
                big__amount=1
            )
        ),
        lambda rows: list(rows.prefetch_related("entries")),
        lambda rows: list(rows.prefetch_related(Prefetch("entries", Entry.objects.all()))),
        lambda rows: list(other(Entry).select_related("account")),
        lambda rows: list(other(Entry).filter(account__owner="a")),
        lambda rows: list(other(Entry).order_by("account__owner")),
    ],
)
def test_private_relations_are_refused(accounts, read):
    with pytest.raises(MultiSchemaError, match=r"testapp\.(Entry|Account), which is private"):
        read(accounts)


@pytest.mark.parametrize(
    "read",
    [
        lambda rows: list(rows.filter(keeper__groups__name="editor")),
        lambda rows: list(rows.exclude(keeper__groups__name="editor")),
        lambda rows: list(rows.filter(keeper__in=EDITORS)),
        lambda rows: list(rows.filter(region__in=EDITED)),
        lambda rows: list(rows.prefetch_related("keeper__groups")),
        lambda rows: list(other(Project).prefetch_related("teams")),
        lambda rows: list(other(Project).filter(teams__name="x")),
        lambda rows: list(other(Project).values("accounts__owner")),
    ],
)
def test_private_joins_are_refused(accounts, read):
    with pytest.raises(MultiSchemaError, match="which is private"):
        read(accounts)


@pytest.mark.parametrize(
    "read",
    [
        lambda rows: list(rows.filter(pk__in=ACCOUNTS)),
        lambda rows: list(rows.exclude(pk__in=ACCOUNTS)),
        lambda rows: list(rows.filter(pk__in=[Subquery(ACCOUNTS[:1])])),
        lambda rows: list(rows.filter(Exists(Entry.objects.filter(account=OuterRef("pk"))))),
        lambda rows: list(rows.annotate(n=Subquery(ACCOUNTS[:1]))),
        lambda rows: list(rows.order_by(Subquery(ACCOUNTS[:1]))),
        lambda rows: rows.filter(pk__in=ACCOUNTS).count(),
        lambda rows: rows[:1].aggregate(n=Max(Subquery(ACCOUNTS[:1]))),
        lambda rows: rows.aggregate(n=Count("pk", filter=Q(pk__in=ACCOUNTS))),
        lambda rows: list(rows.filter(region__in=Region.objects.filter(account__in=ACCOUNTS))),
        lambda rows: list(rows.filter(region=Subquery(by_owner_of_account()))),
        lambda rows: list(rows.filter(pk__in=other(Entry).filter(account__in=ACCOUNTS))),
        lambda rows: list(other(Entry).filter(account__in=Account.objects.all())),
    ],
)
def test_inner_queries_of_the_active_schema_are_refused(accounts, read):
    with pytest.raises(MultiSchemaError):
        read(accounts)


def by_owner_of_account():
    """A query on a shared model that joins a private one only for its order."""
    return Region.objects.order_by("account__owner").values("pk")[:1]


def test_instances_of_private_models_are_no_values(accounts):
    with override("a"):
        account = Account.objects.get(pk=1)

    with pytest.raises(MultiSchemaError, match=r"testapp\.Account, which is private"):
        other(Entry).filter(account=account)
    with pytest.raises(MultiSchemaError, match=r"testapp\.Account, which is private"):
        other(Entry).filter(account=SimpleLazyObject(lambda: account))


@pytest.mark.parametrize(
    "collect",
    [
        lambda each: [each],
        lambda each: (each,),
        lambda each: {each},
        lambda each: frozenset([each]),
        lambda each: {each: 1}.keys(),
        lambda each: {1: each}.values(),
        lambda each: deque([each]),
        lambda each: iter([each]),
    ],
)
def test_instances_of_private_models_are_no_values_in_any_collection(accounts, collect):
    with override("a"):
        account = Account.objects.get(pk=1)

    with pytest.raises(MultiSchemaError, match=r"testapp\.Account, which is private"):
        other(Entry).filter(account__in=collect(account))


def test_instances_of_shared_models_are_values_in_any_collection(in_a):
    north = Region.objects.create(name="north")
    Account.objects.update(region=north)

    assert in_a.filter(region__in=frozenset([north])).get().owner == "a"
    assert in_a.filter(region__in=(each for each in [north])).get().owner == "a"


@pytest.mark.parametrize(
    "read",
    [
        lambda rows: other(Entry).filter(account__in=rows),
        lambda rows: other(Entry).exclude(account__in=rows),
        lambda rows: other(Entry).filter(account=rows[:1]),
        lambda rows: other(Entry).filter(account_id__in=rows.values("pk")),
        lambda rows: rows.filter(pk__in=other(Entry).values("account_id")),
        lambda rows: rows.filter(~Q(pk__in=other(Entry).values("account_id"))),
    ],
)
def test_keys_of_many_schemata_are_not_matched_by_number(accounts, read):
    with pytest.raises(MultiSchemaError, match=r'schema=OuterRef\("schema"\)'):
        list(read(accounts.filter(owner="b")))


def test_keys_of_shared_models_from_many_schemata_are_matched(in_a):
    north = Region.objects.create(name="north")
    Account.objects.update(region=north)

    assert in_a.filter(region__in=in_a.values("region")).get().owner == "a"


@pytest.mark.parametrize(
    "combine",
    [
        lambda rows: rows | Account.objects.all(),
        lambda rows: rows & Account.objects.all(),
        lambda rows: rows ^ Account.objects.all(),
        lambda rows: Account.objects.all() | rows,
        lambda rows: OwnQuerySet(Account).all() | rows,
        lambda rows: OwnQuerySet(Account).all() & rows,
        lambda rows: OwnQuerySet(Account).all() ^ rows,
        lambda rows: OwnQuerySet(Account).all() | rows[:1],
        lambda rows: rows[:1] | rows,
        lambda rows: rows | rows[:1],
        lambda rows: rows | many(Account).from_schemata("a"),
        lambda rows: list(Account.objects.all().union(rows)),
        lambda rows: list(Account.objects.values("pk").union(rows.values("pk"))),
        lambda rows: list(Account.objects.values("pk").difference(rows.values("pk"))),
        lambda rows: list(Account.objects.filter(pk__in=rows.values("pk"))),
        lambda rows: list(Region.objects.values("pk").union(rows.values("pk"))),
    ],
)
def test_combinations_are_refused(in_a, combine):
    with pytest.raises(MultiSchemaError, match="can be combined"):
        combine(in_a)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("update", {"owner": "x"}),
        ("delete", {}),
        ("_raw_delete", {"using": "default"}),
        ("create", {"owner": "x"}),
        ("bulk_create", {"objs": []}),
        ("bulk_update", {"objs": [], "fields": ["owner"]}),
        ("get_or_create", {"owner": "x"}),
        ("update_or_create", {"owner": "x"}),
        ("select_for_update", {}),
        ("in_bulk", {}),
        ("contains", {"obj": Account(pk=1)}),
        ("only", {"fields": "owner"}),
        ("defer", {"fields": "owner"}),
        ("extra", {"tables": ["testapp_entry"]}),
        ("raw", {"raw_query": "SELECT * FROM testapp_account"}),
        ("union", {}),
        ("intersection", {}),
        ("difference", {}),
    ],
)
def test_methods_that_write_or_guess_are_refused(in_a, name, arguments):
    with pytest.raises(MultiSchemaError, match=r"testapp\.Account: \w+\(\) does not work"):
        getattr(in_a, name)(**arguments)

    assert sorted(in_a.values_list("owner", flat=True)) == ["a", "b"]


def test_django_s_own_ways_to_write_are_refused(in_a):
    with pytest.raises(MultiSchemaError, match="only read"):
        in_a._update([])


def test_a_shared_model_is_refused(db):
    with pytest.raises(MultiSchemaError, match=r"testapp\.Region is shared"):
        many(Region).from_schemata("a")


@isolate_apps("tests.testapp")
def test_multi_table_inheritance_is_refused_by_name(db):
    class Savings(Account):
        class Meta:
            app_label = "testapp"

    with pytest.raises(MultiSchemaError, match=r"testapp\.Savings .* in testapp\.Account"):
        many(Savings).from_schemata("a")


def test_a_manager_that_was_told_no_schemata_is_refused(in_a):
    with pytest.raises(MultiSchemaError, match="say which schemata"):
        list(many(Account).all())
    with pytest.raises(MultiSchemaError, match="say which schemata"):
        many(Account).filter(owner="a").count()


@pytest.mark.parametrize(
    "take",
    [
        lambda rows: rows.annotate(schema=Value("a")),
        lambda rows: rows.alias(schema=F("owner")),
        lambda rows: rows.values(schema=F("owner")),
    ],
)
def test_the_schemas_name_is_not_overwritten(in_a, take):
    with pytest.raises(MultiSchemaError, match="Choose another name"):
        take(in_a)


def test_ordinary_queries_have_no_schemas_name(in_a):
    with pytest.raises(MultiSchemaError, match=r"SchemaName\(\)"):
        Account.objects.annotate(origin=SchemaName())


@pytest.mark.parametrize("lookup", ["nothing", "region__nothing", "owner"])
def test_what_cannot_be_followed_is_not_prefetched(in_a, lookup):
    with pytest.raises(MultiSchemaError, match="cannot be told"):
        in_a.prefetch_related(lookup)


@pytest.mark.parametrize(
    "queryset",
    [
        lambda: Region.objects.filter(account__owner="a"),
        lambda: Region.objects.filter(pk__in=Account.objects.values("region")),
        lambda: Region.objects.prefetch_related("account_set"),
    ],
)
def test_a_prefetch_with_a_private_query_is_refused(in_a, queryset):
    with pytest.raises(MultiSchemaError, match=r"testapp\.Account, which is private"):
        in_a.prefetch_related(Prefetch("region", queryset()))


def test_prefetching_can_be_taken_back(in_a):
    assert in_a.prefetch_related("region").prefetch_related(None).count() == 2


def test_aggregates_of_ordinary_queries_still_need_a_schema(schemata):
    with pytest.raises(NoActiveSchema):
        Account.objects.all()[:1].aggregate(Max("pk"))
    with pytest.raises(NoActiveSchema):
        Region.objects.distinct().aggregate(n=Max(Subquery(ACCOUNTS[:1])))


@pytest.mark.parametrize("where", ["account__in", "account__pk__in"])
def test_a_shared_model_reached_by_a_private_one_is_not_compared_with_many(in_a, where):
    shared = Region.objects.filter(**{where: in_a})

    with pytest.raises(MultiSchemaError, match=r"testapp\.Account"):
        list(shared)


def test_a_shared_model_may_be_compared_with_many_by_its_own_key(in_a):
    north = Region.objects.create(name="north")
    Account.objects.update(region=north)

    assert list(Region.objects.filter(pk__in=in_a.values("region"))) == [north]
