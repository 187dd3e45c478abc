"""Constraints to shared tables can be left out: deletions are honoured still, orphans found."""

import io
import json
from contextlib import nullcontext

import pytest
from django.contrib.auth.models import User
from django.core import checks
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction
from django.db.models import DO_NOTHING

from boardinghouse import ddl, shared_constraints
from boardinghouse.database_checks import check_shared_constraints
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import override, working_in
from boardinghouse.turns import Turn
from tests.catalog import catalog, difference
from tests.conftest import owners
from tests.testapp.models import Account, Region

KEEPER = "testapp_account.keeper_id"


def command(name, *arguments, code=0):
    """Run a command; return what it wrote, and what it said at the end."""
    out, advice = io.StringIO(), ""
    with pytest.raises(CommandError) if code else nullcontext() as caught:
        call_command(name, *arguments, stdout=out)
    if code:
        advice = str(caught.value)
    return out.getvalue(), advice


def constraints_in(*schemata):
    return {
        (each.schema, each.name) for each in shared_constraints.find_unwanted(connection, schemata)
    }


@pytest.fixture
def fleet_without(settings, schemata):
    """The schemata a and b, and the template, after their constraints have been dropped."""
    settings.BOARDINGHOUSE_SHARED_CONSTRAINTS = False
    command("shared_constraints")
    return schemata


def orphan(schema, keeper=10**6):
    with override(schema):
        Account.objects.filter(pk=1).update(keeper=keeper)


@pytest.mark.django_db
class TestDropping:
    def test_drops_them_in_the_template_and_every_schema_and_nothing_else(self, schemata, settings):
        before = {name: catalog(name) for name in (TEMPLATE, "a", "b")}
        settings.BOARDINGHOUSE_SHARED_CONSTRAINTS = False

        said, _advice = command("shared_constraints")

        assert constraints_in(TEMPLATE, "a", "b") == set()
        for name, lines in before.items():
            assert all("FOREIGN KEY" in line for line in difference(lines, catalog(name)))
        assert "constraints were dropped." in said

    def test_a_second_time_there_is_nothing_to_do(self, fleet_without):
        assert command("shared_constraints", "--dry-run")[0] == "There is nothing to do.\n"
        assert "0 constraints were dropped." in command("shared_constraints")[0]

    def test_a_dry_run_changes_nothing(self, schemata, settings):
        settings.BOARDINGHOUSE_SHARED_CONSTRAINTS = False
        before = constraints_in(TEMPLATE, "a", "b")

        said, _advice = command("shared_constraints", "--dry-run")

        assert "a: ALTER TABLE testapp_account DROP CONSTRAINT testapp_account_keeper_id_" in said
        assert constraints_in(TEMPLATE, "a", "b") == before != set()

    def test_a_new_schema_has_none(self, fleet_without):
        Schema.objects.create(schema="c", name="c")

        assert constraints_in("c") == set()

    def test_check_schemata_finds_the_schemata_alike(self, fleet_without):
        assert command("check_schemata")[0] == "All 2 schemata are like the template.\n"

    def test_tells_machines(self, schemata, settings):
        settings.BOARDINGHOUSE_SHARED_CONSTRAINTS = False
        found = len(constraints_in("a", "b"))

        said, _advice = command("shared_constraints", "--json")

        assert json.loads(said.splitlines()[-1])["dropped"] == found


