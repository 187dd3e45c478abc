"""An instance of one schema is refused in another; what is not caught is known."""

import pickle
import threading

import django
import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import router, transaction
from django.db.models import prefetch_related_objects
from django.forms import modelform_factory
from django.test import override_settings
from django.utils.functional import SimpleLazyObject

from boardinghouse import checks
from boardinghouse.exceptions import WrongSchema
from boardinghouse.routers import SchemaRouter
from boardinghouse.schema import override
from tests.conftest import NAMES, run_sql
from tests.many import many
from tests.testapp.models import Account, Entry, Project, Region, Team
from tests.zoo.models import Animal, Kind, Show

OURS = "boardinghouse.routers.SchemaRouter"


class Rows:
    """What a schema has; equal keys in each."""

    def __init__(self, name):
        self.name = name
        with override(name):
            self.account, self.entry = Account.objects.get(), Entry.objects.get()
            self.project = Project.objects.create(pk=1)
            self.project.accounts.add(self.account)
            run_sql("SELECT setval('testapp_account_id_seq', 100)")
            self.project.teams.add(Team.objects.get_or_create(pk=1, name="movers")[0])


@pytest.fixture
def a(schemata):
    return Rows("a")


@pytest.fixture
def b(schemata):
    return Rows("b")


@pytest.fixture
def in_b(a, b):
    with override("b"):
        yield


def content(name):
    with override(name):
        return (
            [(each.pk, each.owner) for each in Account.objects.order_by("pk")],
            [(each.pk, each.amount, each.account_id) for each in Entry.objects.order_by("pk")],
            [each.accounts.count() for each in Project.objects.order_by("pk")],
            [each.teams.count() for each in Project.objects.order_by("pk")],
        )


def assign(instance, name, value):
    setattr(instance, name, value)


REFUSED = {
    "save": lambda a, b: a.account.save(),
    "save of some fields": lambda a, b: a.account.save(update_fields=["owner"]),
    "save with using": lambda a, b: a.account.save(using="default"),
    "save of a leaf with using": lambda a, b: a.entry.save(using="default"),
    "save_base": lambda a, b: a.account.save_base(),
    "raw save": lambda a, b: a.account.save_base(raw=True, using="default"),
    "asave": lambda a, b: async_to_sync(a.account.asave)(),
    "delete": lambda a, b: a.account.delete(),
    "delete of a leaf": lambda a, b: a.entry.delete(),
    "delete with using": lambda a, b: a.account.delete(using="default"),
    "adelete": lambda a, b: async_to_sync(a.account.adelete)(),
    "refresh": lambda a, b: a.account.refresh_from_db(),
    "refresh of one field": lambda a, b: a.account.refresh_from_db(fields=["owner"]),
    "arefresh": lambda a, b: async_to_sync(a.account.arefresh_from_db)(),
    "key": lambda a, b: a.entry.account,
    "reverse manager": lambda a, b: list(a.account.entries.all()),
    "reverse count": lambda a, b: a.account.entries.count(),
    "reverse create": lambda a, b: a.account.entries.create(pk=5),
    "reverse update": lambda a, b: a.account.entries.update(amount=0),
    "reverse delete": lambda a, b: a.account.entries.all().delete(),
    "reverse add": lambda a, b: b.account.entries.add(a.entry),
    "reverse add, each saved": lambda a, b: b.account.entries.add(a.entry, bulk=False),
    "reverse set": lambda a, b: a.account.entries.set([b.entry]),
    "reverse add to the other": lambda a, b: a.account.entries.add(b.entry),
    "join": lambda a, b: list(a.project.accounts.all()),
    "join to shared": lambda a, b: list(a.project.teams.all()),
    "join add": lambda a, b: b.project.accounts.add(a.account),
    "join add to the other": lambda a, b: a.project.accounts.add(b.account),
    "join add of a key": lambda a, b: a.project.accounts.add(1),
    "join clear": lambda a, b: a.project.accounts.clear(),
    "join clear of shared": lambda a, b: a.project.teams.clear(),
    "join create": lambda a, b: a.project.accounts.create(owner="x"),
    "reverse join": lambda a, b: list(a.account.project_set.all()),
    "shared side's add": lambda a, b: Team.objects.get().project_set.add(a.project),
    "assignment": lambda a, b: assign(b.entry, "account", a.account),
    "assignment the other way": lambda a, b: assign(a.entry, "account", b.account),
    "constructor": lambda a, b: Entry(account=a.account),
    "create": lambda a, b: Entry.objects.create(pk=5, account=a.account),
    "second assignment of a new one": lambda a, b: assign(
        Entry(account=b.account), "account", a.account
    ),
    "deferred field": lambda a, b: only_key("a").owner,
    "prefetch": lambda a, b: prefetch_related_objects([a.account], "entries"),
    "prefetch of a key": lambda a, b: prefetch_related_objects([a.entry], "account"),
    "prefetch of a join to shared": lambda a, b: prefetch_related_objects([a.project], "teams"),
    "form": lambda a, b: modelform_factory(Account, fields=["owner"])(
        {"owner": "x"}, instance=a.account
    ).save(),
    "validation": lambda a, b: a.entry.full_clean(),
    "unpickled": lambda a, b: pickle.loads(pickle.dumps(a.account)).save(),
    "row of many": lambda a, b: many(Account).from_schemata("a").get().save(),
    "saved after its row went": lambda a, b: (assign(a.account, "pk", None), a.account.save()),
}


