"""A4: an error is not masked, and what could not be applied is applied afterwards."""

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from boardinghouse.exceptions import SchemaNotFound
from boardinghouse.schema import activate_schema, override
from tests.conftest import Boom, break_transaction, owners
from tests.testapp.models import Account


def test_leaving_a_block_with_an_error_does_not_mask_it(level):
    activate_schema("a")

    with transaction.atomic():
        with pytest.raises(IntegrityError), transaction.atomic(), override("b"):
            Account.objects.create(pk=1, owner="again")

        assert owners() == ["a"]


def test_an_activation_in_an_aborted_transaction_is_applied_afterwards(level):
    activate_schema("a")
    owners()

    with transaction.atomic():
        sid = connection.savepoint()
        break_transaction()
        activate_schema("b")
        connection.savepoint_rollback(sid)

        assert owners() == ["b"]
    assert owners() == ["b"]


def test_nothing_is_sent_while_a_transaction_is_aborted(level):
    activate_schema("a")

    with transaction.atomic():
        sid = connection.savepoint()
        break_transaction()
        with CaptureQueriesContext(connection) as captured:
            activate_schema("b")
        connection.savepoint_rollback(sid)

    assert len(captured) == 0


def test_a_statement_in_an_aborted_transaction_gets_postgresqls_own_error(level):
    activate_schema("a")

    with transaction.atomic():
        sid = connection.savepoint()
        break_transaction()
        with override("b"), pytest.raises(InternalError, match="current transaction is aborted"):
            owners()
        connection.savepoint_rollback(sid)

        assert owners() == ["a"]


def test_a_missing_schema_does_not_prevent_a_savepoint_rollback(level):
    activate_schema("a")

    with transaction.atomic():
        sid = connection.savepoint()
        with override("missing"):
            with pytest.raises(SchemaNotFound):
                owners()
            connection.savepoint_rollback(sid)
        with override("missing"):
            connection.savepoint_commit(connection.savepoint())

        assert owners() == ["a"]


def test_a_broken_block_keeps_djangos_error(level):
    activate_schema("a")

    with transaction.atomic():
        with pytest.raises(Boom), transaction.atomic(savepoint=False):
            raise Boom
        with override("b"), pytest.raises(TransactionManagementError):
            owners()
        transaction.set_rollback(False)

        assert owners() == ["a"]
