"""A query on a private model with nothing active is refused by name, before any SQL."""

import pytest
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, connection
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Subquery

from boardinghouse.exceptions import NoActiveSchema
from boardinghouse.schema import override
from tests.testapp.models import Account, Entry, Project, Region, Team

ACCOUNT = "testapp.Account"
ENTRY = "testapp.Entry"

READS = {
    "list": (ACCOUNT, lambda: list(Account.objects.all())),
    "get": (ACCOUNT, lambda: Account.objects.get(pk=1)),
    "first": (ACCOUNT, lambda: Account.objects.first()),
    "count": (ACCOUNT, lambda: Account.objects.count()),
    "exists": (ACCOUNT, lambda: Account.objects.exists()),
    "aggregate": (ACCOUNT, lambda: Account.objects.aggregate(n=Count("pk"))),
    "aggregate of slice": (ACCOUNT, lambda: Account.objects.all()[:2].aggregate(n=Count("pk"))),
    "iterator": (ACCOUNT, lambda: list(Account.objects.iterator())),
    "values": (ACCOUNT, lambda: list(Account.objects.values("owner"))),
    "in_bulk": (ACCOUNT, lambda: Account.objects.in_bulk([1])),
    "union": (ACCOUNT, lambda: list(Account.objects.all().union(Account.objects.all()))),
    "explain": (ACCOUNT, lambda: Account.objects.all().explain()),
    "select_related": (ENTRY, lambda: list(Entry.objects.select_related("account"))),
    "filter from shared": (ACCOUNT, lambda: list(Region.objects.filter(account__owner="a"))),
    "exclude from shared": (ACCOUNT, lambda: list(Region.objects.exclude(account__owner="a"))),
    "annotate from shared": (ACCOUNT, lambda: list(Region.objects.annotate(n=Count("account")))),
    "order from shared": (ACCOUNT, lambda: list(Region.objects.order_by("account__owner"))),
    "through user": (ACCOUNT, lambda: User.objects.filter(account__pk=1).exists()),
    "two steps away": (ACCOUNT, lambda: list(Region.objects.filter(account__entries__amount=1))),
    "join table": ("testapp.Project_teams", lambda: list(Team.objects.filter(project__pk=1))),
    "exists subquery": (
        ACCOUNT,
        lambda: list(Region.objects.filter(Exists(Account.objects.filter(region=OuterRef("pk"))))),
    ),
    "scalar subquery": (
        ACCOUNT,
        lambda: list(Region.objects.annotate(x=Subquery(Account.objects.values("owner")[:1]))),
    ),
    "in subquery": (
        ACCOUNT,
        lambda: list(Region.objects.filter(pk__in=Account.objects.values("region"))),
    ),
}
WRITES = {
    "create": (ACCOUNT, lambda: Account.objects.create(owner="x")),
    "save": (ACCOUNT, lambda: Account(pk=1, owner="x").save()),
    "bulk_create": (ACCOUNT, lambda: Account.objects.bulk_create([Account(owner="x")])),
    "bulk_update": (
        ACCOUNT,
        lambda: Account.objects.bulk_update([Account(pk=1, owner="x")], ["owner"]),
    ),
    "update": (ACCOUNT, lambda: Account.objects.update(owner="x")),
    "update by expression": (ACCOUNT, lambda: Account.objects.update(owner=F("owner"))),
    "update shared": (
        ACCOUNT,
        lambda: Region.objects.filter(account__pk=1).update(name="x"),
    ),
    "delete": (ACCOUNT, lambda: Account.objects.all().delete()),
    "fast delete": (ENTRY, lambda: Entry.objects.all().delete()),
    "delete one": (ENTRY, lambda: Entry(pk=1).delete()),
    "delete shared": (
        ACCOUNT,
        lambda: Region.objects.filter(account__pk=1).delete(),
    ),
    "get_or_create": (ACCOUNT, lambda: Account.objects.get_or_create(owner="x")),
    "refresh": (ACCOUNT, lambda: Account(pk=1).refresh_from_db()),
    "relate": ("testapp.Project_teams", lambda: Project(pk=1).teams.set([])),
}


@pytest.mark.parametrize(("label", "act"), [*READS.values()], ids=READS)
def test_reading_names_the_model(schemata, django_assert_num_queries, label, act):
    with django_assert_num_queries(0), pytest.raises(NoActiveSchema, match=label):
        act()


@pytest.mark.parametrize(("label", "act"), [*WRITES.values()], ids=WRITES)
def test_writing_names_the_model(committed_schemata, captured_rows, label, act):
    with captured_rows as captured, pytest.raises(NoActiveSchema, match=label):
        act()

    assert [query for query in captured.captured_queries if is_dml(query["sql"])] == []


@pytest.fixture
def captured_rows(django_assert_max_num_queries):
    """At most the beginning and the end of a transaction are sent."""
    return django_assert_max_num_queries(2)


def is_dml(sql):
    return not sql.startswith(("BEGIN", "ROLLBACK", "COMMIT", "SAVEPOINT", "RELEASE"))


@pytest.mark.parametrize("act", [act for _, act in READS.values()], ids=READS)
def test_the_same_runs_with_a_schema(schemata, act):
    with override("a"):
        act()


def test_the_error_is_a_database_error(schemata):
    with pytest.raises(DatabaseError, match="no schema is active"):
        Account.objects.count()


def test_a_prefetch_names_the_model(schemata):
    Region.objects.create(name="north")

    with pytest.raises(NoActiveSchema, match=ACCOUNT):
        list(Region.objects.prefetch_related(Prefetch("account_set")))


@pytest.mark.parametrize(
    "read",
    [
        lambda: list(Region.objects.all()),
        lambda: Region.objects.filter(Q(name="x") | Q(pk=1)).count(),
        lambda: list(Team.objects.filter(regions__name="x")),
        lambda: Region.objects.create(name="x"),
        lambda: Team.objects.create(name="x").regions.set([]),
        lambda: list(Account.objects.none()),
        lambda: list(Account.objects.filter(pk__in=[])),
    ],
)
def test_shared_models_need_no_schema(schemata, read):
    read()


def test_a_join_that_was_trimmed_needs_no_schema(schemata):
    query = Region.objects.order_by("account__owner").order_by("name")

    assert list(query) == []


def test_joins_that_a_view_stands_for_are_empty(schemata):
    user = User.objects.create(username="u")
    group = Group.objects.create(name="g")
    with override("a"):
        user.groups.add(group)

    assert list(user.groups.all()) == []
    assert not User.objects.filter(groups=group).exists()
    with override("a"):
        assert list(user.groups.all()) == [group]
    with override("b"):
        assert list(user.groups.all()) == []


def test_writing_such_a_join_names_it(schemata):
    user = User.objects.create(username="u")
    group = Group.objects.create(name="g")

    with pytest.raises(NoActiveSchema, match=r"auth\.User_groups"):
        user.groups.add(group)


def test_raw_sql_meets_postgresqls_own_error(schemata):
    with pytest.raises(DatabaseError, match="does not exist"), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM testapp_account")