def only_key(name):
    with override(name):
        return Account.objects.only("pk").get()


@pytest.mark.parametrize("act", REFUSED.values(), ids=REFUSED)
def test_an_instance_of_another_schema_is_refused(a, b, act):
    before = [content(name) for name in NAMES]

    with override("b"), pytest.raises(WrongSchema) as refusal, transaction.atomic():
        act(a, b)

    assert "'a'" in str(refusal.value)
    assert "'b'" in str(refusal.value)
    assert [content(name) for name in NAMES] == before


@pytest.mark.parametrize("act", REFUSED.values(), ids=REFUSED)
def test_none_of_that_is_refused_within_one_schema(a, act):
    with override("a"), transaction.atomic():
        act(a, a)
        transaction.set_rollback(True)


def test_a_refusal_says_what_to_do(a, in_b):
    with pytest.raises(WrongSchema) as refusal:
        a.account.save()

    assert str(refusal.value) == (
        "testapp.Account 1 is in schema 'a', and 'b' is active, where that key is another row's. "
        "Use it in `with boardinghouse.schema.override('a'):`, or load what you want from 'b'."
    )


def test_an_instance_whose_row_is_gone_is_said_to_have_none(a, b):
    with override("a"):
        a.entry.delete()

    with override("b"):
        with pytest.raises(WrongSchema) as refusal:
            a.entry.save()
        a.entry.pk, a.entry._state.adding, a.entry.account = 5, True, b.account
        a.entry.save()

    assert str(refusal.value) == (
        "testapp.Entry without a key came from schema 'a', and 'b' is active. To make a row of it "
        "here, say that it is new: `instance._state.adding = True`."
    )
    assert [amount for _, amount, _ in content("b")[1]] == [98, 97]


def test_a_refused_relation_names_both(a, b, in_b):
    with pytest.raises(WrongSchema) as refusal:
        b.entry.account = a.account

    assert str(refusal.value) == (
        "testapp.Account 1 is in schema 'a' and testapp.Entry 1 in 'b': rows of two schemata "
        "cannot refer to each other. Load both from the same one."
    )
    assert str(pickle.loads(pickle.dumps(refusal.value))) == str(refusal.value)


def test_a_row_of_a_late_iterator_cannot_be_saved(a, b):
    with override("a"):
        rows = Account.objects.iterator()
    with override("b"):
        for account in rows:
            assert account.owner == "b"  # it is opened here: a generator begins when it is asked
            account.save()
    with override("a"):
        rows = iter(Account.objects.raw("SELECT * FROM testapp_account").iterator())
        account = next(rows)
    with override("b"), pytest.raises(WrongSchema):
        account.save()


