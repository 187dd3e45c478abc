"""adopt_public, from a database that plain Django filled."""

import os

import pytest
from django.core.management import CommandError, call_command

from tests.project import Project, empty_database

FILL = """
from django.contrib.auth.models import Group, User
from tests.testapp.models import Account, Entry, Project, Region, Team
ann, bob = User.objects.create_user("ann"), User.objects.create_user("bob")
group = Group.objects.create(name="staff")
ann.groups.add(group)
north = Region.objects.create(name="north")
account = Account.objects.create(owner="first", region=north, keeper=ann)
Entry.objects.create(account=account, amount=5)
project = Project.objects.create()
project.teams.add(Team.objects.create(name="red"))
project.accounts.add(account)
"""

READ = """
from django.contrib.auth.models import User
from boardinghouse.schema import override
from tests.testapp.models import Account, Entry, Project
ann = User.objects.get(username="ann")
print("nowhere", list(ann.groups.all()))
with override("first"):
    print(Account.objects.get().region.name, Account.objects.get().keeper.username)
    print(Entry.objects.get().amount, Entry.objects.get().account.owner)
    print(list(ann.groups.values_list("name", flat=True)))
    project = Project.objects.get()
    print(project.teams.get().name, project.accounts.get().owner)
    print("next", Account.objects.create(owner="next").pk)
print(sorted(ann.schemata.values_list("pk", "name")))
"""


@pytest.fixture(scope="module")
def filled(django_db_setup, django_db_blocker):
    """A database that plain Django migrated and filled, to be copied for each test."""
    with django_db_blocker.unblock(), empty_database(f"test_plain_{os.getpid()}") as name:
        plain = Project("tests.projects.plain", name)
        plain.manage("migrate", "--verbosity=0")
        plain.shell(FILL)
        yield name


@pytest.fixture
def project(filled, django_db_blocker):
    """A project with such a database, which has just installed boardinghouse and migrated."""
    with django_db_blocker.unblock(), empty_database(f"test_adopted_{os.getpid()}") as name:
        project = Project("tests.projects.adopted", name)
        project.database = "postgres"
        project.query(f'DROP DATABASE "{name}"')
        project.query(f'CREATE DATABASE "{name}" TEMPLATE "{filled}"')
        project.database = name
        yield project


def tables_in(project, schema):
    return {
        name
        for (name,) in project.query(
            f"SELECT tablename FROM pg_tables WHERE schemaname = '{schema}'"
        )
    }


PRIVATE = {
    "auth_user_groups",
    "auth_user_user_permissions",
    "testapp_account",
    "testapp_entry",
    "testapp_project",
    "testapp_project_accounts",
    "testapp_project_teams",
}


def test_a_plain_database_becomes_the_first_schema(project):
    said = project.manage("migrate")
    assert "boardinghouse.W007" in said
    assert "adopt_public NAME" in said

    said = project.manage("adopt_public", "first", "--name", "The First")

    assert "testapp_account: 1 rows" in said
    assert "2 users are members" in said
    assert project.shell(READ).splitlines()[-7:] == [
        "nowhere []",
        "north ann",
        "5 first",
        "['staff']",
        "red first",
        "next 2",
        "[('first', 'The First')]",
    ]
    assert tables_in(project, "first") == tables_in(project, "__template__") == PRIVATE
    assert not PRIVATE & tables_in(project, "public")


def test_afterwards_checks_are_silent_and_other_schemata_can_be_created(project):
    project.manage("migrate", "--verbosity=0")
    project.manage("adopt_public", "first")

    assert "boardinghouse." not in project.manage("check", "--database", "default")
    assert "No migrations to apply" in project.manage("migrate")
    project.manage("create_schema", "second")
    count = "from tests.testapp.models import Account; print(Account.objects.count())"
    said = project.manage("with_schema", "--all", "shell", "--no-imports", "--command", count)
    assert said.splitlines()[-3::2] == ["1", "0"]


def test_a_dry_run_changes_nothing(project):
    project.manage("migrate", "--verbosity=0")
    before = tables_in(project, "public")

    said = project.manage("adopt_public", "first", "--dry-run")

    assert "testapp_account: 1 rows" in said
    assert "dry run" in said
    assert tables_in(project, "public") == before
    assert project.query("SELECT count(*) FROM boardinghouse_schema") == [(0,)]
    assert not tables_in(project, "first") | tables_in(project, "__template__")


def test_before_migrate_it_says_what_to_type(project):
    said = project.manage("adopt_public", "first", code=1)

    assert "manage.py migrate boardinghouse" in said


def test_a_second_time_is_refused(project):
    project.manage("migrate", "--verbosity=0")
    project.manage("adopt_public", "first")

    said = project.manage("adopt_public", "again", code=1)

    assert "create_schema NAME" in said


@pytest.mark.parametrize("name", ["First", "pg_first", "public", "__template__"])
def test_a_bad_name_is_refused(project, name):
    project.manage("migrate", "--verbosity=0")

    said = project.manage("adopt_public", name, code=1)

    assert "cannot be a schema's name" in said
    assert "testapp_account" in tables_in(project, "public")


def test_a_display_name_that_is_too_long_is_refused():
    with pytest.raises(CommandError, match="cannot be a display name"):
        call_command("adopt_public", "first", "--name", "n" * 129)


def test_views_on_tables_that_would_move_are_named(project):
    project.manage("migrate", "--verbosity=0")
    project.query("CREATE VIEW rich AS SELECT * FROM testapp_account")

    said = project.manage("adopt_public", "first", code=1)

    assert "view 'rich' (on 'testapp_account')" in said
    assert "testapp_account" in tables_in(project, "public")


def test_a_foreign_key_of_a_table_that_stays_is_named(project):
    project.manage("migrate", "--verbosity=0")
    project.query("CREATE TABLE foreign_one (id int REFERENCES testapp_account)")

    said = project.manage("adopt_public", "first", code=1)

    assert "foreign key 'foreign_one.foreign_one_id_fkey'" in said


def test_a_private_migration_before_adoption_is_refused_with_what_to_type(project):
    project.manage("migrate", "boardinghouse", "--verbosity=0")
    project.query("DELETE FROM django_migrations WHERE app = 'testapp'")
    project.query("DROP TABLE testapp_project_teams, testapp_project_accounts, testapp_project")

    said = project.manage("migrate", "testapp", "--fake-initial", code=1)

    assert "adopt_public NAME" in said
    assert not tables_in(project, "__template__")
