"""Django's connection pool: a connection never brings the schema that it was last used in."""

from itertools import permutations

import pytest
from django.db import InterfaceError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from boardinghouse.exceptions import NoActiveSchema
from boardinghouse.schema import override
from tests.conftest import connected_with, count_sets, owners
from tests.testapp.models import Region

ONE = {"pool": {"min_size": 1, "max_size": 1, "timeout": 10}}


@pytest.fixture(params=[True, ONE["pool"]], ids=["default", "of one"])
def pooled(request, committed_schemata):
    """A pool of many, and a pool of one."""
    with connected_with({"pool": request.param}, CONN_MAX_AGE=0) as wrapper:
        yield wrapper


@pytest.fixture
def pool_of_one(committed_schemata):
    """A pool that hands out the same connection every time."""
    with connected_with(ONE, CONN_MAX_AGE=0) as wrapper:
        yield wrapper


def table_is_visible():
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('testapp_account') IS NOT NULL")
        return cursor.fetchone()[0]


@pytest.mark.parametrize("order", [*permutations(["a", "b", None]), ("a", "a", "b", "b", None)])
def test_the_schema_of_the_last_user_is_never_inherited(pooled, order):
    for name in order:
        with override(name):
            if name is None:
                assert not table_is_visible()
            else:
                assert owners() == [name]
        pooled.close()


def test_a_connection_given_back_in_a_transaction_brings_nothing(pool_of_one):
    with override("a"):
        owners()
    with override("b"):
        pool_of_one.set_autocommit(False)
        owners()
        pool_of_one.close()

    assert not table_is_visible()
    with pytest.raises(NoActiveSchema):
        owners()


def test_a_connection_given_back_broken_brings_nothing(pool_of_one):
    with override("a"):
        owners()
        pool_of_one.set_autocommit(False)
        with pytest.raises(Exception, match="division by zero"), pool_of_one.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        pool_of_one.close()

    assert not table_is_visible()


def test_a_connection_that_raw_code_moved_brings_nothing(pool_of_one):
    pool_of_one.ensure_connection()
    pool_of_one.connection.execute("SET search_path TO b")
    pool_of_one.close()

    assert not table_is_visible()
    with override("a"):
        assert owners() == ["a"]


def test_a_cursor_of_a_connection_given_back_is_refused(pool_of_one):
    with override("a"):
        cursor = pool_of_one.cursor()
        cursor.execute("SELECT 1")
        pool_of_one.close()
        with pytest.raises(InterfaceError, match="Open another cursor"):
            cursor.execute("SELECT owner FROM testapp_account")

        owners()
        pool_of_one.close()
        with override("b"), pytest.raises(InterfaceError, match="Open another cursor"):
            cursor.execute("SELECT owner FROM testapp_account")


def test_a_rollback_in_a_pool_is_noticed(pool_of_one):
    with override("a"):
        owners()
        with transaction.atomic():
            with override("b"):
                owners()
            transaction.set_rollback(True)

        assert owners() == ["a"]


def test_a_connection_goes_back_on_public(pool_of_one, reported_path):
    with override("a"):
        owners()
    pool_of_one.close()

    with CaptureQueriesContext(pool_of_one) as captured:
        Region.objects.count()

    assert count_sets(captured) == 0


def test_two_connections_of_a_pool_keep_apart(committed_schemata):
    with connected_with({"pool": True}, CONN_MAX_AGE=0) as first, override("a"):
        owners()
        second = first.copy()
        connections["default"] = second
        with override("b"):
            assert owners() == ["b"]
        second.close()
        connections["default"] = first

        assert owners() == ["a"]
