"""Deleting shared rows: what each schema has that refers to them."""

from contextlib import nullcontext

import django
import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import (
    IntegrityError,
    connection,
    connections,
    transaction,
)
from django.db.migrations.loader import MigrationLoader
from django.db.models import RESTRICT, ProtectedError, RestrictedError
from django.db.models.deletion import Collector
from django.db.models.signals import post_delete, pre_delete
from django.test.utils import CaptureQueriesContext

from boardinghouse import clone, ddl, patches
from boardinghouse.deletion import reaches
from boardinghouse.exceptions import LockBudgetExceeded
from boardinghouse.models import Schema
from boardinghouse.multi.locks import FEW
from boardinghouse.names import TEMPLATE
from boardinghouse.references import Fleet, Place, find_schemata, refer_somehow
from boardinghouse.schema import get_active_schema_name, override, working_in
from boardinghouse.stamps import get_schema_of
from tests.catalog import run
from tests.conftest import NAMES, count_sets, make_user
from tests.lending.models import (
    Chapter,
    Edition,
    Fine,
    Loan,
    Note,
    Poster,
    Receipt,
    Reminder,
    Shelf,
    SpecialTitle,
    Title,
)
from tests.testapp.models import Account

#: Those that Django follows: nine of loans, and of fines, notes, shelves, and before 6.1 receipts.
KEYS_TO_TITLES = 12 + (django.VERSION < (6, 1))

pytestmark = pytest.mark.django_db


@pytest.fixture
def titles(schemata):
    """Two shared rows; the second is what the others point at."""
    Title.objects.create(pk=1, code="first", name="first")
    second = Title.objects.create(pk=2, code="second", name="second")
    run("SELECT setval('lending_title_id_seq', 2)")
    return second


@pytest.fixture(params=[None, "a"], ids=["nothing active", "a active"])
def active(request, schemata):
    """In which schema something is deleted: it must not matter."""
    with override(request.param) if request.param else nullcontext():
        yield request.param


def lend(schema, key="cascade", pk=1, **fields):
    """Put a loan into a schema, with a key to the second title."""
    with override(schema):
        default = {} if key == "set_default" else {"set_default_id": 1}
        return Loan.objects.create(
            pk=pk, reader=schema, **default, **{f"{key}_id": fields.pop("to", 2)}, **fields
        )


def loans(schema):
    """Return whose loans a schema has."""
    with override(schema):
        return sorted(Loan.objects.values_list("reader", flat=True))


def values(key):
    """Return the value of a key in the loans of each schema."""
    found = {}
    for name in NAMES:
        with override(name):
            found[name] = [*Loan.objects.values_list(f"{key}_id", flat=True)]
    return found


def make_small(count):
    """Make schemata that have the tables alone that refer to titles, with few locks."""
    tables = ("fine", "loan", "note", "receipt", "reminder", "shelf_titles")
    for number in range(count):
        run(
            f"CREATE SCHEMA s{number}",
            f"INSERT INTO boardinghouse_schema VALUES ('s{number}', 's{number}', true)",
            *(
                f"CREATE TABLE s{number}.lending_{table}"
                f" (LIKE __template__.lending_{table} INCLUDING INDEXES INCLUDING IDENTITY)"
                for table in tables
            ),
        )


def all_codes():
    return set(Title.objects.values_list("code", flat=True))


def check_constraints():
    """Let PostgreSQL say now what it would say at the end of the transaction."""
    connection.check_constraints()


