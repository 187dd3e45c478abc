"""Python and SQL of a project's own never take more locks than there is room for, nor wait long."""

import threading
from itertools import chain, repeat

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import OperationalError, connection, connections, transaction
from django.db import migrations as m

from boardinghouse import batches, ddl, fleet, journal
from boardinghouse.backends.postgres.base import DatabaseWrapper
from boardinghouse.exceptions import LockBudgetExceeded, SchemataBehind
from boardinghouse.journal import Entry
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from boardinghouse.operations import Shared
from boardinghouse.progress import Progress
from boardinghouse.schema import override, working_in
from tests.catalog import columns_of, rows, run
from tests.conftest import connected_with
from tests.lending.models import Note, Title
from tests.migrating.farm import Farm
from tests.testapp.models import Account


@pytest.fixture
def budget(monkeypatch):
    """A lock table of any size."""

    def budget(locks):
        monkeypatch.setattr(ddl, "lock_budget", lambda connection: locks)

    return budget


@pytest.mark.django_db
class TestRoom:
    @pytest.fixture
    def held(self, budget):
        """The locks that the test's transaction has, those of asking for them included."""
        budget(10**6)
        fleet.require_next(connection)
        return ddl.locks_held(connection)

    def test_is_counted_in_schemata_of_which_everything_is_locked(self, held, budget):
        most = fleet.locks_of_a_writer(connection)
        budget(held + 2 * most)

        assert fleet.require_next(connection) == 2

    def test_that_is_not_enough_for_one_more_is_refused(self, held, budget):
        most = fleet.locks_of_a_writer(connection)
        budget(held + most - 1)

        with pytest.raises(LockBudgetExceeded, match=f"holds {held} locks, .* take {most} more"):
            fleet.require_next(connection)

    def test_of_a_writer_is_all_that_writing_everywhere_takes(self):
        (tables,) = ddl.tables_in(connection, TEMPLATE)
        with transaction.atomic(), working_in(TEMPLATE):
            before = ddl.locks_held(connection)
            for table in tables:
                run(f'DELETE FROM "{table}"')
            taken = ddl.locks_held(connection) - before
            transaction.set_rollback(True)

        assert 0 < taken <= fleet.locks_of_a_writer(connection)

    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE testapp_account SET owner = 'x'",
            "-- all of them\nUPDATE testapp_account SET owner = 'x'",
            r"SET LOCAL work_mem = '8MB'; UPDATE testapp_account SET owner = E'\';'",
        ],
        ids=["at once", "after a comment", "among others that cannot be split"],
    )
    def test_is_asked_for_before_statements_that_write(self, schemata, budget, sql):
        budget(1)

        with pytest.raises(LockBudgetExceeded):
            fleet.replay(connection, ["a", "b"], [sql])
        fleet.replay(connection, ["a", "b"], ["ALTER TABLE testapp_account ADD COLUMN n int"])

    def test_is_asked_for_before_python(self, schemata, budget):
        seen = []
        most = fleet.locks_of_a_writer(connection)
        budget(ddl.locks_held(connection) + most)

        def change(name):
            seen.append(name)
            with override(name):
                Account.objects.update(owner="x")

        with pytest.raises(LockBudgetExceeded):
            fleet.run_in_each(connection, ["a", "b"], change)

        assert seen == ["a"]
        with override("a"):
            assert Account.objects.get().owner == "a"


@pytest.mark.django_db(transaction=True)
def test_a_migration_goes_on_one_by_one_where_its_python_takes_too_many_locks(
    committed_schemata, settings, monkeypatch
):
    for name in ("a", "b"):
        with override(name):
            of = ContentType.objects.get_for_model(Title)
            Note.objects.create(text=name, content_type=of, object_id="x")
    answers = chain([1, None], repeat(1))

    def require_next(connection):
        if next(answers) is None:
            raise LockBudgetExceeded("There is no room.")
        return 1

    monkeypatch.setattr(fleet, "require_next", require_next)
    settings.MIGRATION_MODULES = {"lending": "tests.lending.later"}
    try:
        call_command("migrate", "lending", "0002", verbosity=0)

        assert not journal.is_there(connection)
        for name in ("a", "b"):
            assert rows(f"SELECT text FROM {name}.lending_note") == [(f"{name}!",)]
        assert Title.objects.filter(code="added").count() == 1
    finally:
        call_command("migrate", "lending", "0001", verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_a_shared_operation_waits_for_a_busy_table_in_short_turns(settings):
    settings.BOARDINGHOUSE_LOCK_TIMEOUT = 0.01
    farm = Farm(twin=False, label="herd")
    other = connections["default"].copy()
    try:
        other.cursor().execute("BEGIN; LOCK TABLE auth_user IN ACCESS SHARE MODE")

        with pytest.raises(OperationalError, match="lock timeout"):
            farm.apply(Shared(m.RunSQL("ALTER TABLE auth_user ADD COLUMN nick text")))
    finally:
        other.close()


class Counter(Progress):
    """Remembers the task that was shown."""

    def make_task(self, *args):
        self.seen = super().make_task(*args)
        return self.seen


class TestWorkers:
    def test_count_a_schema_that_two_of_them_took_in_turn_once(self, schemata, monkeypatch):
        Schema.objects.mass_create("c")
        run("ALTER TABLE b.testapp_account ADD COLUMN n int")
        script = ["ALTER TABLE testapp_account ADD COLUMN n int"]
        entry = Entry("testapp", "0002", False, ["Add"], 1, [], 1, script, 2, 1)
        journal.write(connection, entry)
        journal.add_pending(connection, entry, ["a", "b", "c"])
        take_one, shown = journal.take_one, Counter()

        def take_one_late(connection, entry, name):
            """Let another worker have done a's work by then."""
            if name == "a":
                with working_in("a"):
                    run(*script)
                journal.mark_done(connection, entry, ["a"])
            return take_one(connection, entry, name)

        monkeypatch.setattr(journal, "take_one", take_one_late)
        with pytest.raises(SchemataBehind):
            batches.Batches(connection, entry, batches.Manner(progress=shown)).replay(2, 1)

        assert shown.seen.done == 1
        assert ["n" in columns_of(name, "testapp_account") for name in "abc"] == [True] * 3

    def test_are_no_more_than_a_pool_has_connections_for(self, db):
        assert batches.connections_to_spare(connection) > 1000
        with connected_with({"pool": {"min_size": 1, "max_size": 3}}) as pooled:
            assert batches.connections_to_spare(pooled) == 2

    @pytest.mark.django_db(transaction=True)
    def test_that_get_no_connection_leave_the_work_to_the_others(
        self, committed_schemata, settings, monkeypatch, caplog
    ):
        begin = DatabaseWrapper.ensure_connection

        def ensure_connection(self):
            if threading.current_thread() is not threading.main_thread():
                raise OperationalError("too many clients already")
            begin(self)

        settings.MIGRATION_MODULES = {"lending": "tests.lending.later"}
        try:
            with monkeypatch.context() as patched:
                patched.setattr(DatabaseWrapper, "ensure_connection", ensure_connection)
                call_command("migrate", "lending", "0002", verbosity=0, batch_size=1, parallel=2)

            assert not journal.is_there(connection)
            assert "too many clients already" in caplog.text
            for name in ("a", "b"):
                assert "pages" in columns_of(name, "lending_loan")
        finally:
            call_command("migrate", "lending", "0001", verbosity=0)