@pytest.mark.django_db
class TestAdding:
    def test_puts_back_what_was_there(self, schemata, settings):
        before = {name: catalog(name) for name in (TEMPLATE, "a", "b")}
        settings.BOARDINGHOUSE_SHARED_CONSTRAINTS = False
        command("shared_constraints")
        settings.BOARDINGHOUSE_SHARED_CONSTRAINTS = True

        said, _advice = command("shared_constraints")

        for name, lines in before.items():
            assert difference(lines, catalog(name)) == []
        assert "constraints were added." in said

    def test_a_dry_run_shows_what_the_schemata_would_get_after_the_template(
        self, fleet_without, settings
    ):
        settings.BOARDINGHOUSE_SHARED_CONSTRAINTS = True

        said, _advice = command("shared_constraints", "--dry-run")

        added = int(command("shared_constraints")[0].splitlines()[-1].split()[0])
        of_schemata = [line for line in said.splitlines() if line.startswith(("a: ", "b: "))]
        assert len(of_schemata) == len(set(of_schemata)) == added > 0
        assert of_schemata == sorted(of_schemata, key=lambda line: line[0])

    def test_a_schema_with_orphans_is_left_and_named_and_the_others_go_on(
        self, fleet_without, settings
    ):
        orphan("a")
        settings.BOARDINGHOUSE_SHARED_CONSTRAINTS = True

        _said, advice = command("shared_constraints", code=1)

        assert "1 schemata were left as they are." in advice
        assert "check_schemata --orphans" in advice
        assert "a: insert or update on table" in advice
        assert constraints_in("a") == set()
        assert ("b", KEEPER.replace(".keeper_id", "")) not in constraints_in("b")
        assert any(name.startswith("testapp_account.") for _b, name in constraints_in("b"))

    def test_the_rest_is_added_when_the_orphans_are_gone(self, fleet_without, settings):
        orphan("a")
        settings.BOARDINGHOUSE_SHARED_CONSTRAINTS = True
        command("shared_constraints", code=1)
        with override("a"):
            Account.objects.update(keeper=None)

        command("shared_constraints")

        assert len(constraints_in("a")) == len(constraints_in("b")) > 0


@pytest.mark.django_db
class TestWithout:
    def test_deleting_a_user_still_honours_on_delete_in_every_schema(self, fleet_without):
        user = User.objects.create_user("ann")
        region = Region.objects.create(name="north")
        for name in ("a", "b"):
            with override(name):
                Account.objects.filter(pk=1).update(keeper=user, region=region)

        region.delete()
        _count, by_label = user.delete()

        assert by_label["testapp.Account"] == 2
        with override("a"):
            assert owners() == []

    def test_region_is_set_to_null(self, fleet_without):
        region = Region.objects.create(name="north")
        with override("b"):
            Account.objects.filter(pk=1).update(region=region)

        region.delete()

        with override("b"):
            assert Account.objects.get(pk=1).region_id is None

    def test_postgresql_no_longer_refuses_a_key_to_nobody(self, fleet_without):
        orphan("a")

        connection.check_constraints()

    def test_with_them_it_does(self, schemata):
        orphan("a")

        with pytest.raises(IntegrityError):
            connection.check_constraints()


@pytest.mark.django_db
class TestOrphans:
    def test_are_named_by_schema_and_key(self, fleet_without):
        orphan("b")

        said, advice = command("check_schemata", "--orphans", code=1)

        assert said == f"b: {KEEPER}: 1 row refers to what auth_user has not (1000000)\n"
        assert "point them at others, or delete them" in advice

    def test_are_told_to_machines(self, fleet_without):
        orphan("b")

        said, _advice = command("check_schemata", "--orphans", "--json", code=1)

        (found,) = json.loads(said)["orphaned_rows"]
        assert found["schema"] == "b"
        assert (found["table"], found["column"]) == tuple(KEEPER.split("."))
        assert (found["rows"], found["keys"]) == (1, ["1000000"])

    def test_are_not_looked_for_unasked(self, fleet_without):
        orphan("b")

        assert command("check_schemata")[0] == "All 2 schemata are like the template.\n"

    def test_rows_that_refer_to_somebody_or_to_nothing_are_none(self, fleet_without):
        orphan("a", User.objects.create_user("ann"))

        assert command("check_schemata", "--orphans")[1] == ""

    def test_of_many_some_are_shown(self, fleet_without):
        with override("a"):
            Account.objects.bulk_create(
                Account(pk=2 + number, owner="a", keeper_id=10**6 + number) for number in range(9)
            )

        said, _advice = command("check_schemata", "--orphans", code=1)

        assert "9 rows refer to what auth_user has not (1000000, 1000001, " in said
        assert ", …)" in said

    def test_are_found_in_shares_of_the_lock_table(self, fleet_without, monkeypatch):
        monkeypatch.setattr(ddl, "lock_budget", lambda connection: 1)
        orphan("a")
        orphan("b")

        assert command("check_schemata", "--orphans", code=1)[0].count(KEEPER) == 2