class TestOnDelete:
    def test_cascade_deletes_the_rows_of_every_schema_and_counts_them(self, titles, active):
        for name in NAMES:
            lend(name)
            lend(name, to=1, pk=2)

        deleted = titles.delete()

        assert deleted == (3, {"lending.Loan": 2, "lending.Title": 1})
        assert values("cascade") == {"a": [1], "b": [1]}
        assert all_codes() == {"first"}
        assert get_active_schema_name() == active
        check_constraints()

    def test_rows_of_one_schema_alone(self, titles, active):
        lend("b")

        assert titles.delete() == (2, {"lending.Loan": 1, "lending.Title": 1})

        assert loans("b") == []
        check_constraints()

    def test_cascade_goes_on_in_the_schema(self, titles, active):
        for name in NAMES:
            loan = lend(name)
            with override(name):
                Reminder.objects.create(loan=loan)
                Fine.objects.create(loan=loan, number=2)

        _total, by_label = titles.delete()

        assert by_label == {
            "lending.Loan": 2,
            "lending.Reminder": 4,
            "lending.Fine": 2,
            "lending.Title": 1,
        }
        check_constraints()

    def test_a_private_child_goes_with_its_parent(self, titles, active):
        loan = lend("b", key="set_null", to=1)
        with override("b"):
            Fine.objects.create(loan=loan, title=titles)

        titles.delete()

        with override("b"):
            assert not Reminder.objects.exists()
            assert Loan.objects.exists()
        check_constraints()

    @pytest.mark.parametrize("key", ["protect", "restrict"])
    def test_protect_and_restrict_refuse_before_anything_is_done(self, titles, active, key):
        lend("a")
        lend("b", key=key)
        kind = ProtectedError if key == "protect" else RestrictedError

        with pytest.raises(kind, match=rf"'Loan\.{key}'.* In schema 'b'\.") as refused:
            titles.delete()

        (loan,) = getattr(refused.value, f"{key}ed_objects")
        assert (loan.reader, get_schema_of(loan)) == ("b", "b")
        assert loans("a") == ["a"]
        assert loans("b") == ["b"]
        assert all_codes() == {"first", "second"}

    def test_a_refusal_tells_of_all_schemata(self, titles):
        for name in NAMES:
            lend(name, key="protect")

        with pytest.raises(ProtectedError, match="In schema 'a', 'b'") as refused:
            titles.delete()

        assert {each.reader for each in refused.value.protected_objects} == {"a", "b"}

    def test_a_refusal_names_ten_of_many_schemata(self, titles):
        make_small(10)
        for name in (*NAMES, *(f"s{number}" for number in range(10))):
            lend(name, key="protect")

        with pytest.raises(ProtectedError, match=r"'s0', .*, 's7' and 2 more\."):
            titles.delete()

    def test_what_is_restricted_goes_if_it_is_deleted_anyway(self, titles, active):
        lend("a", restrict_id=2)

        titles.delete()

        assert loans("a") == []

    def test_what_is_restricted_goes_if_another_shared_row_takes_it_along(self, titles, active):
        chapter = Chapter.objects.create(title=titles)
        lend("a", key="restrict", chapter=chapter)

        titles.delete()

        assert loans("a") == []

    def test_and_if_it_is_restricted_by_the_row_that_is_taken_along(self, titles, monkeypatch):
        key = Loan._meta.get_field("chapter").remote_field
        monkeypatch.setattr(key, "on_delete", RESTRICT)
        lend("a", chapter=Chapter.objects.create(title=titles))

        titles.delete()

        assert loans("a") == []

    def test_what_is_restricted_in_one_schema_is_not_saved_by_another(self, titles, active):
        lend("a", restrict_id=2)
        lend("b", key="restrict")

        with pytest.raises(RestrictedError):
            titles.delete()

        assert loans("a") == ["a"]

    @pytest.mark.parametrize(
        ("key", "value"), [("set_null", None), ("set_default", 1), ("set_value", 1)]
    )
    def test_a_key_is_set(self, titles, active, key, value):
        for name in NAMES:
            lend(name, key=key)

        assert titles.delete() == (1, {"lending.Title": 1})

        assert values(key) == {"a": [value], "b": [value]}
        check_constraints()

    def test_a_key_is_set_to_what_a_function_returns(self, titles, active):
        for name in NAMES:
            lend(name, key="set_called")

        titles.delete()

        unknown = Title.objects.get(code="unknown").pk
        assert values("set_called") == {"a": [unknown], "b": [unknown]}
        check_constraints()

    def test_do_nothing_leaves_it_to_postgresql(self, titles, active):
        lend("a", key="do_nothing")

        titles.delete()

        with pytest.raises(IntegrityError, match="lending_loan"), transaction.atomic():
            check_constraints()
        with override("a"):
            Loan.objects.all().delete()

    def test_a_key_without_a_constraint(self, titles, active):
        lend("a", key="unconstrained")

        titles.delete()

        assert loans("a") == []

    def test_a_key_to_another_column(self, titles, active):
        lend("a", key="by_code", to="second")
        lend("b", key="by_code", to="first")

        titles.delete()

        assert loans("a") == []
        assert loans("b") == ["b"]

    @pytest.mark.parametrize("schema", NAMES)
    def test_postgresql_may_do_it_by_itself(self, titles, active, schema):
        with override(schema):
            Receipt.objects.create(title=titles)

        titles.delete()

        with override(schema):
            assert not Receipt.objects.exists()
        check_constraints()

    def test_a_join(self, titles, active):
        for name in NAMES:
            with override(name):
                Shelf.objects.create(pk=1).titles.set([1, 2])

        _total, by_label = titles.delete()

        assert by_label == {"lending.Shelf_titles": 2, "lending.Title": 1}
        for name in NAMES:
            with override(name):
                assert [title.pk for title in Shelf.objects.get().titles.all()] == [1]

    def test_a_generic_relation(self, titles, active):
        for name in NAMES:
            with override(name):
                Note.objects.create(pk=1, text=name, about=titles)
                Note.objects.create(pk=2, text="other", about=Title.objects.get(pk=1))

        _total, by_label = titles.delete()

        assert by_label == {"lending.Note": 2, "lending.Title": 1}
        for name in NAMES:
            with override(name):
                assert [note.text for note in Note.objects.all()] == ["other"]


