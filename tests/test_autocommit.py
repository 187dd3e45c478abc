"""Connections whose autocommit is off, and the end of a request in each state."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from boardinghouse.schema import activate_schema, deactivate_schema, override
from tests.conftest import break_transaction, connected_with, count_sets, owners
from tests.testapp.models import Region


@pytest.fixture(autouse=True)
def _nothing_left_active():
    yield
    deactivate_schema()


def test_autocommit_off(committed_schemata):
    with connected_with(AUTOCOMMIT=False):
        activate_schema("a")
        assert owners() == ["a"]
        transaction.rollback()
        assert owners() == ["a"]
        activate_schema("b")
        assert owners() == ["b"]
        transaction.commit()
        assert owners() == ["b"]
        deactivate_schema()
        transaction.rollback()


def test_going_back_to_public_leaves_no_transaction_open(committed_schemata):
    with connected_with(AUTOCOMMIT=False) as connection:
        with override("a"):
            owners()
        connection.commit()

        connection.reset_path()

        assert connection.connection.info.transaction_status.name == "IDLE"
        with CaptureQueriesContext(connection) as captured:
            Region.objects.count()
        assert count_sets(captured) == 0
        connection.rollback()


def test_going_back_to_public_leaves_an_open_transaction_alone(committed_schemata):
    with connected_with(AUTOCOMMIT=False) as connection, override("a"):
        owners()

        connection.reset_path()

        assert connection.connection.info.transaction_status.name == "INTRANS"
        connection.rollback()


def test_going_back_to_public_does_not_close_a_broken_transaction(schemata):
    activate_schema("a")
    owners()
    connection.set_rollback(True)

    connection.reset_path()

    connection.set_rollback(False)
    assert owners() == ["a"]
    deactivate_schema()


def test_going_back_to_public_does_not_close_an_aborted_transaction(schemata):
    activate_schema("a")
    sid = connection.savepoint()
    break_transaction()

    connection.reset_path()

    connection.savepoint_rollback(sid)
    assert owners() == ["a"]
