"""schema_doctor: SAFE or LEAK, through the connection settings and the pooler that there are."""

import io
import json
from contextlib import ExitStack

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from boardinghouse import ddl, doctor
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import override
from boardinghouse.switch_proof import Step
from tests import pgbouncer
from tests.catalog import run
from tests.conftest import connected_with, owners
from tests.test_pool import ONE

pytestmark = pytest.mark.django_db(transaction=True)
needs_pgbouncer = pytest.mark.skipif(
    pgbouncer.PROGRAM is None, reason="pgbouncer is not installed (apt install pgbouncer)"
)
can_track = pytest.mark.skipif(
    (pgbouncer.version() or (0,)) < (1, 20), reason="PgBouncer tracks parameters from 1.20 on"
)


@pytest.fixture(autouse=True)
def two(committed_schemata):
    return committed_schemata


def ask(*arguments, code=0):
    """Run the command; return what it wrote, and check its exit status."""
    out = io.StringIO()
    if code:
        with pytest.raises(CommandError) as caught:
            call_command("schema_doctor", *arguments, stdout=out)
        assert caught.value.returncode == code
        return f"{out.getvalue()}{caught.value}"
    call_command("schema_doctor", *arguments, stdout=out)
    return out.getvalue()


def findings(code=0):
    """Return what the command found, by subject."""
    out = io.StringIO()
    try:
        call_command("schema_doctor", "--json", stdout=out)
    except CommandError:
        assert code, out.getvalue()
    return json.loads(out.getvalue())["verdict"], {
        each["subject"]: each for each in json.loads(out.getvalue())["findings"]
    }


class TestWithoutAPooler:
    def test_it_is_safe_and_says_why(self):
        said = ask()

        assert said.startswith("SAFE\n")
        assert "switched against each other" in said
        assert f"PostgreSQL {connection.pg_version // 10000}; 14 to 18 are supported." in said

    def test_every_subject_is_spoken_of(self):
        verdict, found = findings()

        assert verdict == "SAFE"
        assert set(found) == {
            "switching",
            "PostgreSQL",
            "search_path",
            "pooler",
            "locks",
            "public",
            "catalogs",
            "memory",
        }
        assert found["pooler"]["facts"] == {"pooler": False}
        assert found["locks"]["facts"]["schemata"] == 2
        assert found["locks"]["facts"]["budget"] == ddl.lock_budget(connection)
        assert found["memory"]["facts"]["bytes_per_schema"] > 10_000
        assert found["memory"]["facts"]["limit"] == 200
        reported = connection.pg_version >= 180000
        assert found["search_path"]["facts"] == {"reported": reported}

    def test_its_own_connection_is_left_as_it_was(self):
        with override("b"):
            ask()

            assert owners() == ["b"]

    @pytest.mark.parametrize("names", [("b",), ("a", "b")])
    def test_one_schema_or_none_will_do(self, names):
        for name in names:
            Schema.objects.get(pk=name).delete(drop=True)

        assert ask().startswith("SAFE\n")

    def test_with_nothing_to_switch_to_nothing_is_proved(self):
        for name in ("a", "b"):
            Schema.objects.get(pk=name).delete(drop=True)
        ddl.rename(connection, TEMPLATE, "_away")

        try:
            said = ask()
        finally:
            ddl.rename(connection, "_away", TEMPLATE)

        assert said.startswith("UNPROVED\n")
        assert "create_schema" in said
        assert "there are 0." in said

    def test_djangos_own_pool_is_safe(self):
        with connected_with({"pool": True}, CONN_MAX_AGE=0):
            assert ask().startswith("SAFE\n")

    def test_a_pool_too_small_is_a_problem(self):
        with connected_with({"pool": {**ONE["pool"], "timeout": 3}}, CONN_MAX_AGE=0):
            said = ask(code=1)

        assert said.startswith("UNPROVED\n")
        assert "could not be switched" in said

    def test_a_private_table_in_public_is_a_problem(self):
        run("CREATE TABLE public.zoo_kind (id int)")
        try:
            said = ask(code=1)
        finally:
            run("DROP TABLE public.zoo_kind")

        assert "problem  public: Private tables are in public: zoo_kind; save" in said

    def test_more_schemata_than_locks_are_told(self, monkeypatch):
        monkeypatch.setattr(ddl, "schemata_per_transaction", lambda connection: 1)

        assert "note     locks:" in ask()

    def test_swollen_catalogs_are_told(self, monkeypatch):
        monkeypatch.setattr(doctor, "SWOLLEN", 1)
        monkeypatch.setattr(doctor, "WORTH_A_LOOK", 1)

        _verdict, found = findings()

        assert "VACUUM FULL pg_attrdef" in found["catalogs"]["text"]
        assert found["catalogs"]["level"] == "warning"

    def test_a_role_that_may_not_measure_memory_is_told(self):
        run("SET SESSION AUTHORIZATION DEFAULT")
        name = "modest"
        run(f"CREATE ROLE {name} LOGIN")
        try:
            run(f"GRANT USAGE ON SCHEMA a, b, {TEMPLATE}, public TO {name}")
            run(f"GRANT SELECT ON ALL TABLES IN SCHEMA a, b, {TEMPLATE}, public TO {name}")
            with connected_with(USER=name):
                _verdict, found = findings()
        finally:
            run(f"DROP OWNED BY {name}", f"DROP ROLE {name}")

        assert "pg_read_all_stats" in found["memory"]["text"]