@pytest.mark.django_db
class TestChecks:
    def found(self):
        return [each.id for each in check_shared_constraints(databases=["default"])]

    def test_say_nothing_while_the_template_is_as_the_setting_says(self, fleet_without, settings):
        assert self.found() == []

    def test_name_constraints_that_are_still_there(self, schemata, settings):
        assert self.found() == []
        settings.BOARDINGHOUSE_SHARED_CONSTRAINTS = False

        (found,) = check_shared_constraints(databases=["default"])

        assert found.id == "boardinghouse.W018"
        assert "testapp_account_keeper_id_" in found.msg
        assert "`manage.py shared_constraints`" in found.hint

    def test_name_constraints_that_are_missing(self, fleet_without, settings):
        settings.BOARDINGHOUSE_SHARED_CONSTRAINTS = True

        assert self.found() == ["boardinghouse.W018"]

    def test_warn_of_deletions_that_are_left_to_postgresql(self, settings, monkeypatch):
        remote = Account._meta.get_field("keeper").remote_field
        monkeypatch.setattr(remote, "on_delete", DO_NOTHING)
        assert "boardinghouse.W019" not in [each.id for each in checks.run_checks()]
        settings.BOARDINGHOUSE_SHARED_CONSTRAINTS = False

        found = [each for each in checks.run_checks() if each.id == "boardinghouse.W019"]

        assert Account._meta.get_field("keeper") in [each.obj for each in found]


@pytest.mark.django_db(transaction=True)
class TestBusy:
    def test_a_busy_schema_is_named_and_the_next_run_takes_it(
        self, committed_schemata, settings, tmp_path
    ):
        settings.BOARDINGHOUSE_SHARED_CONSTRAINTS = False
        settings.BOARDINGHOUSE_LOCK_TIMEOUT = 0.01
        other = connections["default"].copy()
        try:
            with working_in("a"), transaction.atomic():
                other.ensure_connection()
                with other.cursor() as cursor:
                    cursor.execute("BEGIN; LOCK TABLE testapp_account IN ACCESS SHARE MODE")

            _said, advice = command("shared_constraints", code=1)

            assert "Type it again." in advice
            assert "a: canceling statement due to lock timeout" in advice
            assert constraints_in("b") == set() != constraints_in("a")
        finally:
            other.close()
        try:
            command("shared_constraints")

            assert constraints_in(TEMPLATE, "a", "b") == set()
        finally:
            settings.BOARDINGHOUSE_SHARED_CONSTRAINTS = True
            settings.BOARDINGHOUSE_LOCK_TIMEOUT = 5
            command("shared_constraints")

    def test_an_unfinished_migration_comes_first(self, committed_schemata, monkeypatch):
        monkeypatch.setattr("boardinghouse.journal.is_there", lambda connection: True)

        assert "Type `manage.py migrate` first" in command("shared_constraints", code=1)[1]
        assert Turn(connection, None).take() is False


def test_a_database_without_schemata_is_refused(db, monkeypatch):
    monkeypatch.setattr("boardinghouse.ddl.table_exists", lambda *arguments: False)

    assert "has no table of schemata yet" in command("shared_constraints", code=1)[1]


def test_a_database_without_a_template_is_refused(db, monkeypatch):
    monkeypatch.setattr("boardinghouse.ddl.schema_exists", lambda *arguments: False)

    assert "no template schema yet" in command("shared_constraints", code=1)[1]
