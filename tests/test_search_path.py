"""What user code does to the search path by itself is noticed, where PostgreSQL reports it."""

import os

import pytest
from django.db import DataError, connection, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from boardinghouse.exceptions import NoActiveSchema
from boardinghouse.models import Schema
from boardinghouse.schema import override
from tests.conftest import connected_with, count_sets, fill, owners, run_sql
from tests.testapp.models import Account, Region

SETTING = """
CREATE FUNCTION public.go_to(path text) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN PERFORM set_config('search_path', path, false); END $$
"""

# As commands of their own, these are noticed by every PostgreSQL: the command's tag tells.
COMMANDS = [
    "SET search_path TO b",
    'SET SESSION search_path TO "b", public',
    "RESET search_path",
    "SET search_path TO DEFAULT",
    "DISCARD ALL",
    "DO $$ BEGIN PERFORM set_config('search_path', 'b', false); END $$",
    "SET SCHEMA 'b'",
    "SELECT 1; SET search_path TO b",
]
# Within a query, only a PostgreSQL that reports the path tells.
QUERIES = [
    "SELECT set_config('search_path', 'b', false)",
    "SELECT pg_catalog.set_config('search_path', '', false)",
]


@pytest.mark.parametrize("sql", COMMANDS)
def test_a_command_that_changes_the_path_is_noticed(committed_schemata, sql):
    with override("a"):
        run_sql(sql)

        assert owners() == ["a"]


@pytest.mark.parametrize("sql", QUERIES)
def test_a_query_that_changes_the_path_is_noticed(committed_schemata, reported_path, sql):
    with override("a"):
        run_sql(sql)

        assert owners() == ["a"]


@pytest.mark.parametrize("sql", QUERIES)
def test_a_query_that_changes_the_path_is_noticed_in_a_transaction(schemata, reported_path, sql):
    with override("a"), transaction.atomic():
        run_sql(sql)

        assert owners() == ["a"]


@pytest.mark.parametrize("sql", QUERIES)
def test_before_18_an_error_ends_what_was_not_noticed(schemata, tracked_path, sql):
    with override("a"):
        run_sql(sql)
        with pytest.raises(DataError), transaction.atomic():
            run_sql("SELECT 1 / 0")

        assert owners() == ["a"]


def test_a_path_that_a_function_sets_is_noticed(schemata, reported_path):
    run_sql(SETTING)
    with override("a"):
        run_sql("SELECT public.go_to('b')")

        assert owners() == ["a"]


def test_a_path_set_for_the_transaction_is_noticed(committed_schemata):
    with override("a"):
        with transaction.atomic():
            run_sql("SET LOCAL search_path TO b")
            assert owners() == ["a"]

        assert owners() == ["a"]


def test_the_end_of_a_path_set_for_the_transaction_is_noticed(committed_schemata):
    with override("b"):
        owners()
    with override("a"):
        with transaction.atomic():
            run_sql("SET LOCAL search_path TO a, public")

        assert owners() == ["a"]


def test_user_code_cannot_open_a_schema_while_none_is_active(committed_schemata):
    run_sql("SET search_path TO a")

    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('testapp_account')")
        assert cursor.fetchone() == (None,)
    with pytest.raises(NoActiveSchema):
        owners()


def test_what_the_user_set_is_set_back_once(schemata, reported_path):
    with override("a"):
        owners()
        run_sql("SET search_path TO b")
        with CaptureQueriesContext(connection) as captured:
            owners()
            owners()

    assert count_sets(captured) == 1


# Roles and settings


@pytest.fixture
def role(committed_schemata):
    """A role with the name of a schema, which PostgreSQL's own default path would show it."""
    name = f"role_{os.getpid()}"
    Schema.objects.mass_create(name)
    fill(name)
    run_sql(f"CREATE ROLE {name} SUPERUSER")
    yield {"assume_role": name}
    run_sql(f"DROP ROLE {name}")


def test_a_role_with_the_name_of_a_schema_sees_nothing(role):
    with connected_with(role), connection.cursor() as cursor:
        cursor.execute("SELECT current_user, to_regclass('testapp_account')")

        assert cursor.fetchone() == (role["assume_role"], None)


def test_a_role_with_the_name_of_a_schema_sees_the_wanted_one(role):
    with connected_with(role), override("b"):
        assert owners() == ["b"]


@pytest.fixture
def path_of_database(committed_schemata):
    """A path that PostgreSQL itself would begin with."""
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    run_sql(f"ALTER DATABASE {name} SET search_path TO b")
    yield
    run_sql(f"ALTER DATABASE {name} RESET search_path")


def test_a_path_that_belongs_to_the_database_counts_for_nothing(path_of_database):
    with connected_with(), connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('testapp_account')")

        assert cursor.fetchone() == (None,)


def test_options_of_the_user_are_kept(committed_schemata):
    options = {"options": "-c work_mem=77MB -c search_path=b"}

    with connected_with(options), override("a"), connection.cursor() as cursor:
        cursor.execute("SELECT owner, current_setting('work_mem') FROM testapp_account")
        assert cursor.fetchall() == [("a", "77MB")]


def test_options_of_the_environment_are_kept(committed_schemata, monkeypatch):
    monkeypatch.setenv("PGOPTIONS", "-c work_mem=77MB")

    with connected_with(), connection.cursor() as cursor:
        cursor.execute("SHOW work_mem")
        assert cursor.fetchone() == ("77MB",)


# Costs


def test_a_fresh_connection_on_public_pays_nothing(committed_schemata):
    with connected_with() as fresh, CaptureQueriesContext(fresh) as captured:
        Region.objects.count()

    assert len(captured) == 1


def test_a_fresh_connection_sends_one_query(committed_schemata, tmp_path):
    trace = tmp_path / "trace"
    with connected_with() as fresh, trace.open("w") as file:
        fresh.ensure_connection()
        fresh.connection.pgconn.trace(file.fileno())
        Region.objects.count()
        fresh.connection.pgconn.untrace()

    assert trace.read_text().count("ReadyForQuery") == 1


@pytest.fixture
def extension_schema(committed_schemata):
    """A schema whose function every schema's queries may use."""
    run_sql('CREATE SCHEMA "odd name, \\"')
    run_sql('CREATE FUNCTION "odd name, \\".twice(text) RETURNS text RETURN $1 || $1')
    yield
    run_sql('DROP SCHEMA "odd name, \\" CASCADE')


@override_settings(BOARDINGHOUSE_EXTRA_SEARCH_PATH=["odd name, \\"])
def test_extra_schemata_are_on_every_path(extension_schema):
    with connected_with() as fresh, fresh.cursor() as cursor:
        with CaptureQueriesContext(fresh) as captured:
            cursor.execute("SELECT twice('x')")
        assert count_sets(captured) == 0

        with override("b"):
            cursor.execute("SELECT twice(owner) FROM testapp_account")
            assert cursor.fetchall() == [("bb",)]


@override_settings(BOARDINGHOUSE_EXTRA_SEARCH_PATH=["a"])
def test_the_wanted_schema_comes_before_extra_ones(committed_schemata):
    with override("b"):
        assert Account.objects.get(pk=1).owner == "b"