class TestWhatIsShared:
    def test_a_shared_row_takes_another_one_along_that_private_rows_point_at(self, titles, active):
        chapter = Chapter.objects.create(title=titles)
        for name in NAMES:
            lend(name, key="set_null", chapter=chapter)

        _total, by_label = titles.delete()

        assert by_label == {"lending.Loan": 2, "lending.Chapter": 1, "lending.Title": 1}

    def test_a_child_takes_what_points_at_its_parent(self, titles, active):
        edition = Edition.objects.create(code="third")
        lend("a", to=edition.pk)
        lend("b", key="edition", to=edition.pk)

        _total, by_label = edition.delete()

        assert by_label == {"lending.Loan": 2, "lending.Edition": 1, "lending.Title": 1}
        check_constraints()

    def test_a_parent_takes_what_points_at_its_child(self, titles, active):
        edition = Edition.objects.create(code="third")
        lend("b", key="edition", to=edition.pk)

        Title.objects.get(pk=edition.pk).delete()

        assert loans("b") == []
        check_constraints()

    def test_a_child_may_leave_its_parent_and_what_points_at_it(self, titles, active):
        edition = Edition.objects.create(code="third")
        lend("a", to=edition.pk)
        lend("b", key="edition", to=edition.pk)

        edition.delete(keep_parents=True)

        assert loans("a") == ["a"]
        assert loans("b") == []
        check_constraints()

    def test_a_proxy(self, titles, active):
        lend("b")

        SpecialTitle.objects.get(pk=2).delete()

        assert loans("b") == []

    def test_a_queryset(self, titles, active):
        Title.objects.create(pk=3, code="third")
        for name in NAMES:
            lend(name)
            lend(name, pk=2, to=3)
            lend(name, pk=3, to=1)

        deleted = Title.objects.filter(pk__gt=1).delete()

        assert deleted == (6, {"lending.Loan": 4, "lending.Title": 2})
        assert values("cascade") == {"a": [1], "b": [1]}

    def test_a_queryset_that_asks_the_active_schema(self, titles):
        lend("a")
        lend("b")
        lend("b", pk=2, to=1)

        with override("a"):
            Title.objects.filter(loans__reader="a").delete()

        assert all_codes() == {"first"}
        assert loans("b") == ["b"]

    def test_coroutines(self, titles, active):
        lend("a")
        lend("b", to=1)

        async_to_sync(titles.adelete)()
        async_to_sync(Title.objects.all().adelete)()

        assert loans("a") == loans("b") == []

    def test_nothing_found(self, titles, active):
        assert Title.objects.filter(pk=9).delete() == (0, {})

    def test_groups_and_permissions_of_a_user(self, active):
        user = make_user("ann")
        group, permission = Group.objects.create(name="g"), Permission.objects.first()
        for name in NAMES:
            with override(name):
                user.groups.add(group)
                user.user_permissions.add(permission)

        _total, by_label = user.delete()

        assert by_label == {
            "auth.User_groups": 2,
            "auth.User_user_permissions": 2,
            "auth.User": 1,
        }
        check_constraints()

    @pytest.mark.parametrize("kind", [Group, Permission, ContentType])
    def test_what_a_user_has(self, active, kind):
        user = make_user("ann")
        content_type = ContentType.objects.create(app_label="old", model="old")
        permission = Permission.objects.create(content_type=content_type, codename="p", name="p")
        group = Group.objects.create(name="g")
        with override("b"):
            user.groups.add(group)
            user.user_permissions.add(permission)

        {Group: group, Permission: permission, ContentType: content_type}[kind].delete()

        with override("b"):
            assert user.groups.count() + user.user_permissions.count() == 1
        check_constraints()


