"""Creating and dropping whole schemata, and the locks that it takes."""

import threading
from contextlib import closing, nullcontext

import pytest
from django.db import OperationalError, connection, transaction

from boardinghouse import clone, ddl
from boardinghouse.exceptions import LockBudgetExceeded, SchemaExists
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from tests.catalog import catalog, difference, run, schema_exists, tables_in

pytestmark = pytest.mark.django_db


def test_a_schema_that_exists_is_not_made_again():
    run("CREATE SCHEMA a")

    with pytest.raises(SchemaExists, match=r"Schema 'a' exists already\."):
        Schema.objects.mass_create("a")

    assert not Schema.objects.exists()
    assert tables_in("a") == set()


def test_a_clone_that_fails_leaves_nothing():
    with pytest.raises(Exception, match="nonsense"):
        ddl.create(connection, "a", ["CREATE TABLE x (id int)", "nonsense"])

    assert not schema_exists("a")


def test_a_clone_that_overflows_the_lock_table_says_what_to_do():
    overflow = "DO $$ BEGIN RAISE 'out of shared memory' USING ERRCODE = '53200'; END $$"

    with pytest.raises(LockBudgetExceeded, match=r"'a' was not created.*max_locks_per_trans"):
        ddl.create(connection, "a", ["CREATE TABLE x ()", overflow])

    assert not schema_exists("a")


def test_dropping_takes_all_and_only_that_schema():
    Schema.objects.mass_create("a", "b")

    ddl.drop(connection, "a")

    assert not schema_exists("a")
    assert tables_in("b") == tables_in(TEMPLATE)


def test_the_estimate_of_locks_is_not_below_what_a_clone_takes():
    statements = clone.compile_template(connection)
    ddl.create(connection, "a", statements)
    before = ddl.locks_held(connection)

    ddl.create(connection, "b", statements)

    taken = ddl.locks_held(connection) - before
    assert taken <= ddl.lock_budget(connection) / ddl.schemata_per_transaction(connection)


@pytest.mark.parametrize("statement", ["", f'CREATE SCHEMA "{TEMPLATE}"'], ids=["none", "empty"])
def test_while_the_template_has_nothing_empty_schemata_are_created(statement):
    ddl.drop(connection, TEMPLATE)
    run(*filter(None, [statement]))

    Schema.objects.mass_create("a", "b")

    assert catalog("a") == catalog("b")
    assert ddl.tables_in(connection, "a", "b") == (set(), set())


@pytest.mark.django_db(transaction=True)
def test_of_two_who_create_one_schema_at_once_one_wins_and_the_other_is_told():
    start, results = threading.Barrier(2), []

    def create():
        try:
            start.wait()
            results.append(Schema(schema="a", name="a").save())
        except SchemaExists as error:
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=create) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sorted(map(type, results), key=str) == [type(None), SchemaExists]
    assert Schema.objects.count() == 1
    assert difference(catalog(TEMPLATE), catalog("a")) == []


# The template's lock


@pytest.mark.parametrize("take", [ddl.share_template, ddl.claim_template])
def test_an_ordinary_role_may_take_it(take):
    run("SET LOCAL ROLE pg_monitor")

    take(connection)  # and no error: not every table may be read by everybody


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("first", "second", "waits"),
    [
        (ddl.share_template, ddl.share_template, False),
        (ddl.share_template, ddl.claim_template, True),
        (ddl.claim_template, ddl.share_template, True),
        (ddl.claim_template, ddl.claim_template, True),
    ],
)
def test_the_template_is_copied_by_many_or_changed_by_one(first, second, waits):
    outcome = pytest.raises(OperationalError, match="lock timeout") if waits else nullcontext()
    other = connection.copy()
    with closing(other), transaction.atomic(), other.cursor() as cursor:
        first(connection)
        cursor.execute("SET lock_timeout = '20ms'")

        with outcome:
            second(other)

    second(connection)
