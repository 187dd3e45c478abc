"""A thousand schemata fit the lock table of a default server, with four others at it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.db.models import Count, Max, Window
from django.db.models.functions import RowNumber

from boardinghouse import ddl
from boardinghouse.exceptions import LockBudgetExceeded
from boardinghouse.multi.locks import FEW, SHARES, measure_room
from tests.many import many
from tests.testapp.models import Account, Project, Region

THOUSAND = [f"s{number:04d}" for number in range(1000)]

ROWS = {
    Account: "(id, owner) VALUES (1, %1$L)",
    Project.teams.through: "(id, project_id, team_id) VALUES (1, 1, 1)",
    Project.accounts.through: "(id, project_id, account_id) VALUES (1, 1, 1)",
}
READERS = (*ROWS, *ROWS)[:SHARES]
TABLE = """
    CREATE TABLE %1$I.{table} (LIKE __template__.{table} INCLUDING INDEXES);
    INSERT INTO %1$I.{table} {row};"""
TABLES = "".join(TABLE.format(table=m._meta.db_table, row=row) for m, row in ROWS.items())
CREATE = f"""
    DO $$ DECLARE name text; BEGIN
        FOREACH name IN ARRAY {{names}} LOOP
            EXECUTE format('CREATE SCHEMA %1$I; {TABLES}', name);
        END LOOP;
    END $$"""
DROP = "DROP SCHEMA IF EXISTS {names} CASCADE"


def in_batches(statement, names_of):
    with connection.cursor() as cursor:
        for start in range(0, len(THOUSAND), 100):
            cursor.execute(statement.format(names=names_of(THOUSAND[start : start + 100])))


@pytest.fixture(scope="module")
def _thousand_made(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        in_batches(CREATE, lambda names: f"ARRAY{names}")
        yield
        in_batches(DROP, ", ".join)


@pytest.fixture
def thousand(_thousand_made, transactional_db):
    """A thousand tiny schemata, each with one account; their primary keys are equal."""
    return many(Account).from_schemata(*THOUSAND)


def fitting():
    return measure_room(connection, Account._meta.db_table).schemata


def statements_needed():
    return -(-len(THOUSAND) // fitting())


def locks_held():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'"
            " AND relation::regclass::text NOT LIKE 'pg\\_%'"
        )
        return cursor.fetchone()[0]


# The budget


def test_a_table_and_its_indexes_are_what_is_locked(thousand):
    with transaction.atomic():
        list(many(Account).from_schemata(*THOUSAND[:100]))

        assert locks_held() == 100 * measure_room(connection, Account._meta.db_table).locks_each


def test_five_statements_fit_the_budget_at_once(thousand):
    with transaction.atomic():
        list(many(Account).from_schemata(*THOUSAND[: fitting()]))

        assert locks_held() * SHARES <= ddl.lock_budget(connection)


def test_a_few_schemata_ask_no_question(thousand, django_assert_num_queries):
    with django_assert_num_queries(1):
        list(many(Account).from_schemata(*THOUSAND[:FEW]))


def test_more_ask_two_questions(thousand, django_assert_num_queries):
    with django_assert_num_queries(3):
        list(many(Account).from_schemata(*THOUSAND[: FEW + 1]))


# Splitting


def test_rows_of_all_are_read_in_several_statements(thousand, django_assert_num_queries):
    assert statements_needed() > 1

    with django_assert_num_queries(2 + statements_needed()):
        rows = {(each.pk, each.owner, each.schema) for each in thousand}

    assert rows == {(1, name, name) for name in THOUSAND}


def test_all_are_counted(thousand, django_assert_num_queries):
    with django_assert_num_queries(2 + statements_needed()):
        assert thousand.order_by("owner").count() == 1000


def test_a_slice_is_counted(thousand):
    assert thousand[:700].count() == 700


def test_existence_is_asked_until_something_exists(thousand, django_assert_num_queries):
    with django_assert_num_queries(2 + 1):
        assert thousand.exists()


def test_all_are_asked_before_nothing_exists(thousand):
    assert not thousand.filter(owner="nobody").exists()
    assert thousand.filter(owner=THOUSAND[-1]).exists()


def test_one_row_is_found_among_all(thousand):
    assert thousand.get(owner="s0999").schema == "s0999"


def test_values_of_all_are_read(thousand):
    assert sorted(thousand.values_list("schema", "owner")) == [(n, n) for n in THOUSAND]


def test_an_iterator_reads_all(thousand):
    assert [each.owner for each in thousand.order_by("schema").iterator(chunk_size=7)] == THOUSAND


def test_order_by_the_schema_holds_over_the_parts(thousand):
    assert [each.owner for each in thousand.order_by("schema", "pk")] == THOUSAND


def test_descending_order_by_the_schema_holds_over_the_parts(thousand):
    assert [each.owner for each in thousand.order_by("-schema")] == THOUSAND[::-1]
    assert [each.owner for each in thousand.order_by("schema").reverse()] == THOUSAND[::-1]


def test_a_slice_runs_no_more_statements_than_it_needs(thousand, django_assert_num_queries):
    with django_assert_num_queries(2 + 1):
        assert [each.owner for each in thousand.order_by("schema")[:3]] == THOUSAND[:3]


def test_a_slice_takes_rows_of_several_parts(thousand):
    wanted = fitting() + 3

    found = [each.owner for each in thousand.order_by("schema")[:wanted]]

    assert found == THOUSAND[:wanted]


def test_groups_by_schema_are_of_one_part_each(thousand):
    counts = thousand.values("schema").annotate(n=Count("pk")).order_by("schema")

    assert list(counts) == [{"schema": name, "n": 1} for name in THOUSAND]
    assert counts.count() == 1000


def test_distinct_rows_with_their_schema_are_of_one_part_each(thousand):
    assert len(thousand.distinct()) == 1000
    assert thousand.distinct().count() == 1000


def test_a_filter_that_nothing_can_pass_runs_no_statement(thousand, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert list(thousand.filter(pk__in=[])) == []


@pytest.mark.parametrize(
    ("ask", "advice"),
    [
        (lambda rows: list(rows.order_by("owner")), "Order by the schema first"),
        (lambda rows: list(rows[5:10]), "slice from 0"),
        (lambda rows: rows[5:10].count(), "slice from 0"),
        (lambda rows: list(rows.values("owner").distinct()), "Select the schema too"),
        (lambda rows: list(rows.distinct("owner")), "Select the schema too"),
        (lambda rows: list(rows.values("pk").annotate(n=Count("owner"))), "Group by the schema"),
        (lambda rows: list(rows.annotate(n=Window(RowNumber()))), "window function"),
        (lambda rows: rows.aggregate(Max("owner")), "gives one result"),
        (
            lambda rows: list(Region.objects.filter(pk__in=rows.values("region"))),
            "another statement",
        ),
    ],
)
def test_what_cannot_be_split_is_refused_with_advice(thousand, ask, advice):
    with pytest.raises(LockBudgetExceeded, match=advice) as refusal:
        ask(thousand)

    assert "max_locks_per_transaction" in str(refusal.value)
    assert "testapp.Account" in str(refusal.value)


def test_in_a_transaction_nothing_is_split(thousand):
    with transaction.atomic(), pytest.raises(LockBudgetExceeded, match="Outside atomic"):
        list(thousand)


def test_with_autocommit_off_nothing_is_split(thousand):
    transaction.set_autocommit(False)
    try:
        with pytest.raises(LockBudgetExceeded, match="Outside atomic"):
            thousand.count()
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)


def test_a_transaction_begun_between_two_parts_does_not_keep_their_locks(thousand):
    rows = thousand.iterator()
    next(rows)

    with transaction.atomic(), pytest.raises(LockBudgetExceeded, match="outside atomic"):
        list(rows)


# Many at once: several tables, since a lock that all hold is one entry in the lock table


@contextmanager
def own_connection():
    try:
        yield
    finally:
        connection.close()


def at_once(function):
    """Call a function for five readers, in threads with connections of their own."""
    with ThreadPoolExecutor(SHARES) as pool:
        return list(pool.map(own_connection()(function), READERS))


def test_five_read_a_thousand_schemata_at_once(thousand):
    together = Barrier(SHARES, timeout=60)

    def read(model):
        rows = many(model).from_schemata(*THOUSAND)
        connection.ensure_connection()
        together.wait()
        return [len(set(rows.values_list("schema"))) for _ in range(3)]

    assert at_once(read) == [[1000] * 3] * SHARES


def test_five_transactions_hold_their_statements_locks_at_once(thousand):
    together = Barrier(SHARES, timeout=60)

    def read(model):
        room = measure_room(connection, model._meta.db_table).schemata
        with transaction.atomic():
            found = many(model).from_schemata(*THOUSAND[:room]).values_list("schema", flat=True)
            is_all = sorted(found) == THOUSAND[:room]
            together.wait()
        return is_all

    assert at_once(read) == [True] * SHARES
