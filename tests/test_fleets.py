"""Migrating a fleet: batches, a journal, and going on after whatever happened."""

import json
import time
from contextlib import contextmanager

import psycopg
import pytest

from tests.project import Project, empty_database, server

NAMES = ("a", "b", "c", "d")
EVERYWHERE = ("__template__", *NAMES)
LAST = "0006_concurrently"
SETTINGS = "tests.projects.library"

#: All that a schema's tables are, as text that does not depend on the schema.
SHAPE = """
    SELECT string_agg(line, E'\\n' ORDER BY line) FROM (
        SELECT format('%s.%s %s %s', c.relname, a.attname, format_type(atttypid, atttypmod),
            attnotnull) AS line
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND attnum > 0
        WHERE relnamespace = '"{0}"'::regnamespace AND relkind = 'r' AND NOT attisdropped
        UNION ALL
        SELECT format('%s %s', indexname, replace(indexdef, '{0}.', ''))
        FROM pg_indexes WHERE schemaname = '{0}'
        UNION ALL
        SELECT format('%s %s', conname, replace(pg_get_constraintdef(oid), '{0}.', ''))
        FROM pg_constraint WHERE connamespace = '"{0}"'::regnamespace
        UNION ALL
        SELECT 'invalid ' || indexrelid::regclass FROM pg_index JOIN pg_class c ON c.oid = indrelid
        WHERE relnamespace = '"{0}"'::regnamespace AND NOT indisvalid
    ) lines
"""

SPARES = "FROM pg_namespace WHERE nspname ~ '^_spare_'"
REMAINS = "FROM pg_namespace WHERE nspname ~ '^_dropped_'"

#: Lets the nth DDL command wait for a lock that the test has.
STOP_AT = """
    CREATE SEQUENCE commands;
    CREATE FUNCTION stop() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN IF nextval('public.commands') = {} THEN PERFORM pg_advisory_xact_lock(42); END IF; END $$;
    CREATE EVENT TRIGGER stop ON ddl_command_start EXECUTE FUNCTION stop()
"""


@pytest.fixture(scope="module")
def base(django_db_setup, django_db_blocker):
    """A database with the first migration, and four schemata that hold a book each."""
    with django_db_blocker.unblock(), empty_database("bh_fleet_base") as name:
        project = Project(SETTINGS, name)
        project.manage("migrate", "-v", "0")
        project.manage("migrate", "library", "0001", "-v", "0")
        project.shell(
            "from boardinghouse.models import Schema; Schema.objects.mass_create(*'abcd')"
        )
        for each in NAMES:
            project.query(f"INSERT INTO {each}.library_book (title) VALUES ('{each}')")
        yield name


@pytest.fixture
def project(base, db):
    with empty_database("bh_fleet", template=base) as name:
        yield Project(SETTINGS, name)


def shapes(project):
    """How many different shapes the template and the schemata have, and one of them."""
    found = [project.query(SHAPE.format(name))[0][0] for name in EVERYWHERE]
    return len(set(found)), found[0]


def rows(project, query="SELECT title FROM {}.library_book ORDER BY id"):
    return [project.query(query.format(name)) for name in NAMES]


def applied(project):
    found = project.query("SELECT name FROM django_migrations WHERE app = 'library' ORDER BY name")
    return [name for (name,) in found]


def journal_tables(project):
    return project.query("SELECT relname FROM pg_class WHERE relname ~ '^boardinghouse_[jp]'")


def done_in(project):
    query = "SELECT schema FROM boardinghouse_pending WHERE is_done ORDER BY schema"
    return [name for (name,) in project.query(query)]


def assert_finished(project, last=LAST):
    """Every schema is as the template, everything is recorded once, and no journal is left."""
    assert shapes(project)[0] == 1
    assert applied(project)[-1] == last
    assert len(applied(project)) == len(set(applied(project)))
    assert journal_tables(project) == []
    authors = project.query("SELECT count(*) FROM library_author")[0][0]
    assert authors == (1 if last >= "0003" else 0)


@contextmanager
def locked(project, table):
    """Keep a table locked during a block."""
    with psycopg.connect(**server(), dbname=project.database) as other:
        other.execute(f"LOCK TABLE {table}")
        yield other
        other.rollback()