class TestMigrations:
    """The models of migrations: nobody stamps their instances."""

    @pytest.fixture
    def historical(self, titles):
        for name in NAMES:
            lend(name)
            with override(name):
                Reminder.objects.create(loan_id=1)
        return MigrationLoader(connection).project_state().apps

    def test_rows_of_every_schema_go(self, historical, active):
        title = historical.get_model("lending", "Title").objects.get(pk=2)

        _total, by_label = title.delete()

        assert by_label == {"lending.Reminder": 2, "lending.Loan": 2, "lending.Title": 1}
        assert loans("a") == loans("b") == []
        check_constraints()

    def test_a_schemas_row_is_not_looked_for_elsewhere(self, historical):
        schema = historical.get_model("boardinghouse", "Schema")

        assert not reaches(schema, historical.get_model("lending", "Loan"))
        assert reaches(historical.get_model("auth", "User"), Account)


class TestWhere:
    def test_inactive_schemata_are_asked_too(self, titles):
        lend("b")
        Schema.objects.filter(pk="b").update(is_active=False)

        titles.delete()

        assert loans("b") == []

    def test_the_template_is_asked_too(self, titles, active):
        with working_in(TEMPLATE):
            Loan.objects.create(reader="everybody", cascade=titles, set_default_id=1)

        titles.delete()

        with working_in(TEMPLATE):
            assert not Loan.objects.exists()
        check_constraints()

    def test_schemata_that_are_kept_ready_are_asked_too(self, titles, active):
        ddl.create(connection, "_spare_1", clone.compile_template(connection))
        with working_in("_spare_1"):
            Loan.objects.create(reader="whoever comes", cascade=titles, set_default_id=1)

        titles.delete()

        with working_in("_spare_1"):
            assert not Loan.objects.exists()

    def test_schemata_of_others_are_left_alone(self, titles):
        run("CREATE SCHEMA stranger", "CREATE TABLE stranger.lending_loan (cascade_id bigint)")
        run("INSERT INTO stranger.lending_loan VALUES (2)")

        titles.delete()

        with connection.cursor() as cursor:
            cursor.execute("SELECT cascade_id FROM stranger.lending_loan")
            assert cursor.fetchall() == [(2,)]

    def test_a_schema_that_lacks_the_table_has_no_rows(self, titles):
        lend("b")
        check_constraints()
        run('DROP TABLE "a".lending_loan CASCADE')

        titles.delete()

        assert loans("b") == []

    def test_a_row_of_a_schema_that_postgresql_has_not(self, titles):
        lend("b")
        check_constraints()
        run('DROP SCHEMA "a" CASCADE')

        titles.delete()

        assert loans("b") == []

    @pytest.mark.django_db(databases=["default", "other"])
    def test_another_database_has_schemata_of_its_own(self, titles):
        other = Schema(schema="o", name="o")
        other.save(using="other")
        Title.objects.using("other").create(pk=2, code="second")
        Title.objects.using("other").create(pk=1, code="first")
        lend("a")
        with override("o"):
            Loan.objects.using("other").create(reader="o", cascade_id=2, set_default_id=1)

        Title.objects.using("other").filter(pk=2).delete()

        with override("o"):
            assert not Loan.objects.using("other").exists()
        assert loans("a") == ["a"]
        assert all_codes() == {"first", "second"}
        connections["other"].check_constraints()

    def test_rows_that_only_a_join_finds_may_be_in_any_schema(self, schemata):
        rows = Reminder.objects.filter(loan__reader="a")
        fleet = Fleet([Place(name, "lending_reminder", 1, True) for name in NAMES], None)

        assert find_schemata("default", refer_somehow(rows), fleet) == {"a", "b"}


class TestSignals:
    @pytest.fixture
    def told(self, connect):
        told = []

        def note(kind):
            def receive(instance, origin, **kwargs):
                reader = getattr(instance, "reader", "")
                told.append((kind, type(instance).__name__, reader, get_active_schema_name()))

            return receive

        connect(pre_delete, note("pre"))
        connect(post_delete, note("post"))
        return told

    def test_each_is_sent_in_the_schema_of_its_row(self, titles, active, told):
        for name in NAMES:
            lend(name)

        titles.delete()

        assert told == [
            ("pre", "Title", "", active),
            ("pre", "Loan", "a", "a"),
            ("post", "Loan", "a", "a"),
            ("pre", "Loan", "b", "b"),
            ("post", "Loan", "b", "b"),
            ("post", "Title", "", active),
        ]

    def test_the_private_rows_are_there_when_the_shared_one_is_announced(self, titles, connect):
        seen = []
        lend("a")

        def look(instance, **kwargs):
            with override("a"):
                seen.append(instance.loans.count())

        connect(pre_delete, lambda sender, **kwargs: sender is Title and look(**kwargs))

        titles.delete()

        assert seen == [1]

    def test_the_instances_lose_their_keys(self, titles):
        lend("a")

        titles.delete()

        assert titles.pk is None

    def test_an_error_of_a_receiver_undoes_all(self, titles, connect):
        for name in NAMES:
            lend(name)

        def fail(instance, **kwargs):
            if getattr(instance, "reader", "") == "b":
                raise RuntimeError("not this one")

        connect(post_delete, fail)

        with pytest.raises(RuntimeError, match="not this one"), transaction.atomic():
            titles.delete()

        assert loans("a") == ["a"]
        assert loans("b") == ["b"]
        assert get_active_schema_name() is None


