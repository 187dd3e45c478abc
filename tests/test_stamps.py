"""An instance of a private model knows in which schema its statement ran."""

import asyncio
import copy
import pickle

import django
import pytest
from asgiref.sync import async_to_sync
from django.core import serializers
from django.core.management import call_command
from django.db import models, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState
from django.db.models import F, Model, Prefetch
from django.db.models.signals import post_init, post_save, pre_delete, pre_save
from django.forms import modelform_factory
from django.test.utils import isolate_apps

from boardinghouse import stamps
from boardinghouse.exceptions import NoActiveSchema, WrongSchema
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import override, working_in
from boardinghouse.stamps import get_schema_of
from tests.conftest import NAMES, owners, run_sql
from tests.many import many
from tests.testapp.models import Account, Entry, Project, Region, Team
from tests.zoo.models import Animal, Elephant, Kind, Part, Show


def stamp(instance):
    return instance.__dict__.get("_schema", "none")


def load(model, schema, **lookup):
    with override(schema):
        return model.objects.get(**lookup or {"pk": 1})


@pytest.fixture
def schemata(schemata):
    """With keys to spare: the rows that all have came with keys of their own."""
    for name in NAMES:
        with override(name):
            run_sql("SELECT setval('testapp_account_id_seq', 100)")
    return schemata


@pytest.fixture
def of_a(schemata):
    return load(Account, "a")


@pytest.fixture
def of_b(schemata):
    return load(Account, "b")


@pytest.fixture
def more(schemata):
    """Three accounts more in each schema, each with an entry."""
    for name in NAMES:
        with override(name):
            for pk in (2, 3, 4):
                account = Account.objects.create(pk=pk, owner=f"{name}{pk}")
                Entry.objects.create(pk=pk, account=account, amount=pk)


# Rows


def test_a_row_carries_the_schema_that_it_was_read_in(of_a, of_b):
    assert [(each.owner, stamp(each)) for each in (of_a, of_b)] == [("a", "a"), ("b", "b")]
    assert [get_schema_of(each) for each in (of_a, of_b)] == ["a", "b"]


def test_rows_of_an_iterator_carry_the_schema_that_it_was_opened_in(more):
    with override("a"):
        rows = Account.objects.order_by("pk").iterator(chunk_size=1)
        found = [next(rows)]
    with override("b"):
        found.append(next(rows))
        between = list(Account.objects.filter(pk__lt=3).order_by("pk"))
        found += rows

    assert [(each.owner, stamp(each)) for each in found] == [
        ("a", "a"),
        ("a2", "a"),
        ("a3", "a"),
        ("a4", "a"),
    ]
    assert [(each.owner, stamp(each)) for each in between] == [("b", "b"), ("b2", "b")]


def test_interleaved_iterators_keep_their_own_stamps(more):
    iterators = []
    for name in NAMES:
        with override(name):
            rows = Entry.objects.select_related("account").order_by("pk").iterator()
            iterators.append([rows, next(rows)])

    for _turn in range(3):
        for rows, _first in iterators:
            each = next(rows)
            assert stamp(each) == stamp(each.account) == each.account.owner[0]


def test_joined_rows_carry_it_too(schemata):
    with override("a"):
        entry = Entry.objects.select_related("account__region").get(pk=1)

    assert (stamp(entry), stamp(entry.account), entry.account.region) == ("a", "a", None)


def test_joined_rows_of_a_late_iterator_carry_it_too(more):
    with override("a"):
        rows = Entry.objects.select_related("account").order_by("pk").iterator(chunk_size=1)
        next(rows)

    with override("b"):
        entry = next(rows)

    assert (entry.account.owner, stamp(entry), stamp(entry.account)) == ("a2", "a", "a")


def test_shared_rows_between_private_ones_carry_none(schemata):
    with override("a"):
        Account.objects.update(region=Region.objects.create(name="north"))

        entry = Entry.objects.select_related("account__region", "account__keeper").get()

    assert [stamp(each) for each in (entry, entry.account, entry.account.region)] == [
        "a",
        "a",
        "none",
    ]


def test_a_join_that_finds_nothing_leaves_nothing_to_stamp(db, schemata):
    with override("a"):
        kind = Kind.objects.create(name="bird")
        Animal.objects.create(name="orphan", kind=kind)

        animals = Animal.objects.select_related("mother", "kind").iterator()
        animal = next(animals)
        new = Animal(name="new")

    assert (stamp(animal), stamp(animal.kind), animal.mother) == ("a", "a", None)
    assert stamp(new) == "none"


