"""Statements that stay prepared, while schemata differ because a fleet is half migrated."""

import pytest
from django.core.management import call_command
from django.db import NotSupportedError, connection, transaction

from boardinghouse.models import Schema
from boardinghouse.schema import override
from tests.conftest import connected_with, owners, run_sql, schemata_in_postgresql
from tests.testapp.models import Account

PREPARED = {"server_side_binding": True, "prepare_threshold": 0}


@pytest.fixture
def half_migrated(committed_schemata):
    """Schema b has a column that a has not, and one of another type."""
    with override("b"):
        run_sql("ALTER TABLE testapp_account ADD COLUMN motto text DEFAULT 'b only'")
        run_sql("ALTER TABLE testapp_entry ALTER COLUMN amount TYPE bigint")


@pytest.fixture(params=[True, False], ids=["server", "client"])
def preparing(request, half_migrated):
    """A connection that prepares each statement at once, in both ways of binding."""
    options = {**PREPARED, "server_side_binding": request.param}
    with connected_with(options) as wrapper:
        yield wrapper


def fetch(sql, params=None):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def fetch_stubbornly(name, sql, attempts=2):
    """Return what a schema answers and how many errors came before."""
    for errors in range(attempts):
        try:
            with override(name):
                return fetch(sql), errors
        except NotSupportedError:
            pass
    pytest.fail(f"{attempts} errors in a row")


def test_equal_statements_show_each_schemas_rows(preparing):
    for name in "abab":
        with override(name):
            assert Account.objects.filter(pk=1).values_list("owner").get() == (name,)


def test_statements_are_prepared_at_all(half_migrated):
    with connected_with(PREPARED):
        fetch("SELECT 1")

        assert fetch("SELECT count(*) > 0 FROM pg_prepared_statements") == [(True,)]


def test_schemata_are_created_copied_dumped_and_dropped(committed_schemata, tmp_path):
    with connected_with(PREPARED):
        Schema.objects.create(schema="c", name="c")
        Schema.objects.clone("a", "d")
        call_command("dump_schema", "a", str(tmp_path / "a"), verbosity=0)
        Schema.objects.get(pk="c").delete(drop=True)

        with override("d"):
            assert owners() == ["a"]
        assert schemata_in_postgresql() == {"a", "b", "d"}


def test_schemata_that_differ_give_right_rows_or_one_error(preparing):
    for name in "abbaabab":
        rows, errors = fetch_stubbornly(name, "SELECT * FROM testapp_account")

        assert errors <= 1
        assert rows[0][1] == name
        assert len(rows[0]) == (4 if name == "a" else 5)


def test_a_column_of_another_type_gives_right_rows_or_one_error(preparing):
    for name in "abab":
        rows, errors = fetch_stubbornly(name, "SELECT amount FROM testapp_entry")

        assert errors <= 1
        assert rows == [(ord(name),)]


def test_the_error_is_raised_at_all(half_migrated):
    with connected_with(PREPARED):
        fetch_stubbornly("a", "SELECT * FROM testapp_account")
        with override("b"), pytest.raises(NotSupportedError, match="cached plan"):
            fetch("SELECT * FROM testapp_account")


def attempt(name):
    """Return the row of a schema, asked for in a transaction or savepoint, or say "error"."""
    try:
        with transaction.atomic(), override(name):
            return fetch("SELECT * FROM testapp_account")[0][1]
    except NotSupportedError:
        return "error"


def test_a_transaction_gets_one_error_too(preparing):
    answers = [(name, attempt(name), attempt(name)) for name in "abab"]

    assert all(first in (name, "error") and second == name for name, first, second in answers)


def test_a_savepoint_gets_one_error_too(preparing):
    with transaction.atomic():
        answers = [(name, attempt(name), attempt(name)) for name in "abab"]

    assert all(first in (name, "error") and second == name for name, first, second in answers)


def test_no_statement_is_deallocated_where_none_is_prepared(half_migrated, tmp_path):
    with connected_with() as wrapper:
        wrapper.ensure_connection()
        with (tmp_path / "trace").open("w") as file:
            wrapper.connection.pgconn.trace(file.fileno())
            with pytest.raises(NotSupportedError):
                fetch("SELECT count(*) FROM pg_class FOR UPDATE")
            wrapper.connection.pgconn.untrace()

    assert "DEALLOCATE" not in (tmp_path / "trace").read_text()
