"""Connections that break, grow old or are many."""

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from boardinghouse.exceptions import NoActiveSchema, SchemaNotFound
from boardinghouse.models import Schema
from boardinghouse.schema import activate_schema, override
from tests.conftest import connected_with, count_sets, fill, make_user, owners, run_sql
from tests.testapp.models import Account, Region

# A6


def terminate(victim):
    """End a connection's server process from another connection, and wait until it is gone."""
    other = victim.copy()
    try:
        with other.cursor() as cursor:
            pid = victim.connection.info.backend_pid
            cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
            assert cursor.fetchone() == (True,)
    finally:
        other.close()


def test_the_schema_is_applied_to_a_new_connection(committed_schemata):
    with override("a"):
        owners()
        connection.close()

        assert owners() == ["a"]


def test_a_new_connection_has_nothing_of_the_old_one(committed_schemata):
    with override("a"):
        owners()
    connection.close()

    with pytest.raises(NoActiveSchema):
        owners()
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('testapp_account')")
        assert cursor.fetchone() == (None,)


def test_a_new_connection_costs_one_set(committed_schemata):
    with override("a"):
        owners()
        connection.close()
        with CaptureQueriesContext(connection) as captured:
            owners()
            owners()

    assert count_sets(captured) == 1


def test_a_terminated_connection_is_an_error(committed_schemata):
    with connected_with() as victim, override("a"):
        owners()
        terminate(victim)

        with pytest.raises(OperationalError):
            owners()
        with override("b"), pytest.raises(OperationalError):
            owners()


def test_a_terminated_connection_is_replaced(committed_schemata):
    with connected_with() as victim, override("a"):
        owners()
        terminate(victim)
        with pytest.raises(OperationalError):
            owners()
        victim.close_if_unusable_or_obsolete()

        assert owners() == ["a"]


def test_a_connection_terminated_between_requests_is_replaced(committed_schemata):
    with connected_with(CONN_HEALTH_CHECKS=True) as victim, override("a"):
        owners()
        terminate(victim)
        victim.close_if_unusable_or_obsolete()

        assert owners() == ["a"]


def test_an_aged_connection_is_replaced(committed_schemata):
    with connected_with() as old, override("a"):
        owners()
        old.close_at = 0
        old.close_if_unusable_or_obsolete()
        assert old.connection is None

        assert owners() == ["a"]


def test_a_connection_that_cannot_go_back_to_public_is_closed(committed_schemata):
    with connected_with() as victim:
        with override("a"):
            owners()
        terminate(victim)

        victim.reset_path()

        assert victim.connection is None
        with override("b"):
            assert owners() == ["b"]


def test_going_back_to_public_costs_one_statement(committed_schemata):
    with override("a"):
        owners()

    with CaptureQueriesContext(connection) as captured:
        connection.reset_path()
        connection.reset_path()
        Region.objects.count()

    assert count_sets(captured) == 1
    assert len(captured) == 2


def test_a_schema_dropped_while_active_is_an_error(committed_schemata):
    with override("a"):
        owners()
        with override(None):
            run_sql("DROP SCHEMA a CASCADE")

        with pytest.raises(SchemaNotFound):
            owners()


# ATOMIC_REQUESTS


def test_a_view_in_a_transaction_of_its_own_is_rolled_back_in_its_schema(
    client, monkeypatch, committed_schemata
):
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)
    client.force_login(make_user("u", committed_schemata[0]))
    client.raise_request_exception = False

    assert client.get("/write-and-fail/").status_code == 500
    assert client.get("/owners/").content == b"a"
    assert client.get("/write/").status_code == 200

    with override("a"):
        assert owners() == ["a", "written in a"]
    with override("b"):
        assert owners() == ["b"]


# A8


@pytest.fixture
def two_databases(transactional_db):
    """Both databases have a; only the second has c, and only the first b."""
    Schema.objects.mass_create("a", "b")
    Schema.objects.using("other").mass_create("a", "c")
    for name in ("a", "b"):
        fill(name)
    for name in ("a", "c"):
        with override(name):
            Account.objects.using("other").create(pk=1, owner=f"{name} of other")


def owners_in_other():
    return list(Account.objects.using("other").values_list("owner", flat=True))


both = pytest.mark.django_db(databases=["default", "other"], transaction=True)


@both
def test_each_database_shows_the_wanted_schema(two_databases):
    with override("a"):
        assert owners() == ["a"]
        assert owners_in_other() == ["a of other"]


@both
def test_a_database_without_the_wanted_schema_refuses(two_databases):
    with override("a"):
        owners_in_other()
    with override("b"):
        assert owners() == ["b"]
        with pytest.raises(SchemaNotFound):
            owners_in_other()
    with override("c"):
        assert owners_in_other() == ["c of other"]
        with pytest.raises(SchemaNotFound):
            owners()


@both
def test_each_database_is_asked_only_when_it_is_used(two_databases):
    with CaptureQueriesContext(connections["other"]) as captured, override("a"):
        owners()

    assert len(captured) == 0


@both
def test_activation_proves_the_schema_where_it_is_told_to(two_databases):
    with override(None):
        activate_schema("c", using="other")
        assert owners_in_other() == ["c of other"]
        with pytest.raises(SchemaNotFound):
            activate_schema("c")


@both
def test_a_rollback_in_one_database_is_no_matter_to_the_other(two_databases):
    with override("a"):
        with transaction.atomic(using="other"):
            owners_in_other()
            transaction.set_rollback(True, using="other")

        with CaptureQueriesContext(connection) as captured:
            assert owners() == ["a"]
        assert owners_in_other() == ["a of other"]
    assert count_sets(captured) == 1


@both
def test_queries_without_a_schema_are_refused_in_each_database(two_databases):
    with pytest.raises(NoActiveSchema):
        owners_in_other()