def test_a_new_instance_that_refers_to_another_schema_is_refused(a, b):
    """It was made where its key was right."""
    with override("a"):
        entry = Entry(account=a.account)

    with override("b"), pytest.raises(WrongSchema, match=r"testapp\.Account 1 is in schema 'a'"):
        entry.save()

    assert content("b")[1] == [(1, 98, 1)]


def test_a_copy_that_refers_to_another_schema_is_refused(a, b):
    with override("a"):
        entry = Entry.objects.select_related("account").get()
    entry.pk, entry._state.adding = None, True

    with override("b"):
        with pytest.raises(WrongSchema):
            entry.save()
        entry.account = b.account
        entry.pk = 5
        entry.save()

    assert content("b")[1] == [(1, 98, 1), (5, 97, 1)]


def test_a_shared_row_is_reached_from_any_schema(a, in_b):
    """The row of a key to a shared model is the same everywhere."""
    region = Region.objects.create(name="north")
    with override("a"):
        Account.objects.update(region=region)
        account = Account.objects.get()

    assert account.region.name == "north"
    account.region = Region(name="south")
    prefetch_related_objects([load_again("a")], "region")


def load_again(name):
    with override(name):
        return Account.objects.get()


def test_a_shared_row_is_reached_with_nothing_active(a):
    region = Region.objects.create(name="north")
    with override("a"):
        Account.objects.update(region=region)
        account = Account.objects.get()

    assert account.region == region


def test_shared_instances_reach_private_rows_of_the_active_schema(a, b):
    region = Region.objects.create(name="north")
    for name in NAMES:
        with override(name):
            region.account_set.add(load_again(name))

    for name in NAMES:
        with override(name):
            assert [each.owner for each in region.account_set.all()] == [name]
            region.save()


def test_related_rows_of_a_late_iterator_are_theirs(a, b):
    with override("a"):
        Entry.objects.create(pk=2, account=a.account)
        entries = a.account.entries.iterator(chunk_size=1)
        found = [next(entries)]
    with override("b"):
        found += entries

    assert [each.account is a.account for each in found] == [True, True]


def test_prefetching_for_rows_of_a_late_iterator_is_refused(a, b):
    with override("a"):
        Account.objects.create(pk=2, owner="a2")
        rows = Account.objects.order_by("pk").prefetch_related("entries").iterator(chunk_size=1)
        assert [each.amount for each in next(rows).entries.all()] == [97]

    with override("b"), pytest.raises(WrongSchema):
        next(rows)


def test_other_routers_are_asked(a, settings):
    class Second:
        def db_for_read(self, model, **hints):
            return "other"

        def allow_relation(self, obj1, obj2, **hints):
            return False

    with override_settings(DATABASE_ROUTERS=[OURS, Second()]), override("a"):
        assert (router.db_for_read(Account), router.db_for_write(Account)) == ("other", "default")
        with pytest.raises(ValueError, match="router prevents"):
            a.entry.account = Account(pk=3)


def test_the_router_chooses_no_database(a, in_b):
    ours = SchemaRouter()

    assert ours.db_for_read(Account) is None
    assert ours.db_for_write(Account, instance=Account()) is None
    assert ours.allow_relation(Account(), Entry()) is None
    assert not hasattr(ours, "allow_migrate")


def test_another_thread_has_its_own_schema(a, b):
    refused = []

    def work():
        with override("b"):
            try:
                a.account.save()
            except WrongSchema as error:
                refused.append(error)

    thread = threading.Thread(target=work)
    with override("a"):
        thread.start()
        thread.join()
        a.account.save()

    assert len(refused) == 1


# What is not caught, so that its page says so for as long as it is true


