"""The fleet: which schemata there are, and replaying statements in all of them."""

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction

from boardinghouse import ddl, fleet, journal
from boardinghouse.batches import Manner
from boardinghouse.exceptions import LockBudgetExceeded, OccupiedSchemata, ReplayFailed
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from boardinghouse.patience import ATTEMPTS
from boardinghouse.schema import get_active_schema_name, override
from tests.catalog import columns_of, run, schema_exists
from tests.zoo.models import Kind

pytestmark = pytest.mark.django_db


@pytest.fixture
def schemata():
    return Schema.objects.mass_create("b", "a", "order")


def test_the_names_come_in_order(schemata):
    assert fleet.names_of_schemata(connection) == ["a", "b", "order"]


def test_inactive_schemata_belong_to_the_fleet(schemata):
    schemata[0].delete()

    assert fleet.names_of_schemata(connection) == ["a", "b", "order"]


def test_there_are_none_before_their_table():
    run("ALTER TABLE boardinghouse_schema RENAME TO away")

    assert fleet.names_of_schemata(connection) == []


def test_they_are_found_whatever_schema_is_active(schemata):
    run("CREATE TABLE a.boardinghouse_schema (schema text)")

    with override("a"):
        assert fleet.names_of_schemata(connection) == ["a", "b", "order"]


def test_a_row_whose_schema_is_gone_is_reported_and_left_out(schemata, caplog):
    run("DROP SCHEMA b CASCADE")

    assert fleet.names_of_schemata(connection) == ["a", "order"]
    assert "The row of schema 'b' has no schema in PostgreSQL." in caplog.text


def test_asking_takes_two_round_trips(schemata, django_assert_num_queries):
    with django_assert_num_queries(2):
        fleet.names_of_schemata(connection)


def test_statements_are_replayed_in_every_schema_but_not_in_the_template(schemata):
    fleet.replay(
        connection,
        fleet.names_of_schemata(connection),
        ["ALTER TABLE zoo_kind ADD COLUMN x int", 'ALTER TABLE zoo_kind RENAME COLUMN x TO "%s"'],
    )

    assert ["%s" in columns_of(name, "zoo_kind") for name in ("a", "b", "order")] == [True] * 3
    assert "%s" not in columns_of(TEMPLATE, "zoo_kind")
    assert get_active_schema_name() is None


def test_a_failure_names_schema_statement_and_cause(schemata):
    run("ALTER TABLE b.zoo_kind ADD COLUMN x int")
    statements = ["SELECT 1", "ALTER TABLE zoo_kind ADD COLUMN x int"]

    with pytest.raises(ReplayFailed) as caught:
        fleet.replay(connection, ["a", "b"], statements)

    assert (caught.value.schema, caught.value.statement) == ("b", statements[1])
    assert isinstance(caught.value.__cause__, DatabaseError)
    assert "already exists" in str(caught.value)


def test_a_schema_that_drifted_by_hand_is_named(schemata):
    run("ALTER TABLE b.zoo_kind DROP COLUMN latin")

    with pytest.raises(ReplayFailed, match="Schema 'b'"):
        fleet.replay(connection, ["a", "b"], ["ALTER TABLE zoo_kind ALTER latin TYPE text"])


def test_room_is_refused_by_what_is_held_and_what_is_needed(monkeypatch):
    monkeypatch.setattr(ddl, "lock_budget", lambda connection: 100)
    monkeypatch.setattr(ddl, "locks_held", lambda connection: 40)

    fleet.require_room(connection, 20, 3)
    with pytest.raises(LockBudgetExceeded, match=r"20 locks in each of 4 schemata, 80 in all"):
        fleet.require_room(connection, 20, 4)


def test_the_locks_that_a_transaction_holds_already_are_named(monkeypatch):
    monkeypatch.setattr(ddl, "lock_budget", lambda connection: 60)
    monkeypatch.setattr(ddl, "locks_held", lambda connection: 50)

    with pytest.raises(LockBudgetExceeded, match=r"5 locks in each of 3.*15 in all.*holds 50"):
        fleet.require_room(connection, 5, 3)


@pytest.mark.parametrize(("locks", "schemata"), [(0, 3), (5, 0)])
def test_what_takes_no_locks_has_room_beside_any(monkeypatch, locks, schemata):
    monkeypatch.setattr(ddl, "lock_budget", lambda connection: 60)
    monkeypatch.setattr(ddl, "locks_held", lambda connection: 100)

    fleet.require_room(connection, locks, schemata)


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_there_is_always_room():
    fleet.require_room(connection, 10**9, 10**9)


def test_the_fleet_is_disbanded_when_it_holds_nothing(schemata):
    fleet.disband(connection)

    assert not any(map(schema_exists, ("a", "b", "order")))