def test_two_joins_to_one_model_are_both_stamped(schemata):
    with override("a"):
        kind = Kind.objects.create(name="bird")
        mother = Animal.objects.create(name="mother", kind=kind)
        Animal.objects.create(name="child", kind=kind, mother=mother)

        child = Animal.objects.select_related("mother__kind", "kind").get(name="child")

    assert [stamp(each) for each in (child, child.kind, child.mother, child.mother.kind)] == (
        ["a"] * 4
    )


def test_children_of_multi_table_inheritance_are_stamped(schemata):
    with override("a"):
        kind = Kind.objects.create(name="big")
        made = Elephant.objects.create(name="Tantor", kind=kind)
        found = Elephant.objects.get()
        from_parent = Animal.objects.select_related("elephant").get()
        (raw,) = Elephant.objects.raw(
            "SELECT * FROM zoo_elephant JOIN zoo_animal ON zoo_animal.id = animal_ptr_id"
        )

    assert [stamp(each) for each in (made, found, from_parent, from_parent.elephant, raw)] == (
        ["a"] * 5
    )
    assert (from_parent.elephant, raw) == (made, made)


def test_prefetched_rows_carry_it(schemata):
    with override("a"):
        account = Account.objects.prefetch_related("entries").get()
        to_list = Account.objects.prefetch_related(
            Prefetch("entries", Entry.objects.all(), to_attr="listed")
        ).get()

    assert [stamp(each) for each in (*account.entries.all(), *to_list.listed)] == ["a", "a"]


def test_rows_of_raw_sql_carry_the_schema_that_it_ran_in(more):
    sql = "SELECT *, owner AS also FROM testapp_account ORDER BY id"
    with override("a"):
        rows = Account.objects.raw(sql).iterator()
        found = [next(rows)]
    with override("b"):
        found.append(next(rows))
        new = Account(owner="new")
        others = list(Account.objects.raw(sql))
    with override("a"):
        found += rows

    assert [(each.also, stamp(each)) for each in found] == [
        ("a", "a"),
        ("a2", "a"),
        ("a3", "a"),
        ("a4", "a"),
    ]
    assert {stamp(each) for each in others} == {"b"}
    assert stamp(new) == "none"


def test_raw_rows_of_shared_models_carry_none(schemata):
    Region.objects.create(name="north")

    (region,) = Region.objects.raw("SELECT *, 1 AS one FROM testapp_region")

    assert (region.one, stamp(region)) == (1, "none")


def test_rows_of_queries_that_are_combined_or_deferred_carry_it(more):
    with override("a"):
        first, second = Account.objects.filter(pk=1), Account.objects.filter(pk=2)
        found = [
            *first.union(second),
            *(first | second),
            *Account.objects.only("pk"),
            *Account.objects.defer("owner"),
            *Account.objects.annotate(twice=F("pk") * 2),
            *Account.objects.in_bulk([1]).values(),
            *Account.objects.select_for_update().filter(pk=1),
            *Account.objects.filter(entries__account__owner="a2"),
        ]

    assert {stamp(each) for each in found} == {"a"}


def test_a_result_that_is_kept_keeps_its_stamps(schemata):
    with override("a"):
        accounts = Account.objects.all()
        list(accounts)
    with override("b"):
        kept = pickle.loads(pickle.dumps(accounts))

        assert [stamp(each) for each in (*accounts, *kept)] == ["a", "a"]
        assert [stamp(each) for each in accounts.all()] == ["b"]


@pytest.mark.skipif(django.VERSION < (6, 1), reason="fetch modes came with Django 6.1")
@pytest.mark.parametrize("name", ["FETCH_ONE", "FETCH_PEERS", "FETCH_RAISE"])
def test_rows_of_every_fetch_mode_carry_it(more, name):
    mode = getattr(models, name)
    with override("a"):
        rows = Entry.objects.order_by("pk").fetch_mode(mode).iterator(chunk_size=1)
        found = [next(rows)]
    with override("b"):
        found += rows

    assert [stamp(each) for each in found] == ["a"] * 4
    if name != "FETCH_RAISE":
        with override("b"), pytest.raises(WrongSchema):
            found[0].account  # noqa: B018
        with override("a"):
            assert [(each.account.owner, stamp(each.account)) for each in found[:2]] == [
                ("a", "a"),
                ("a2", "a"),
            ]