def test_values_of_filters_are_numbers(a, in_b):
    assert Entry.objects.get(account=a.account).amount == 98
    assert Entry.objects.filter(account__in=[a.account]).exists()
    assert Account.objects.all().contains(a.account)


def test_bulk_update_is_not_caught(a, in_b):
    a.account.owner = "mixed"

    Account.objects.bulk_update([a.account], ["owner"])

    assert Account.objects.get().owner == "mixed"


def test_update_is_not_caught(a, in_b):
    Account.objects.create(pk=7)

    Entry.objects.update(account=a.account)


def test_foreign_keys_in_bulk_create_are_not_caught(a, b):
    with override("a"):
        entry = Entry(pk=2, account=a.account)

    with override("b"):
        Entry.objects.bulk_create([entry])
        assert Entry.objects.get(pk=2).account.owner == "b"


def test_a_database_that_is_named_is_not_caught_when_reading(a, in_b):
    a.account.refresh_from_db(using="default")

    assert a.account.owner == "b"


def test_deleting_a_row_that_nothing_refers_to_from_a_named_database_is_not_caught(a, in_b):
    a.entry.delete(using="default")

    assert not Entry.objects.exists()


def test_removing_from_a_join_is_not_caught(a, b, in_b):
    b.project.accounts.remove(a.account)

    assert not b.project.accounts.exists()


def test_removing_from_a_related_manager_is_not_caught(a, b):
    north = Region.objects.create(name="north")
    for name in NAMES:
        with override(name):
            Account.objects.update(region=north)
    account = load_again("a")

    with override("b"):
        north.account_set.remove(account)
        assert Account.objects.get().region is None
    with override("a"):
        assert Account.objects.get().region == north


def test_the_order_of_related_rows_is_not_caught(a, b):
    for name in NAMES:
        with override(name):
            kind = Kind.objects.create(pk=70, name="bird")
            Animal.objects.create(pk=ord(name), name="x", kind=kind)
    with override("a"):
        kind = Kind.objects.get(pk=70)

    with override("b"):
        assert list(kind.get_animal_order()) == [98]


@pytest.mark.skipif(django.VERSION < (6, 1), reason="fetch modes came with Django 6.1")
def test_a_deferred_field_of_peers_is_not_caught(a, b):
    from django.db.models import FETCH_PEERS

    with override("a"):
        Account.objects.create(pk=2)
        found = list(Account.objects.only("pk").order_by("pk").fetch_mode(FETCH_PEERS))

    with override("b"):
        assert found[0].owner == "b"


# The check


@pytest.mark.parametrize(
    "routers", [[], ["tests.test_routers.Other"], ["tests.test_routers.Other", OURS]]
)
def test_a_missing_router_is_a_warning(routers):
    with override_settings(DATABASE_ROUTERS=routers):
        (found,) = checks.check_router()

    assert found.id == "boardinghouse.W013"
    assert OURS in found.hint


@pytest.mark.parametrize("first", [OURS, "tests.test_routers.Own"])
def test_our_router_or_one_that_inherits_it_comes_first(first):
    with override_settings(DATABASE_ROUTERS=[first, "tests.test_routers.Other"]):
        assert list(checks.check_router()) == []


class Other:
    pass


class Own(SchemaRouter):
    pass


def test_the_tests_have_it():
    assert settings.DATABASE_ROUTERS == [OURS]
    assert Show.objects.db == "default"


class TestLazyObjects:
    """As `request.user` is."""

    def test_a_shared_one_can_be_referred_to(self, in_b, member):
        made = Account.objects.create(owner="new", keeper=SimpleLazyObject(lambda: member))

        assert Account.objects.get(pk=made.pk).keeper == member

    def test_one_of_another_schema_is_refused(self, a, in_b):
        with pytest.raises(WrongSchema):
            Entry(account=SimpleLazyObject(lambda: a.account))

    def test_one_of_this_schema_is_not(self, b, in_b):
        assert Entry(account=SimpleLazyObject(lambda: b.account)).account == b.account
