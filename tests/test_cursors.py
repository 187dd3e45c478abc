"""A statement runs in the schema that is wanted when it runs, whatever cursor runs it."""

import pytest
from django.db import ProgrammingError, connection, transaction
from django.db.backends.utils import CursorDebugWrapper as DjangosDebugWrapper
from django.test.utils import CaptureQueriesContext

from boardinghouse.exceptions import SchemaNotFound
from boardinghouse.schema import override
from tests.conftest import count_sets, owners, run_sql
from tests.testapp.models import Account

SELECT = "SELECT owner FROM testapp_account"
WHOSE = """
CREATE FUNCTION public.whose() RETURNS SETOF text LANGUAGE plpgsql AS
$$ BEGIN RETURN QUERY EXECUTE 'SELECT owner::text FROM testapp_account'; END $$
"""


@pytest.fixture(params=[False, True], ids=["plain", "debug"])
def cursor(request, schemata):
    """A cursor that was opened, and used, under a."""
    connection.force_debug_cursor = request.param
    with override("a"):
        cursor = connection.cursor()
        cursor.execute(SELECT)
    assert isinstance(cursor, DjangosDebugWrapper) == request.param
    yield cursor
    cursor.close()
    connection.force_debug_cursor = False


# A9


def test_execute(cursor):
    with override("b"):
        cursor.execute(SELECT)

    assert cursor.fetchall() == [("b",)]


def test_executemany(cursor):
    with override("b"):
        cursor.executemany("UPDATE testapp_account SET owner = %s", [["x"], ["y"]])

        assert owners() == ["y"]
    with override("a"):
        assert owners() == ["a"]


def test_callproc(cursor):
    cursor.execute(WHOSE)

    with override("b"):
        cursor.callproc("whose")

    assert cursor.fetchall() == [("b",)]


def test_copy_out(cursor):
    with override("b"), cursor.copy("COPY testapp_account (owner) TO STDOUT") as copy:
        rows = list(copy.rows())

    assert rows == [("b",)]


def test_copy_in(cursor):
    with override("b"), cursor.copy("COPY testapp_account (id, owner) FROM STDIN") as copy:
        copy.write_row((2, "copied"))

    with override("b"):
        assert owners() == ["b", "copied"]
    with override("a"):
        assert owners() == ["a"]


def test_stream(cursor):
    with override("b"):
        assert list(cursor.stream(SELECT)) == [("b",)]


def test_a_stream_is_in_the_schema_that_is_wanted_when_it_begins(cursor):
    with override("a"):
        rows = cursor.stream(SELECT)
    with override("b"):
        assert list(rows) == [("b",)]


@pytest.mark.parametrize("method", ["execute", "stream", "copy", "callproc", "executemany"])
def test_nothing_runs_in_a_missing_schema(cursor, method):
    arguments = {
        "copy": ["COPY testapp_account TO STDOUT"],
        "callproc": ["whose"],
        "executemany": ["UPDATE testapp_account SET owner = %s", [["x"]]],
    }.get(method, [SELECT])
    with override("missing"), pytest.raises(SchemaNotFound):
        consume(getattr(cursor, method)(*arguments))

    with override("a"):
        assert owners() == ["a"]


@pytest.mark.parametrize("method", ["execute", "stream", "copy", "executemany"])
def test_no_table_is_found_with_nothing_active(cursor, method):
    arguments = {
        "copy": ["COPY testapp_account TO STDOUT"],
        "executemany": ["UPDATE testapp_account SET owner = %s", [["x"]]],
    }.get(method, [SELECT])

    with pytest.raises(ProgrammingError, match="does not exist"), transaction.atomic():
        consume(getattr(cursor, method)(*arguments))


def consume(result):
    """Run what a cursor's method returned: nothing, a generator or a context manager."""
    if hasattr(result, "__enter__"):
        with result:
            pass
    elif result is not None:
        list(result)


# Server-side cursors


def fill_further():
    Account.objects.bulk_create(Account(pk=pk, owner="a") for pk in range(2, 11))


def test_an_open_iterator_keeps_its_own_rows(schemata):
    with override("a"):
        fill_further()
        rows = Account.objects.values_list("owner", flat=True).iterator(chunk_size=2)
        first = next(rows)

    with override("b"):
        assert {first, *rows} == {"a"}
        assert owners() == ["b"]


def test_an_iterator_begins_in_the_schema_wanted_then(schemata):
    with override("a"):
        rows = Account.objects.values_list("owner", flat=True).iterator()
    with override("b"):
        assert list(rows) == ["b"]


def test_an_open_named_cursor_keeps_its_own_rows(schemata):
    with override("a"):
        fill_further()
        cursor = connection.chunked_cursor()
        cursor.execute(SELECT)
        rows = cursor.fetchmany(2)
    with override("b"):
        assert owners() == ["b"]
        rows += cursor.fetchall()
    cursor.close()

    assert rows == [("a",)] * 10


def test_a_holdable_iterator_outlives_its_transaction(committed_schemata):
    with override("a"):
        fill_further()
        rows = Account.objects.values_list("owner", flat=True).iterator(chunk_size=2)
        next(rows)

    with override("b"), transaction.atomic():
        assert set(rows) == {"a"}


# Pipelines


def test_switches_within_a_pipeline_are_not_mistaken(schemata):
    with connection.connection.pipeline():
        with override("a"):
            assert owners() == ["a"]
        with override("b"):
            assert owners() == ["b"]
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('testapp_account')")
            assert cursor.fetchone() == (None,)


# Logging


@pytest.mark.parametrize("method", ["execute", "stream", "copy", "callproc", "executemany"])
def test_each_statement_is_logged_once_and_after_its_set(schemata, method):
    run_sql(WHOSE)
    arguments = {
        "copy": ["COPY testapp_account TO STDOUT"],
        "callproc": ["whose"],
        "executemany": ["UPDATE testapp_account SET owner = %s", [["x"]]],
    }.get(method, [SELECT])

    with (
        CaptureQueriesContext(connection) as captured,
        connection.cursor() as cursor,
        override("b"),
    ):
        consume(getattr(cursor, method)(*arguments))

    # Django itself logs no callproc.
    assert count_sets(captured.captured_queries[:1]) == 1
    assert len(captured) == (1 if method == "callproc" else 2)


def test_a_set_is_seen_by_execute_wrappers(schemata):
    seen = []

    def look(execute, sql, *args):
        seen.append(sql)
        return execute(sql, *args)

    with connection.execute_wrapper(look), override("a"):
        owners()

    assert [("set_config" in sql) for sql in seen] == [True, False]