@pytest.mark.parametrize(
    ("found", "is_right"),
    [
        ('"a", public', True),
        ("a, public", True),
        ("a,public", True),
        ("public", False),
        ("public, a", False),
        ('"A", public', False),
        ('"$user", a, public', False),
        ('"a, public"', False),
        ("", False),
    ],
)
def test_a_path_in_other_words_is_right_if_it_names_the_same(found, is_right):
    assert Step(1, '"a", public', found, 1, 1).is_right is is_right


def test_a_connection_that_leaks_is_caught(monkeypatch):
    """The proof itself, on connections that are never switched again."""
    from boardinghouse.backends.postgres.base import DatabaseWrapper

    monkeypatch.setattr(DatabaseWrapper, "_current_path", lambda self: '"a", public')

    said = ask(code=1)

    assert said.startswith("LEAK\n")
    assert "was given 'public'" in said


@needs_pgbouncer
class TestPgBouncer:
    @pytest.fixture
    def behind(self):
        """What runs PgBouncer, and connects through it."""
        with ExitStack() as stack:

            def start(pool_mode, *more):
                address = stack.enter_context(pgbouncer.running(pool_mode, *more))
                options = {"prepare_threshold": None}
                return stack.enter_context(connected_with(options, **address))

            yield start

    @pytest.fixture
    def role_on_public(self):
        """PgBouncer drops the path that we ask for; the role's own takes its place."""
        run("ALTER ROLE CURRENT_USER SET search_path = public")
        yield
        run("ALTER ROLE CURRENT_USER RESET search_path")

    def test_session_pooling_is_safe(self, behind, role_on_public):
        behind("session")

        verdict, found = findings()

        assert verdict == "SAFE"
        assert found["pooler"]["facts"] == {"pooler": True, "shares_processes": False}
        assert found["PgBouncer"]["facts"]["pool_mode"] == "session"
        assert found["PgBouncer"]["facts"]["version"].startswith("PgBouncer 1.")

    def test_transaction_pooling_without_tracking_leaks_and_is_caught(self, behind, role_on_public):
        behind("transaction")

        verdict, found = findings(code=1)

        assert verdict == "LEAK"
        assert found["switching"]["facts"]["evidence"]
        assert found["pooler"]["facts"]["shares_processes"] is True
        assert found["PgBouncer"]["level"] == "problem"
        assert "pool_mode = session" in found["PgBouncer"]["text"]

    @can_track
    def test_transaction_pooling_with_tracking_is_safe_from_18_on(self, behind, role_on_public):
        behind("transaction", "track_extra_parameters = search_path")

        verdict, found = findings(code=1)

        assert found["PgBouncer"]["facts"]["tracks"] is True
        assert verdict == ("SAFE" if connection.pg_version >= 180000 else "LEAK")

    def test_the_parameter_that_it_refuses_is_named_with_the_way_out(self, behind):
        behind("session", "")

        assert "ignore_startup_parameters = options" in ask(code=1)

    def test_a_console_that_does_not_answer_is_told(self, behind, role_on_public, monkeypatch):
        behind("session")

        def refuse(connection):
            raise doctor.psycopg.OperationalError("not allowed")

        monkeypatch.setattr(doctor, "ask_pgbouncer", refuse)
        _verdict, found = findings()

        assert "stats_users" in found["PgBouncer"]["text"]