def wait_for(project, query):
    """Wait until a query finds something: at most a minute."""
    deadline = time.monotonic() + 60
    while not project.query(query):
        assert time.monotonic() < deadline, query
        time.sleep(0.02)


WAITING = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@contextmanager
def running(project, *arguments, **environment):
    """Have a command at work during a block, and kill it -9 if it still is."""
    with project.start(*arguments, **environment) as process:
        try:
            yield process
        finally:
            process.kill()


# Batches


def test_a_fleet_goes_forwards_and_backwards_in_batches(project):
    begun = shapes(project)

    project.manage("migrate", "library", "--batch-size", "1", "--parallel", "2")

    assert_finished(project)
    # Python put a book into each, raw SQL added 2 to its pages.
    query = "SELECT title, pages FROM {}.library_book ORDER BY id"
    assert rows(project, query) == [[("A;B", 9), ("python", 8)]] * 4

    project.manage("migrate", "library", "0001", "--batch-size", "3")

    assert shapes(project) == begun
    assert applied(project) == ["0001_initial"]
    assert journal_tables(project) == []
    assert rows(project) == [[("A;B",)]] * 4


def test_without_options_the_result_is_the_same(project):
    project.manage("migrate", "library", "0004")
    small = shapes(project)
    project.manage("migrate", "library", "0001")
    project.manage("migrate", "library", "0004", "--batch-size", "1")

    assert shapes(project) == small
    assert small[0] == 1


def test_a_migration_is_recorded_in_the_transaction_that_did_it(project):
    project.manage("migrate", "library", "0002")
    project.query("DROP SCHEMA a, b, c, d CASCADE")
    begun = project.query(SHAPE.format("__template__"))
    project.query("""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE 'Not recorded.'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON django_migrations
        FOR EACH ROW EXECUTE FUNCTION refuse()
    """)

    # Its keys are put off to the end, after which Django would have committed first.
    told = project.manage("migrate", "library", "0003", code=1)

    assert "Not recorded." in told
    assert project.query(SHAPE.format("__template__")) == begun


def test_progress_is_told_in_lines_in_events_or_not_at_all(project):
    lines = project.manage("migrate", "library", "0002", "--batch-size", "2")
    events = project.manage("migrate", "library", "0001", "--batch-size", "2", "--json")
    nothing = project.manage("migrate", "library", "0002", "--batch-size", "2", "-v", "0")

    assert "    library.0002_shelf: 4 of 4 schemata (" in lines
    found = [json.loads(line) for line in events.splitlines()]
    assert {"event": "unapply_success", "migration": "library.0002_shelf", "fake": False} in found
    assert found[-2]["event"] == "unapply_success" or found[-1]["event"] == "unapply_success"
    assert [each["total"] for each in found if each["event"] == "finished"] == [4]
    assert nothing == ""


@pytest.mark.parametrize("options", [(), ("--batch-size", "2")], ids=["at once", "in batches"])
def test_machines_are_told_where_it_failed(project, options):
    project.query("ALTER TABLE c.library_book ADD COLUMN shelf text")

    told = project.manage("migrate", "library", "0002", "--json", *options, code=1)

    events = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    ((schema, error),) = {(each["schema"], each["error"]) for each in events if "error" in each}
    assert schema == "c"
    assert error == 'column "shelf" of relation "library_book" already exists'


# Killed


@pytest.mark.parametrize("command", [3, 8, 13, 21, 34, 55])
def test_killed_at_any_moment_the_next_run_goes_on(project, command):
    interrupt(project, command, "migrate", "library", "--batch-size", "1", "--parallel", "1")

    told = project.manage("migrate", "library", "--batch-size", "2", "--parallel", "2")

    assert_finished(project)
    assert (
        rows(project, "SELECT title, pages FROM {}.library_book ORDER BY id")
        == [[("A;B", 9), ("python", 8)]] * 4
    )
    assert "OK" in told


@pytest.mark.parametrize("command", [3, 9, 16, 26, 40])
def test_killed_on_the_way_back_the_next_run_goes_on(project, command):
    begun = shapes(project)
    project.manage("migrate", "library", "-v", "0")
    back = ("migrate", "library", "0001", "--batch-size", "1", "--parallel", "1")
    interrupt(project, command, *back)

    project.manage(*back)

    assert shapes(project) == begun
    assert applied(project) == ["0001_initial"]
    assert journal_tables(project) == []
    assert rows(project) == [[("A;B",)]] * 4