def test_rows_read_asynchronously_carry_it(more):
    async def read():
        with override("a"):
            rows = aiter(Account.objects.order_by("pk").aiterator(chunk_size=1))
            found = [await anext(rows)]
        with override("b"):
            found += [await anext(rows), await Account.objects.aget(pk=1)]
            found += [each async for each in rows]
        return [(each.owner, stamp(each)) for each in found]

    assert async_to_sync(read)() == [
        ("a", "a"),
        ("a2", "a"),
        ("b", "b"),
        ("a3", "a"),
        ("a4", "a"),
    ]


def test_tasks_that_read_at_once_do_not_mix(more):
    async def read(name):
        with override(name):
            return [stamp(each) async for each in Entry.objects.select_related("account")]

    async def read_both():
        return await asyncio.gather(*map(read, NAMES * 3))

    assert [set(each) for each in async_to_sync(read_both)()] == [{"a"}, {"b"}] * 3


def test_rows_of_many_schemata_carry_their_own(schemata):
    with override("a"):
        found = many(Account).from_schemata(*NAMES).order_by("owner")

        assert [stamp(each) for each in found] == ["a", "b"]


def test_a_query_while_an_instance_is_made_of_a_joined_row(schemata, connect):
    """The rest of the outer row is stamped none the less."""
    inner = []

    def ask(instance, **kwargs):
        if isinstance(instance, Entry):
            inner.append(Account.objects.get(pk=1))

    with override("a"):
        rows = Entry.objects.select_related("account").iterator()
        connect(post_init, ask)
        with override("b"):
            entry = next(rows)

    assert (stamp(entry), stamp(entry.account), stamp(inner[0])) == ("b", "b", "b")


# Instances that are made by hand


def test_a_new_instance_has_none_until_it_is_saved(schemata):
    account = Account(owner="new")
    with override("a"):
        assert (stamp(account), get_schema_of(account)) == ("none", None)

        account.save()

    assert (stamp(account), get_schema_of(account)) == ("a", "a")


@pytest.mark.parametrize(
    "rows",
    [
        lambda: Account.objects.iterator(),
        lambda: Account.objects.raw("SELECT * FROM testapp_account").iterator(),
        lambda: Account.objects.values("pk").iterator(),
        lambda: Account.objects.values().iterator(),
        lambda: Account.objects.values_list("owner", flat=True).iterator(),
        lambda: Entry.objects.select_related("account").iterator(),
        lambda: Entry.objects.values("account__owner").iterator(),
    ],
)
def test_one_that_is_made_while_rows_are_read_has_none(schemata, rows):
    with override("a"):
        reading = rows()
        next(reading)

        assert stamp(Account(owner="new")) == "none"
        assert stamp(Entry()) == "none"


CREATE = {
    "create": lambda: Account.objects.create(pk=9),
    "get_or_create": lambda: Account.objects.get_or_create(pk=9)[0],
    "update_or_create": lambda: Account.objects.update_or_create(pk=9)[0],
    "get_or_create of another": lambda: Account.objects.get_or_create(pk=1)[0],
    "update_or_create of another": lambda: Account.objects.update_or_create(pk=1)[0],
    "bulk_create": lambda: Account.objects.bulk_create([Account(pk=9)])[0],
    "bulk_create without keys": lambda: Account.objects.bulk_create([Account(), Account()])[1],
    "bulk_create in batches": lambda: Account.objects.bulk_create([Account(), Account()], 1)[1],
    "bulk_create over": lambda: Account.objects.bulk_create(
        [Account(pk=1)], update_conflicts=True, unique_fields=["pk"], update_fields=["owner"]
    )[0],
    "by a related manager": lambda: Region.objects.create().account_set.create(),
    "asave": lambda: async_to_sync(asaved)(Account()),
    "acreate": lambda: async_to_sync(awaited)(Account.objects.acreate),
    "abulk_create": lambda: async_to_sync(awaited)(Account.objects.abulk_create, [Account()])[0],
    "a form": lambda: modelform_factory(Account, fields=["owner"])({"owner": "x"}).save(),
    "a key that exists": lambda: saved(Account(pk=1, owner="over")),
    "save_base": lambda: based(Account(pk=9)),
}


def saved(instance):
    instance.save()
    return instance


def based(instance):
    instance.save_base(raw=True)
    return instance


async def asaved(instance):
    await instance.asave()
    return instance


async def awaited(function, *args):
    return await function(*args)


@pytest.mark.parametrize("create", CREATE.values(), ids=CREATE)
def test_one_that_is_created_is_stamped(schemata, create):
    with override("a"):
        assert stamp(create()) == "a"


