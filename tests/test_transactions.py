"""What rollbacks undo is applied again, and errors are never masked."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from boardinghouse.exceptions import NoActiveSchema
from boardinghouse.schema import activate_schema, deactivate_schema, override
from tests.conftest import break_transaction, count_sets, owners, rolled_back, run_sql
from tests.testapp.models import Account, Entry, Region

# A2


def test_an_activation_survives_its_transactions_rollback(level):
    with rolled_back():
        activate_schema("a")
        assert owners() == ["a"]

    assert owners() == ["a"]


def test_the_first_schema_is_not_back_after_a_rollback(level):
    activate_schema("a")
    owners()

    with rolled_back():
        activate_schema("b")
        owners()

    assert owners() == ["b"]


def test_nothing_is_active_after_a_rollback_if_nothing_is_wanted(level):
    activate_schema("a")
    owners()

    with rolled_back():
        deactivate_schema()
        Region.objects.count()

    with pytest.raises(NoActiveSchema):
        owners()
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('testapp_account')")
        assert cursor.fetchone() == (None,)


def test_an_override_left_by_the_rollback_is_left(level):
    activate_schema("a")
    owners()

    with rolled_back(), override("b"):
        owners()

    assert owners() == ["a"]


def test_set_rollback_is_noticed(level):
    activate_schema("a")

    with transaction.atomic():
        activate_schema("b")
        owners()
        transaction.set_rollback(True)

    assert owners() == ["b"]


# A3


def test_an_activation_survives_a_nested_rollback(level):
    activate_schema("a")

    with transaction.atomic():
        owners()
        with rolled_back():
            activate_schema("b")
            owners()

        assert owners() == ["b"]


def test_an_activation_survives_a_savepoint_rollback_by_hand(level):
    activate_schema("a")

    with transaction.atomic():
        sid = connection.savepoint()
        activate_schema("b")
        owners()
        connection.savepoint_rollback(sid)

        assert owners() == ["b"]
    assert owners() == ["b"]


def test_raw_savepoints_are_noticed(level):
    activate_schema("a")

    with transaction.atomic():
        run_sql("SAVEPOINT mine")
        activate_schema("b")
        owners()
        run_sql("ROLLBACK TO SAVEPOINT mine")

        assert owners() == ["b"]


def test_a_raw_rollback_is_noticed(committed_schemata):
    with override("a"):
        owners()
    with override("b"):
        run_sql("BEGIN")
        owners()
        run_sql("ROLLBACK")

        assert owners() == ["b"]


def test_writes_that_follow_a_nested_rollback_go_to_the_right_schema(level):
    activate_schema("a")

    with transaction.atomic():
        with rolled_back():
            activate_schema("b")
            owners()
        Account.objects.filter(pk=1).update(owner="changed")

    assert owners() == ["changed"]
    with override("a"):
        assert owners() == ["a"]


def test_a_commit_that_postgresql_makes_a_rollback_is_noticed(committed_schemata):
    with override("b"):
        owners()

    with override("a"):
        with transaction.atomic():
            owners()
            break_transaction()

        assert owners() == ["a"]


def test_a_commit_that_fails_is_noticed(committed_schemata):
    with override("b"):
        owners()

    with override("a"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Entry.objects.create(account_id=99)

        assert owners() == ["a"]


# Costs


def test_a_transaction_in_one_schema_sets_nothing(level):
    activate_schema("a")

    with CaptureQueriesContext(connection) as captured:
        with transaction.atomic():
            owners()
            with transaction.atomic():
                owners()
        owners()

    assert count_sets(captured) == 0


def test_the_set_before_a_savepoint_costs_one_statement(level):
    activate_schema("a")

    with CaptureQueriesContext(connection) as captured, override("b"), transaction.atomic():
        owners()

    assert count_sets(captured) == 1