@pytest.mark.parametrize("command", [5, 34])
def test_spares_of_a_fleet_that_was_killed_are_migrated_too(project, command):
    project.manage("spare_schemata", "--number", "2")
    interrupt(project, command, "migrate", "library", "--batch-size", "1", "--parallel", "1")

    project.manage("migrate", "library", "--batch-size", "1")
    project.manage("create_schema", "e")

    assert_finished(project)
    (spare,) = [name for (name,) in project.query(f"SELECT nspname {SPARES}")]
    assert {project.query(SHAPE.format(each))[0][0] for each in ("e", spare)} == {
        shapes(project)[1]
    }
    assert project.manage("check_schemata").startswith("All 6 schemata")


@pytest.mark.parametrize("command", [2, 1290])
def test_killed_while_it_drops_a_large_schema_the_next_drop_goes_on(project, command):
    enlarge(project, "a", tables=1300)
    interrupt(project, command, "drop_schema", "a", "--noinput")
    left = project.query("SELECT schema FROM boardinghouse_schema ORDER BY schema")
    remains = [name for (name,) in project.query(f"SELECT nspname {REMAINS}")]
    there = project.query("SELECT to_regnamespace('a') IS NOT NULL")[0][0]
    # All of it is there, or nobody finds any of it.
    assert (("a",) in left) is there is (not remains) is (command == 2)

    told = project.manage("drop_schema", *(["a"] if there else ["b"]), "--noinput")

    assert "Schema 'a'" in told
    assert project.query(f"SELECT nspname {REMAINS}") == []
    assert project.query("SELECT to_regnamespace('a')") == [(None,)]
    assert rows_in_c_and_d(project) == [[("c",)], [("d",)]]


def rows_in_c_and_d(project):
    return [project.query(f"SELECT title FROM {name}.library_book") for name in ("c", "d")]


def enlarge(project, schema, tables):
    """Give a schema more tables than one transaction can drop."""
    for start in range(0, tables, 650):
        project.query(f"""
            DO $$ BEGIN FOR n IN {start}..{start + 649} LOOP
            EXECUTE format('CREATE TABLE {schema}.t_%s (id int PRIMARY KEY)', n);
            END LOOP; END $$
        """)