def test_members_of_a_join_are_stamped(schemata):
    with override("a"):
        project = Project.objects.create()
        project.accounts.add(1)
        show = Show.objects.create()
        animal = Animal.objects.create(name="x", kind=Kind.objects.create(name="y"))
        show.animals.add(animal, through_defaults={"role": "clown"})

        assert stamp(Project.accounts.through.objects.get()) == "a"
        assert stamp(Part.objects.get()) == "a"


def test_nothing_is_stamped_when_saving_failed(schemata):
    account = Account(owner="x" * 64)

    with override("a"), pytest.raises(django.db.DataError), transaction.atomic():
        account.save()

    assert stamp(account) == "none"


def test_saving_with_nothing_active_is_refused_as_ever(of_a):
    for account in (of_a, Account(owner="new")):
        with pytest.raises(NoActiveSchema, match=r"testapp\.Account"):
            account.save()
    with pytest.raises(NoActiveSchema):
        of_a.delete()
    with pytest.raises(NoActiveSchema):
        of_a.refresh_from_db()


def test_a_row_is_copied_by_making_its_instance_new(of_a, of_b):
    of_a.pk, of_a._state.adding = None, True
    with override("b"):
        assert get_schema_of(of_a) is None

        of_a.save()

        assert owners() == ["a", "b"]
    assert (get_schema_of(of_a), load(Account, "a").owner) == ("b", "a")


def test_fixtures_are_loaded(schemata, tmp_path):
    with override("a"):
        (tmp_path / "rows.json").write_text(serializers.serialize("json", Entry.objects.all()))
    with override("b"):
        (row,) = serializers.deserialize("json", (tmp_path / "rows.json").read_text())
        row.save()
        assert stamp(row.object) == "b"
        call_command("loaddata", tmp_path / "rows.json", schema="b", verbosity=0)

        assert Entry.objects.get().amount == 97


def test_serialisers_and_forms_do_not_see_the_stamp(of_a):
    assert "_schema" not in serializers.serialize("json", [of_a])
    assert "_schema" not in modelform_factory(Account, fields="__all__")(instance=of_a).initial


# Models that are not stamped


def test_shared_models_pay_nothing(schemata):
    Region.objects.create(name="north")
    compiler = Region.objects.all().query.get_compiler("default")
    rows = compiler.results_iter(compiler.execute_sql())

    assert getattr(rows, "__name__", None) != "hand_over"
    for signal in (post_init, pre_save, post_save, pre_delete):
        assert not any(
            receiver.__module__ == stamps.__name__ for receiver in signal._live_receivers(Region)[0]
        )
    assert "_schema" not in Region.objects.get().__dict__
    assert (Region.__eq__, Region.__hash__) == (Model.__eq__, Model.__hash__)


def test_the_rows_of_a_private_model_are_handed_over(schemata):
    """The negative control of the test above."""
    with override("a"):
        compiler = Account.objects.all().query.get_compiler("default")

        rows = compiler.results_iter(compiler.execute_sql())

    assert rows.__name__ == "hand_over"
    assert any(each is stamps.take_stamp for each in post_init._live_receivers(Account)[0])


def test_no_row_is_loaded_only_because_it_is_deleted(more, django_assert_num_queries):
    with override("a"):
        list(Account.objects.all())
        with django_assert_num_queries(1):
            Entry.objects.filter(pk__gt=1).delete()
    assert not pre_delete.has_listeners(Entry)
    assert pre_delete.has_listeners(Account)


def test_models_of_migrations_are_left_alone(schemata):
    old = ProjectState.from_apps(django.apps.apps).apps.get_model("testapp", "Account")

    with override("a"):
        account = old.objects.get()
        account.owner = "old"
        account.save()
    with working_in(TEMPLATE):
        old.objects.create(pk=1, owner="in the template").delete()

    assert stamp(account) == "none"
    assert (old.__eq__, old.__hash__) == (Model.__eq__, Model.__hash__)
    assert load(Account, "a").owner == "old"
    assert MigrationRecorder.Migration.__eq__ is Model.__eq__


def test_a_row_of_the_template_carries_its_name(db):
    with working_in(TEMPLATE):
        made = Account.objects.create(pk=1, owner="x")
        assert stamp(Account.objects.get()) == stamp(made) == TEMPLATE
        made.delete()


# Equality


def test_equal_keys_of_two_schemata_are_neither_equal_nor_have_one_hash(of_a, of_b):
    assert of_a.pk == of_b.pk
    assert of_a != of_b
    assert hash(of_a) != hash(of_b)
    assert of_a not in [of_b]
    assert len({of_a, of_b}) == 2
    assert {of_a: "a", of_b: "b"}[load(Account, "a")] == "a"