def test_schemata_with_rows_are_named_and_kept(schemata):
    for name in ("b", "order"):
        with override(name):
            Kind.objects.create(name="zebra")

    with pytest.raises(OccupiedSchemata, match=r"rows: b, order\."):
        fleet.disband(connection)

    assert all(map(schema_exists, ("a", "b", "order")))


def test_a_table_that_only_a_schema_has_counts_when_it_holds_rows(schemata):
    run(
        "CREATE TABLE a.own (n int)",
        "CREATE TABLE b.own (n json)",
        "INSERT INTO b.own VALUES ('1')",
    )

    with pytest.raises(OccupiedSchemata, match=r"rows: b\."):
        fleet.disband(connection)


def test_disbanding_more_than_the_budget_is_refused(schemata, monkeypatch):
    monkeypatch.setattr(ddl, "lock_budget", lambda connection: 60)

    with pytest.raises(LockBudgetExceeded, match="Dropping 3 schemata"):
        fleet.disband(connection)


# One transaction, or batches


def plan(locks_each=1, new_tables=(), names="abcdef", **manner):
    connection.manner = Manner(**{"parallel": 2, **manner})
    try:
        return fleet.batches_for(connection, list(names), locks_each, set(new_tables))
    finally:
        connection.manner = Manner()


def test_what_fits_goes_in_one_transaction(monkeypatch):
    monkeypatch.setattr(ddl, "lock_budget", lambda connection: 100)
    monkeypatch.setattr(ddl, "locks_held", lambda connection: 40)

    assert plan(10) is None
    assert plan(10, batch_size=6) is None


def test_what_does_not_fit_goes_in_batches_that_do_all_together(monkeypatch):
    monkeypatch.setattr(ddl, "lock_budget", lambda connection: 100)
    monkeypatch.setattr(ddl, "locks_held", lambda connection: 41)

    assert plan(10) == (5, 2)
    assert plan(10, parallel=1) == (10, 1)
    assert plan(1000) == (1, 2)
    assert plan(0, names="a" * 9, batch_size=3) == (3, 2)


def test_without_schemata_there_is_nothing_to_plan():
    assert plan(10**9, names="") is None


def test_what_others_want_to_use_is_kept_from_them_by_one_schema_at_a_time():
    run("LOCK TABLE auth_user IN SHARE ROW EXCLUSIVE MODE")

    assert plan() == (1, 1)
    assert plan(new_tables=["auth_user"]) is None


def test_reading_keeps_nobody_from_a_table():
    run(
        "SELECT * FROM auth_user FOR KEY SHARE", "LOCK TABLE boardinghouse_schema IN ROW SHARE MODE"
    )

    assert plan() is None


def test_a_busy_schema_is_waited_for_first_in_the_next_attempt(schemata, monkeypatch):
    orders = []

    def busy(connection, names, script):
        orders.append(list(names))
        error = DatabaseError()
        error.__cause__ = psycopg.errors.LockNotAvailable()
        failed = ReplayFailed("b", "SELECT 1", error)
        raise failed from error

    monkeypatch.setattr("boardinghouse.pipeline.run", busy)

    with pytest.raises(ReplayFailed):
        fleet.replay(connection, ["a", "b", "order"], ["SELECT 1"])

    assert orders == [["a", "b", "order"], *[["b", "a", "order"]] * (ATTEMPTS - 1)]


class TestWhatOthersDo:
    """While a transaction waits for an advisory lock, another one changes the catalog."""

    @pytest.fixture
    def other(self, transactional_db):
        other = connections["default"].copy()
        try:
            yield other
        finally:
            other.close()
            run("DROP TABLE IF EXISTS boardinghouse_journal, boardinghouse_pending")

    @pytest.mark.parametrize(
        "ask",
        [
            journal.is_there,
            lambda connection: ddl.table_exists(connection, "public", "boardinghouse_pending"),
            lambda connection: (
                connection.cursor()
                .execute("SELECT to_regclass('public.boardinghouse_pending')")
                .fetchone()[0]
            ),
        ],
    )
    def test_a_journal_that_they_begin_is_seen(self, other, ask):
        with transaction.atomic():  # so that PostgreSQL knows all that it needs for it
            ddl.share_template(connection)
        with transaction.atomic():
            run("SELECT FROM pg_class, pg_namespace LIMIT 1")
            assert not ask(connection)
            other.cursor().execute(ddl.read_sql("create_journal"))

            ddl.share_template(connection)

            assert ask(connection)

    def test_a_schema_that_they_create_belongs_to_the_fleet(self, other):
        with transaction.atomic():
            assert not ddl.schema_exists(connection, "a")
            assert fleet.names_of_schemata(connection) == []
            other.cursor().execute("CREATE SCHEMA a")
            other.cursor().execute(
                "INSERT INTO boardinghouse_schema (schema, name) VALUES ('a', 'a')"
            )

            assert ddl.schema_exists(connection, "a")
            assert fleet.names_of_schemata(connection) == ["a"]