def interrupt(project, command, *arguments):
    """Kill a command -9 while PostgreSQL is about to run its nth DDL command."""
    project.query(STOP_AT.format(command))
    with psycopg.connect(**server(), dbname=project.database, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(42)")
        # Were it to give up, it would begin again, with other numbers.
        with running(project, *arguments, LOCK_TIMEOUT="60") as process:
            wait_for(project, f"{WAITING} AND wait_event = 'advisory'")
            assert process.poll() is None
    project.query("DROP EVENT TRIGGER stop; DROP FUNCTION stop; DROP SEQUENCE commands")


# Failing


def test_a_schema_that_drifted_fails_alone_and_the_next_run_takes_only_it(project):
    project.query("ALTER TABLE c.library_book ADD COLUMN pages int")

    told = project.manage("migrate", "library", "--batch-size", "2", code=1)

    assert 'Schema \'c\': column "pages" of relation "library_book" already exists' in told
    assert 'Statement: ALTER TABLE "library_book" ADD COLUMN "pages"' in told
    assert "Traceback" not in told
    assert applied(project) == ["0001_initial", "0002_shelf"]
    assert done_in(project) == ["a", "b", "d"]
    # It stopped before what is shared.
    assert project.query("SELECT count(*) FROM library_author") == [(0,)]
    assert project.manage("migrate", "--check", code=1) == ""
    assert "already exists" in project.manage("migrate", "library", code=1)

    project.query("ALTER TABLE c.library_book DROP COLUMN pages")
    told = project.manage("migrate", "library")

    assert "library.0003_segments was interrupted" in told
    assert "1 schema is behind" in told
    assert_finished(project)


def test_python_that_fails_in_a_schema_fails_there_alone(project):
    project.manage("migrate", "library", "0003")
    project.query("ALTER TABLE b.library_book ADD CONSTRAINT snakes CHECK (title <> 'python')")

    told = project.manage("migrate", "library", "0004", "--batch-size", "1", code=1)

    assert "Schema 'b': new row for relation \"library_book\" violates check constraint" in told
    assert "Statement: Raw Python operation" in told
    assert [len(each) for each in rows(project)] == [2, 1, 2, 2]

    project.query("ALTER TABLE b.library_book DROP CONSTRAINT snakes")
    project.manage("migrate", "library", "0004")

    assert_finished(project, "0004_python")
    assert [len(each) for each in rows(project)] == [2, 2, 2, 2]


def test_python_that_fails_in_one_transaction_names_the_schema_and_undoes_all(project):
    project.manage("migrate", "library", "0003")
    project.query("ALTER TABLE b.library_book ADD CONSTRAINT snakes CHECK (title <> 'python')")

    told = project.manage("migrate", "library", "0004", code=1)

    assert "Schema 'b': new row for relation \"library_book\" violates check constraint" in told
    assert "Statement: Raw Python operation" in told
    assert [len(each) for each in rows(project)] == [1, 1, 1, 1]
    assert journal_tables(project) == []


@pytest.mark.parametrize(("before", "migration"), [("0001", "0002_shelf"), ("0003", "0004_python")])
def test_a_busy_schema_delays_nobody_and_has_its_turn_when_it_is_free(project, before, migration):
    project.manage("migrate", "library", before, "-v", "0")
    with locked(project, "b.library_book") as other:
        options = ("--batch-size", "1", "--parallel", "1")
        with running(
            project, "migrate", "library", migration, *options, LOCK_TIMEOUT="0.5"
        ) as process:
            wait_for(project, "SELECT 1 FROM pg_class WHERE relname = 'boardinghouse_pending'")
            wait_for(project, "SELECT 1 FROM boardinghouse_pending WHERE is_done AND schema = 'd'")
            assert "b" not in done_in(project)
            other.rollback()
            output, _nothing = process.communicate()

    assert process.returncode == 0, output
    assert_finished(project, migration)


def test_a_schema_that_stays_busy_is_reported(project):
    with locked(project, "b.library_book"):
        told = project.manage("migrate", "library", "0002", "--batch-size", "2", code=1)

        assert "Schema 'b': canceling statement due to lock timeout" in told
        assert done_in(project) == ["a", "c", "d"]

    project.manage("migrate", "library", "0002")

    assert_finished(project, "0002_shelf")


def test_in_one_transaction_a_busy_schema_undoes_all(project):
    with locked(project, "b.library_book"):
        told = project.manage("migrate", "library", "0002", code=1)

    assert "Schema 'b': canceling statement due to lock timeout" in told
    assert applied(project) == ["0001_initial"]
    assert shapes(project)[0] == 1
    assert journal_tables(project) == []


def test_the_file_may_not_change_while_it_is_unfinished(project):
    project.query("ALTER TABLE c.library_book ADD COLUMN pages int")
    project.manage("migrate", "library", "--batch-size", "2", code=1)
    project.query("UPDATE boardinghouse_journal SET operations = '[\"Do something else\"]'")

    told = project.manage("migrate", "library", code=1)

    assert "it did 'Do something else' where the file says 'Add field pages to Book' now" in told


def test_an_unfinished_migration_can_be_forgotten_by_faking_it(project):
    project.query("ALTER TABLE c.library_book ADD COLUMN shelf text")
    project.manage("migrate", "library", "0002", "--batch-size", "1", code=1)

    told = project.manage("migrate", "library", "0002", "--fake")

    assert "that is forgotten, as you say so" in told
    assert journal_tables(project) == []
    assert applied(project)[-1] == "0002_shelf"


def test_another_direction_waits_until_the_first_is_finished(project):
    project.manage("migrate", "library", "0002")
    project.query("ALTER TABLE c.library_book DROP COLUMN shelf")
    project.manage("migrate", "library", "0001", "--batch-size", "1", code=1)

    told = project.manage("migrate", "library", "0002", code=1)

    assert "library.0002_shelf is not finished. To finish it, type `manage.py migrate" in told


def test_an_unfinished_first_migration_is_not_taken_for_one_that_is_applied(project):
    project.manage("migrate", "library", "zero", "-v", "0")
    project.query("CREATE TABLE c.library_book ()")
    project.manage("migrate", "library", "0001", "--batch-size", "1", code=1)
    project.query("DROP TABLE c.library_book")

    told = project.manage("migrate", "library", "0001", "--fake-initial")

    assert "library.0001_initial was interrupted" in told
    assert rows(project) == [[], [], [], []]
    assert_finished(project, "0001_initial")


@pytest.mark.parametrize("target", [("library", "zero"), ("auth", "zero")])
def test_what_an_unfinished_migration_stands_on_is_not_unapplied(project, target):
    project.query("ALTER TABLE c.library_book ADD COLUMN shelf text")
    project.manage("migrate", "library", "0002", "--batch-size", "1", code=1)

    told = project.manage("migrate", *target, code=1)

    assert "library.0002_shelf was being applied when that was interrupted" in told
    assert "`manage.py migrate library 0002_shelf`" in told
    assert applied(project) == ["0001_initial"]
    assert rows(project) == [[("a",)], [("b",)], [("c",)], [("d",)]]

    project.query("ALTER TABLE c.library_book DROP COLUMN shelf")
    project.manage("migrate", "library", "0002")

    assert_finished(project, "0002_shelf")


def test_nothing_is_applied_on_what_is_half_unapplied(project):
    project.manage("migrate", "library", "0003")
    project.query("ALTER TABLE c.library_book DROP COLUMN shelf")
    project.manage("migrate", "library", "0001", "--batch-size", "1", code=1)

    told = project.manage("migrate", code=1)

    assert "library.0002_shelf was being unapplied when that was interrupted" in told
    assert applied(project) == ["0001_initial", "0002_shelf"]
    assert project.query("SELECT count(*) FROM library_author") == [(0,)]

    project.query("ALTER TABLE c.library_book ADD COLUMN shelf text")
    project.manage("migrate", "library", "0001")

    assert applied(project) == ["0001_initial"]
    assert shapes(project)[0] == 1


# At the same time


def test_of_two_at_once_one_waits_and_says_so(project):
    asking = (
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
        " AND query LIKE 'SELECT pg_try_advisory_lock%'"
    )
    with (
        locked(project, "b.library_book") as other,
        running(project, "migrate", "library", LOCK_TIMEOUT="60") as first,
    ):
        wait_for(project, WAITING)
        with running(project, "migrate", "library", LOCK_TIMEOUT="60") as second:
            wait_for(project, asking)
            other.rollback()
            outputs = [each.communicate()[0] for each in (first, second)]

    assert [first.returncode, second.returncode] == [0, 0], outputs
    assert "Another migrate is at work" not in outputs[0]
    assert "Another migrate is at work on this database" in outputs[1]
    assert_finished(project)


def test_who_signs_up_between_two_batches_gets_what_the_others_have(project):
    with (
        locked(project, "b.library_book") as other,
        running(project, "migrate", "library", "--batch-size", "1", LOCK_TIMEOUT="60") as process,
    ):
        wait_for(project, WAITING)
        project.manage("create_schema", "e")
        assert process.poll() is None
        other.rollback()
        output, _nothing = process.communicate()

    assert process.returncode == 0, output
    assert_finished(project)
    assert project.query(SHAPE.format("e")) == project.query(SHAPE.format("__template__"))
    assert project.query("SELECT title, pages FROM e.library_book") == [("python", 8)]


def test_a_schema_that_is_dropped_meanwhile_is_not_waited_for(project):
    project.query("ALTER TABLE c.library_book ADD COLUMN pages int")
    project.manage("migrate", "library", "--batch-size", "2", code=1)

    project.manage("drop_schema", "c", "--noinput")
    project.manage("create_schema", "c")
    project.manage("migrate", "library")

    assert_finished(project)


def test_the_table_of_users_is_locked_for_one_schema_at_a_time(project):
    project.manage("migrate", "library", "0004")
    with (
        locked(project, "c.library_book") as other,
        running(project, "migrate", "library", "0005", LOCK_TIMEOUT="60") as process,
    ):
        wait_for(project, WAITING)
        project.query("SET lock_timeout = '5s'; UPDATE auth_user SET last_login = now()")
        assert done_in(project)[:2] == ["a", "b"]
        assert process.poll() is None
        other.rollback()
        output, _nothing = process.communicate()

    assert process.returncode == 0, output
    assert_finished(project, "0005_reader")