class TestCosts:
    def statements(self, action):
        with CaptureQueriesContext(connection) as captured:
            action()
        return [query["sql"] for query in captured]

    def test_nothing_private_refers_to_it(self, titles):
        poster = Poster.objects.create(title=titles)

        assert len(self.statements(poster.delete)) == 1

    def test_private_rows_cost_what_they_cost_in_django(self, schemata):
        with override("a"):
            account = Account.objects.get()
            statements = self.statements(account.delete)

        assert not [sql for sql in statements if "UNION ALL" in sql or "pg_" in sql]

    @pytest.mark.parametrize(("count", "for_the_budget"), [(2, 0), (50, 2)])
    def test_one_statement_a_relation_whatever_the_number_of_schemata(
        self, titles, count, for_the_budget
    ):
        make_small(count - 2)
        assert (count > FEW) == bool(for_the_budget)
        of_django, paths, of_tables = 4, 2, 3

        statements = self.statements(titles.delete)

        probes = [sql for sql in statements if "found_in" in sql]
        assert all(sql.count("UNION ALL") == count for sql in probes)
        assert len(probes) == KEYS_TO_TITLES
        assert len(statements) == of_django + paths + of_tables + for_the_budget + len(probes)

    def test_only_relations_with_rows_are_followed(self, titles):
        lend("b")

        statements = self.statements(titles.delete)

        assert len([sql for sql in statements if sql.startswith('SELECT "lending_loan"')]) == 1
        assert not [sql for sql in statements if sql.startswith('UPDATE "lending_loan"')]

    def test_only_schemata_with_rows_are_entered(self, titles):
        make_small(10)
        lend("b")

        with CaptureQueriesContext(connection) as captured:
            titles.delete()

        paths = ["__template__", "public", "b", "public"]
        assert count_sets(captured) == len(paths)


class TestLocks:
    @pytest.fixture
    def crowd(self, titles):
        make_small(FEW)
        lend("a")

    def test_more_than_fits_is_refused_with_the_way_out(self, titles, crowd, monkeypatch):
        monkeypatch.setattr(ddl, "lock_budget", lambda connection: 100)

        with pytest.raises(
            LockBudgetExceeded,
            match=r"Nothing was deleted.*18 schemata|ALTER SYSTEM SET max_locks_per_transaction",
        ):
            titles.delete()

        assert loans("a") == ["a"]

    def test_beyond_a_share_of_the_lock_table_a_relation_takes_several_statements(
        self, titles, crowd, monkeypatch
    ):
        locks = 10_000
        monkeypatch.setattr(ddl, "lock_budget", lambda connection: locks)
        whole = self.probes(titles)
        monkeypatch.setattr(ddl, "lock_budget", lambda connection: 500)
        monkeypatch.setattr("boardinghouse.references.require_room", lambda *args: None)

        assert self.probes(Title.objects.get(pk=1)) > whole
        assert loans("a") == []

    def probes(self, title):
        with CaptureQueriesContext(connection) as captured:
            title.delete()
        return sum("found_in" in query["sql"] for query in captured)


class TestThePatch:
    def test_doing_it_twice_changes_nothing(self, titles):
        lend("a")
        patches.patch_collector()

        assert titles.delete() == (2, {"lending.Loan": 1, "lending.Title": 1})

    def test_listing_what_a_collector_has_deletes_nothing(self, titles):
        lend("a")
        collector = Collector("default")
        collector.collect([titles])

        assert [model for model, _instance in collector.instances_with_model()] == [Title]
        assert loans("a") == ["a"]

    def test_a_collector_may_collect_twice(self, titles):
        lend("a")
        lend("b", to=1)
        collector = Collector("default")

        collector.collect([titles])
        collector.collect([Title.objects.get(pk=1)])

        assert collector.delete() == (4, {"lending.Loan": 2, "lending.Title": 2})
        assert loans("a") == loans("b") == []


@pytest.mark.skipif(django.VERSION < (6, 1), reason="Django 6.1 has on_delete in the database")
def test_what_postgresql_deletes_is_not_counted(titles):
    with override("a"):
        Receipt.objects.create(title=titles)

    assert titles.delete() == (1, {"lending.Title": 1})
