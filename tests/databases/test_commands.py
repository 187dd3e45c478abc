"""Commands on a site whose default database is empty, each in a process of its own."""

import os
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.models.signals import pre_migrate

from boardinghouse.contrib.databases import database
from boardinghouse.contrib.databases.migrating import migrate_all, migrate_one
from boardinghouse.models import Schema
from boardinghouse.schema import override
from tests.conftest import connected_with
from tests.databases.conftest import BOTH
from tests.project import Project, empty_database
from tests.testapp.models import Account

PROJECT = "tests.projects.customers"
TABLES = "SELECT count(*) FROM pg_tables WHERE tablename = 'auth_user'"
USERS = "SELECT username FROM auth_user ORDER BY username"
SCHEMATA = "SELECT schema FROM boardinghouse_schema ORDER BY schema"


@contextmanager
def two_databases(name, template="template1"):
    """Give the project, seen from each of its two databases."""
    with empty_database(name, template), empty_database(f"{name}_2", template):
        first, second = Project(PROJECT, name), Project(PROJECT, name)
        second.query = Project(PROJECT, f"{name}_2").query
        yield first, second


@pytest.fixture
def sites(db):
    """The project on two empty databases."""
    with two_databases(f"customers_{os.getpid()}") as sites:
        yield sites


@pytest.fixture(scope="module")
def migrated_once(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), two_databases(f"migrated_{os.getpid()}") as sites:
        sites[0].manage("migrate_databases", "--verbosity=0")
        yield sites[0].database


@pytest.fixture
def migrated(db, migrated_once):
    """The project on two databases that are migrated."""
    with two_databases(f"customers_{os.getpid()}", migrated_once) as sites:
        yield sites


def test_the_project_has_no_fault(sites):
    assert "boardinghouse." not in sites[0].manage("check")


def test_a_projects_own_tests_run_with_an_empty_default(sites):
    said = sites[0].manage("test", "tests.projects.customers_suite", "--noinput")

    assert "Ran 1 test" in said


def test_checks_look_into_the_databases_that_they_are_told_of(migrated):
    first, _ = migrated
    first.manage("create_schema", "owners", "--database", "client2")

    assert "W033" in first.manage("check", "--database", "client2")
    assert "W033" not in first.manage("check", "--database", "client1")
    assert "W033" in first.manage("with_database", "client2", "check")


@pytest.mark.parametrize("how", [[], ["--plan"], ["--check"], ["--database", "default"]])
def test_plain_migrate_says_what_to_type_where_the_default_database_is_empty(sites, how):
    said = sites[0].manage("migrate", *how, code=1)

    assert "CommandError: DATABASES['default'] is empty" in said
    assert "type `manage.py migrate_databases`" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("how", [[], ["--parallel"], ["--parallel", "2"]])
def test_migrate_databases_migrates_all_and_says_so(sites, how):
    said = sites[0].manage("migrate_databases", *how)

    assert said.count("Applying boardinghouse.0001_initial... OK") == 2
    summary = said.partition("Summary:")[2].split()
    assert summary == ["client1", "migrated", "client2", "migrated"]
    assert [site.query(TABLES) for site in sites] == [[(1,)], [(1,)]]


def test_it_migrates_the_schemata_of_each(migrated):
    first, second = migrated
    for alias in ("client1", "client2"):
        first.manage("create_schema", "a", "--database", alias)
    first.manage("with_database", "client2", "migrate", "zoo", "zero")
    gone = "SELECT count(*) FROM pg_tables WHERE schemaname = 'a' AND tablename ~ '^zoo_'"
    assert second.query(gone) == [(0,)]

    first.manage("migrate_databases")

    assert second.query(gone) == first.query(gone) != [(0,)]


def test_it_may_be_told_which(sites):
    said = sites[0].manage("migrate_databases", "--database", "client2")

    assert "client1" not in said
    assert [site.query(TABLES) for site in sites] == [[(0,)], [(1,)]]


@pytest.mark.parametrize("how", [[], ["--parallel", "2"]])
def test_where_one_fails_the_others_go_on(sites, how):
    first, second = sites
    first.query("CREATE TABLE auth_user ()")

    said = first.manage("migrate_databases", *how, code=1)

    assert "client1  FAILED" in said
    assert "client2  migrated" in said
    assert 'relation "auth_user" already exists' in said
    assert "type `manage.py migrate_databases --database client1`" in said
    assert second.query(USERS) == []


@pytest.mark.django_db(databases=BOTH)
def test_where_one_cannot_be_reached_it_says_why():
    with connected_with(alias="other", NAME="nowhere"):
        outcome = migrate_one("other", verbosity=0)

    assert 'database "nowhere" does not exist' in outcome.error
    assert "Traceback" not in outcome.error


@pytest.mark.django_db
def test_where_one_exits_it_has_failed():
    def leave(**kwargs):
        raise SystemExit(0)

    pre_migrate.connect(leave)
    try:
        outcome = migrate_one("default", verbosity=0)
    finally:
        pre_migrate.disconnect(leave)

    assert outcome.error.endswith("SystemExit: 0\n")


class Death:
    """Ends the process that reads it, as a system that is out of memory does."""

    def __reduce__(self):
        return os._exit, (1,)


@pytest.mark.django_db(databases=BOTH)
def test_where_ones_process_is_killed_the_others_go_on(monkeypatch):
    monkeypatch.setitem(connections.settings, "other", {"NAME": Death()})

    outcomes = migrate_all(["other", "default"], verbosity=0, processes=2)

    errors = {each.alias: each.error for each in outcomes}
    assert "terminated abruptly" in errors.pop("other")
    assert errors == {"default": ""}