def test_equal_keys_of_one_schema_are_one(of_a):
    again, deferred = load(Account, "a"), load(Account.objects.only("pk").model, "a")

    assert of_a == again == deferred
    assert hash(of_a) == hash(again)
    assert of_a in {again}
    assert of_a != load(Entry, "a")
    assert of_a != 1


def test_joins_compare_by_schema_too(of_a, of_b):
    entries = [load(Entry.objects.select_related("account").model, name) for name in NAMES]

    assert entries[0] != entries[1]


def test_rows_of_many_schemata_are_told_apart(of_a):
    found = set(many(Account).from_schemata(*NAMES))

    assert len(found) == 2
    assert of_a in found


def test_an_unsaved_instance_is_itself_only(schemata):
    one, other = Account(owner="x"), Account(owner="x")

    assert one == one
    assert one != other
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_an_unsaved_instance_with_a_key_is_found_after_it_was_saved(schemata):
    with override("a"):
        account = Account(pk=9)
        known = {account}
        assert account == Account(pk=9)

        account.save()

        assert account in known
        assert Account.objects.get(pk=9) in known


@pytest.mark.parametrize(
    "duplicate",
    [
        copy.copy,
        copy.deepcopy,
        lambda instance: pickle.loads(pickle.dumps(instance)),
        lambda instance: pickle.loads(pickle.dumps({instance})).pop(),
        lambda instance: pickle.loads(pickle.dumps({"x": [instance]}))["x"][0],
    ],
)
def test_the_stamp_survives_copying(of_a, of_b, duplicate):
    with override("b"):
        kept = duplicate(of_a)

        assert stamp(kept) == "a"
        assert kept == of_a
        assert kept != of_b
        assert hash(kept) == hash(of_a)
        with pytest.raises(WrongSchema):
            kept.save()


def test_proxies_are_stamped_and_equal_to_their_models(of_a, of_b):
    with isolate_apps("tests.testapp"):

        class Ledger(Account):
            class Meta:
                app_label = "testapp"
                proxy = True

    with marked(Ledger), override("a"):
        ledger = Ledger.objects.get()
        (raw,) = Ledger.objects.raw("SELECT * FROM testapp_account")
        entry = Entry.objects.select_related("account").get()

        assert [stamp(each) for each in (ledger, raw, entry.account)] == ["a"] * 3
        assert ledger == of_a == raw
        assert ledger != of_b
        assert hash(ledger) == hash(of_a)


class marked:
    """Mark a model for one test, as those that are installed are marked."""

    def __init__(self, model):
        self.model = model

    def __enter__(self):
        stamps.mark(self.model)

    def __exit__(self, *args):
        stamps._marked.discard(self.model)
        for signal in (post_init, pre_save, post_save, pre_delete):
            for receiver in (
                stamps.take_stamp,
                stamps.refuse_save,
                stamps.stamp_saved,
                stamps.refuse_delete,
            ):
                signal.disconnect(receiver, sender=self.model)


@isolate_apps("tests.testapp")
def test_a_model_that_compares_in_its_own_way_keeps_it():
    class ByOwner:
        def __eq__(self, other):
            return self.owner == other.owner

        def __hash__(self):
            return hash(self.owner)

    class Inheriting(ByOwner, models.Model):
        owner = models.TextField()

        class Meta:
            app_label = "testapp"

    class Hashing(models.Model):
        class Meta:
            app_label = "testapp"

        def __hash__(self):
            return 1

    for model in (Inheriting, Hashing):
        stamps.compare_by_schema(model)

    assert Inheriting.__eq__ is ByOwner.__eq__
    assert Inheriting.__hash__ is ByOwner.__hash__
    assert (Hashing.__eq__, hash(Hashing())) == (stamps.is_same_row, 1)


def test_every_private_model_is_marked_and_no_shared_one():
    assert {Account, Entry, Project, Project.teams.through, Elephant} <= stamps._marked
    assert not {Region, Team, Team.regions.through, type(Account)} & stamps._marked


def test_another_database_without_schemata_is_let_be(of_a, monkeypatch):
    monkeypatch.setattr(stamps, "connections", {"default": object()})

    with override("b"):
        of_a.save(using="default")
        account = Account(pk=1)
        account.save()

    assert (stamp(of_a), stamp(account)) == ("a", "none")


def test_stamps_cost_no_query(schemata, django_assert_num_queries):
    with override("a"):
        list(Region.objects.all())
        with django_assert_num_queries(1):
            list(Account.objects.all())
        with django_assert_num_queries(1):
            Account(owner="x").save()
