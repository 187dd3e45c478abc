"""A connection that has seen its fill of schemata is closed, between requests only."""

import gc

import pytest
from django.db import close_old_connections, connection, transaction
from django.test import Client

from boardinghouse.backends.postgres import memory
from boardinghouse.schema import override
from tests.browsers import enter
from tests.conftest import NAMES, connected_with, make_user, owners
from tests.test_pool import ONE


@pytest.fixture
def limit(settings):
    settings.BOARDINGHOUSE_MAX_SCHEMATA_PER_CONNECTION = 2


def see(*names):
    for name in names:
        with override(name):
            assert owners() == [name]


def server_process():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
class TestBetweenRequests:
    @pytest.fixture
    def kept(self, committed_schemata):
        """A connection that Django would keep."""
        with connected_with(CONN_MAX_AGE=None) as wrapper:
            yield wrapper

    def test_one_that_has_seen_its_fill_is_closed(self, kept, limit):
        before = server_process()
        see("a", "b")
        close_old_connections()

        assert kept.connection is None
        see("a", "b")
        assert server_process() != before

    def test_one_that_has_not_is_kept(self, kept, limit):
        before = server_process()
        see("a", "a", "a")
        close_old_connections()

        assert server_process() == before

    def test_public_and_the_same_schema_again_do_not_count(self, kept, limit):
        for _ in range(3):
            server_process()
            see("b")

        assert memory.count_schemata(kept.connection) == 1

    def test_zero_is_no_limit(self, kept, settings):
        settings.BOARDINGHOUSE_MAX_SCHEMATA_PER_CONNECTION = 0
        before = server_process()
        see(*NAMES)
        close_old_connections()

        assert server_process() == before

    def test_the_default_is_two_hundred(self, kept):
        kept.ensure_connection()
        for number in range(199):
            memory.note_schema(kept.connection, f"s{number}")
        assert not memory.has_seen_enough(kept.connection)

        memory.note_schema(kept.connection, "one more")

        assert memory.has_seen_enough(kept.connection)

    def test_requests_count_and_the_end_of_one_closes(self, kept, limit):
        make_user("ann", *NAMES)
        client = Client()
        client.force_login(make_user("ben", *NAMES))
        enter(client, "a")
        assert client.get("/accounts/").status_code == 200
        first = kept.connection
        enter(client, "b")
        assert client.get("/accounts/").status_code == 200

        assert first is not None
        assert first.closed
        enter(client, "a")
        assert client.get("/accounts/").status_code == 200

    def test_never_inside_a_transaction(self, kept, limit):
        with transaction.atomic():
            before = server_process()
            see("a", "b")
            kept.close_if_worn()
            kept.reset_path()

            assert server_process() == before

    def test_never_while_autocommit_is_off_and_work_is_done(self, kept, limit):
        kept.set_autocommit(False)
        before = server_process()
        see("a", "b")
        kept.reset_path()

        assert server_process() == before
        transaction.rollback()
        kept.set_autocommit(True)

    def test_what_was_seen_is_forgotten_with_the_connection(self, kept, limit):
        see("a", "b")
        known = len(memory._seen)
        kept.close()
        gc.collect()

        assert len(memory._seen) < known


@pytest.mark.django_db(transaction=True)
class TestPool:
    @pytest.fixture
    def pool_of_one(self, committed_schemata):
        with connected_with(ONE, CONN_MAX_AGE=0) as wrapper:
            yield wrapper

    def test_the_pool_throws_a_worn_connection_away(self, pool_of_one, limit):
        before = server_process()
        see("a")
        pool_of_one.close()
        assert server_process() == before
        see("b")
        pool_of_one.close()

        assert server_process() != before
        see("a", "b")

    def test_one_in_use_is_left_alone(self, pool_of_one, limit):
        before = server_process()
        see("a", "b")
        with override("a"):
            owners()

        assert server_process() == before


@pytest.mark.django_db
def test_never_inside_the_transaction_of_a_test(schemata, limit):
    before = server_process()
    see("a", "b")
    connection.close_if_worn()
    connection.reset_path()

    assert server_process() == before