@pytest.mark.parametrize("how", [["--parallel", "0"], ["--parallel", "x"]])
def test_it_refuses_a_number_that_is_none(sites, how):
    assert "--parallel" in sites[0].manage("migrate_databases", *how, code=2)


@pytest.mark.parametrize(
    "command",
    [
        ["migrate_databases", "--database", "client3"],
        ["with_database", "client3", "migrate"],
        ["with_database", "default", "migrate"],
    ],
)
def test_an_unknown_alias_is_refused_with_those_there_are(sites, command):
    said = sites[0].manage(*command, code=1)

    assert "in DATABASES. Choose one of: 'client1', 'client2'." in said
    assert "Traceback" not in said


def test_with_database_tells_commands_that_have_a_database_of_their_own(migrated):
    first = migrated[0]
    first.manage(
        *("with_database", "client2", "createsuperuser", "--noinput"),
        *("--username", "ann", "--email", "ann@example.com"),
        DJANGO_SUPERUSER_PASSWORD="secret",
    )
    first.manage("with_database", "client2", "create_schema", "a", "--user", "ann")

    assert [site.query(USERS) for site in migrated] == [[], [("ann",)]]
    assert [site.query(SCHEMATA) for site in migrated] == [[], [("a",)]]
    assert "a  active" in first.manage("with_database", "client2", "list_schemata")
    assert "1 users" in first.manage("list_schemata", "--database", "client2")


def test_with_database_runs_code_that_asks_the_router(migrated):
    first, second = migrated
    first.manage("create_schema", "a", "--database", "client2")
    code = "from tests.testapp.models import Account; Account.objects.create(owner='here')"

    first.manage(*("with_database", "client2", "with_schema", "--schema", "a"), "shell", "-c", code)

    assert second.query("SELECT owner FROM a.testapp_account") == [("here",)]
    dumped = first.manage(
        *("with_database", "client2", "with_schema", "--schema", "a"), "dumpdata", "testapp.account"
    )
    assert '"owner": "here"' in dumped


def test_commands_with_a_database_of_their_own_need_no_other(migrated, tmp_path):
    first, second = migrated
    first.manage("with_database", "client1", "shell", "-c", MAKE_USER)
    first.manage("create_schema", "a", "--database", "client1", "--user", "ann")
    dump = tmp_path / "dump.json"
    what = ("auth.user", "boardinghouse", "--database", "client1")
    first.manage("dumpdata", *what, "--output", str(dump))

    first.manage("loaddata", str(dump), "--database", "client2")

    assert second.query(USERS) == [("ann",)]
    assert second.query("SELECT count(*) FROM boardinghouse_schema_users") == [(1,)]


MAKE_USER = "from django.contrib.auth.models import User; User.objects.create_user('ann')"


def test_code_enters_no_schema_of_another_database(migrated):
    first, _ = migrated
    for alias in ("client1", "client2"):
        first.manage("create_schema", "a", "--database", alias)

    said = first.shell(
        "from boardinghouse.contrib.databases import database\n"
        "from boardinghouse.exceptions import WrongDatabase\n"
        "from boardinghouse.models import Schema\n"
        "from boardinghouse.schema import override\n"
        "with database('client1'):\n"
        "    schema = Schema.objects.get()\n"
        "with database('client2'):\n"
        "    try:\n"
        "        override(schema).__enter__()\n"
        "    except WrongDatabase as error:\n"
        "        print(error)\n"
    )

    assert "boardinghouse.Schema 'a' is in the database 'client1'" in said


@pytest.mark.parametrize("command", ["list_schemata", "check", "migrate_databases"])
def test_with_database_refuses_another_one(migrated, command):
    said = migrated[0].manage(
        *("with_database", "client2", command, "--database", "client1"), code=1
    )

    assert "would run on the database 'client1', and 'client2' was chosen" in said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["client1"], "Say which command to run"),
        (["client1", "nope"], "There is no command 'nope'"),
        (["client1", "list_schemata", "--nope"], "unrecognized arguments: --nope"),
    ],
)
def test_with_database_says_what_is_wrong(migrated, line, said):
    assert said in migrated[0].manage("with_database", *line, code=1)


def test_with_database_takes_a_separator(migrated):
    migrated[0].manage("with_database", "client1", "--", "check", "--database", "client1")


def test_without_a_database_commands_ask_for_one(migrated):
    first, _ = migrated

    assert "required: --database" in first.manage("list_schemata", code=2)
    assert "required: --database" in first.manage("create_schema", "a", code=2)
    said = first.manage("shell", "-c", MAKE_USER, code=1)
    assert "NoActiveDatabase: auth.User is in each customer's database" in said
    assert "makemigrations" not in first.manage("makemigrations", "--check", "--dry-run")


def test_another_database_than_the_active_one_is_not_migrated(sites):
    said = sites[0].shell(
        "from django.core.management import call_command\n"
        "from boardinghouse.contrib.databases import database\n"
        "from boardinghouse.exceptions import WrongDatabase\n"
        "try:\n"
        "    with database('client1'): call_command('migrate', database='client2', verbosity=0)\n"
        "except WrongDatabase as error: print(error)\n"
    )

    assert "'client1' is active, and 'client2' would be migrated" in said
    assert [site.query(TABLES) for site in sites] == [[(0,)], [(0,)]]


@pytest.mark.django_db(databases=BOTH)
def test_a_schema_moves_from_one_customer_to_another(customers, tmp_path):
    path = str(tmp_path / "a.dump")

    call_command("dump_schema", "a", path, database="default", verbosity=0)
    call_command("load_schema", path, "moved", database="other")

    with database("other"), override("moved"):
        assert [each.owner for each in Account.objects.all()] == ["default:a"]
        assert [each.first_name for each in Schema.objects.get(pk="moved").users.all()] == ["other"]
