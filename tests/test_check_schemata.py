"""check_schemata: what differs is named, what is safe is put back, and the exit status tells."""

import io
import json
import threading
from contextlib import nullcontext

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from boardinghouse import ddl, drift, journal, removal, repair
from boardinghouse.management.commands import check_schemata
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import override, working_in
from boardinghouse.turns import Turn
from tests.catalog import catalog, difference, indexes_of, run
from tests.conftest import count_sets
from tests.zoo.models import Animal, Kind


def check(*arguments, code=0):
    """Run the command; return what it wrote, and what it said at the end."""
    out, advice = io.StringIO(), ""
    with pytest.raises(CommandError) if code else nullcontext() as caught:
        call_command("check_schemata", *arguments, stdout=out)
    if code:
        advice = str(caught.value)
        assert caught.value.returncode == code
    return out.getvalue(), advice


def run_in(schema, *statements):
    with working_in(schema):
        run(*statements)


def drop_index_column_and_check(schema):
    run_in(
        schema,
        "DROP INDEX zoo_animal_lower",
        "ALTER TABLE zoo_kind DROP COLUMN latin",
        "ALTER TABLE zoo_animal DROP CONSTRAINT zoo_animal_has_weight",
    )


def interrupt_migration(*left):
    """Do in the template what these schemata have yet to do."""
    entry = journal.Entry("zoo", "0002_rows", False, [], 0, [], 1, [], 1, 1)
    journal.write(connection, entry)
    journal.add_pending(connection, entry, list(left))
    run_in(TEMPLATE, "ALTER TABLE zoo_kind ADD COLUMN legs int")


@pytest.mark.django_db
class TestChecking:
    def test_all_well(self, schemata):
        assert check() == ("All 2 schemata are like the template.\n", "")

    def test_a_difference_is_named_with_its_schema(self, schemata):
        run_in("b", "DROP INDEX zoo_animal_lower")

        said, advice = check(code=1)

        assert said == "b: index zoo_animal_lower is missing\n"
        assert "1 of 2 schemata differ from the template." in advice
        assert "--repair" in advice
        assert "zoo_animal_lower" not in indexes_of("b", "zoo_animal")

    def test_only_those_that_are_named_are_checked(self, schemata):
        run_in("b", "DROP INDEX zoo_animal_lower")
        run("CREATE SCHEMA lost", "CREATE TABLE lost.zoo_kind (n int)")

        assert check("a")[0] == "All 1 schemata are like the template.\n"
        assert check("a", "b", code=1)[0] == "b: index zoo_animal_lower is missing\n"

    def test_while_a_migration_is_unfinished_it_says_what_to_type(self, schemata):
        interrupt_migration("a", "b")

        said, advice = check("b", code=1)

        assert said == "b: column zoo_kind.legs is missing\n"
        assert "manage.py migrate" in advice
        assert "--repair" not in advice

    def test_an_unknown_name_is_refused(self, schemata):
        with pytest.raises(CommandError, match=r"no schema 'zz'.*list_schemata"):
            call_command("check_schemata", "a", "zz")

    def test_a_row_without_a_schema_is_named(self, schemata):
        ddl.drop(connection, "b")

        said, advice = check(code=1)

        assert said == "b: has a row, but PostgreSQL has no such schema\n"
        assert "drop_schema NAME" in advice

    def test_a_schema_without_a_row_is_named(self, schemata):
        run("CREATE SCHEMA lost", "CREATE TABLE lost.zoo_kind (n int)")

        said, advice = check(code=1)

        assert said == "lost: is in PostgreSQL, but has no row\n"
        assert "DROP SCHEMA" in advice

    def test_spares_are_compared_too(self, schemata):
        run("CREATE SCHEMA _spare_1")

        assert "_spare_1: table zoo_kind is missing\n" in check(code=1)[0]
        assert "_spare_1: table zoo_kind is missing\n" in check("_spare_1", code=1)[0]
        check("a", "b")

    def test_inactive_schemata_are_compared_too(self, schemata):
        schemata[1].delete()
        run_in("b", "DROP INDEX zoo_animal_lower")

        assert check(code=1)[0] == "b: index zoo_animal_lower is missing\n"

    def test_what_an_interrupted_drop_has_left_is_named_with_what_finishes_it(self, schemata):
        removal.retire(connection, "a")
        Schema.objects.all()._delete_row(connection, "a")
        ((left, _name),) = removal.unfinished(connection)

        said, advice = check(code=1)

        assert said == f"{left}: is what an interrupted drop has left of 'a'\n"
        assert advice == (
            "To finish what was being dropped, type `manage.py drop_schema a --noinput`."
        )

    def test_json(self, schemata):
        run_in("b", "DROP INDEX zoo_animal_lower")
        run("CREATE SCHEMA lost", "CREATE TABLE lost.zoo_kind (n int)")
        ddl.drop(connection, "a")

        found = json.loads(check("--json", code=1)[0])

        (difference,) = found.pop("differences")
        assert found == {"compared": 1, "missing": ["a"], "orphans": ["lost"], "remains": []}
        assert difference.pop("wanted").startswith("CREATE INDEX zoo_animal_lower ON b.zoo_animal")
        assert difference == {
            "schema": "b",
            "kind": "index",
            "name": "zoo_animal_lower",
            "table": "zoo_animal",
            "aspect": "definition",
            "found": None,
            "problem": "missing",
            "repaired": False,
            "reason": None,
        }

    def test_before_there_is_a_template(self, schemata):
        run(f"DROP SCHEMA {TEMPLATE} CASCADE")

        with pytest.raises(CommandError, match=r"no template schema.*migrate"):
            call_command("check_schemata")

    def test_with_no_verbosity_only_differences_are_written(self, schemata):
        assert check("-v", "0") == ("", "")

    def test_the_number_of_queries_does_not_grow(self, schemata):
        counts = []
        for more in ((), "cdefgh"):
            Schema.objects.mass_create(*more)
            with CaptureQueriesContext(connection) as captured:
                check()
            counts.append(len(captured) - count_sets(captured))

        assert counts == [len(drift.QUESTIONS) + 6] * 2

    def test_a_large_fleet_shows_progress(self, schemata, monkeypatch):
        monkeypatch.setattr(check_schemata, "MANY", 1)

        assert "Comparing 2 schemata: 10 of 10 questions" in check()[0]
        json.loads(check("--json")[0])


@pytest.mark.django_db
class TestRepairing:
    def test_what_is_missing_and_safe_is_put_back(self, schemata):
        drop_index_column_and_check("b")

        said, _advice = check("--repair")

        assert said.splitlines() == [
            "b: constraint zoo_animal.zoo_animal_has_weight is missing: repaired",
            "b: index zoo_animal_lower is missing: repaired",
            "b: column zoo_kind.latin is missing: repaired",
        ]
        in_order = sorted(catalog("b")), sorted(catalog(TEMPLATE))
        assert {line for line in difference(*in_order) if "column zoo_kind" not in line} == set()
        assert check()[0] == "All 2 schemata are like the template.\n"

    def test_rows_are_kept_and_a_column_gets_its_default(self, schemata):
        with override("a"):
            Kind.objects.create(pk=7, name="of a", latin="untouched")
        with override("b"):
            Kind.objects.create(pk=7, name="of b", latin="lost")
        drop_index_column_and_check("b")

        check("--repair")

        with override("b"):
            assert Kind.objects.values_list("name", "latin").get(pk=7) == ("of b", "")
        with override("a"):
            assert Kind.objects.values_list("name", "latin").get(pk=7) == ("of a", "untouched")

    @pytest.mark.parametrize(
        ("statement", "reason"),
        [
            ("DROP TABLE zoo_elephant", "only a missing index, constraint"),
            ("ALTER TABLE zoo_kind ADD COLUMN own int", "only a missing index, constraint"),
            ("ALTER TABLE zoo_kind ALTER latin TYPE text", "only a missing index, constraint"),
            ("ALTER TABLE zoo_show DROP COLUMN id CASCADE", "it numbers the rows"),
            ("ALTER TABLE zoo_animal DROP COLUMN heavy CASCADE", "adding it rewrites the table"),
            ("ALTER TABLE zoo_part DROP COLUMN role", "it is NOT NULL and has no default"),
        ],
    )
    def test_what_is_not_safe_is_left_with_the_reason(self, schemata, statement, reason):
        run_in("b", statement)
        before = catalog("b")

        said, advice = check("--repair", code=1)

        assert f"({reason}" in said
        assert "needs a person" in advice
        if "zoo_show" not in statement and "role" not in statement:
            assert catalog("b") == before

    def test_one_that_fails_is_left_and_the_others_go_on(self, schemata):
        for name in ("a", "b"):
            run_in(name, "ALTER TABLE zoo_kind DROP CONSTRAINT zoo_kind_name_key")
        with override("b"):
            Kind.objects.bulk_create([Kind(name="twice"), Kind(name="twice")])
        for name in ("a", "b"):
            drop_index_column_and_check(name)

        said, _advice = check("--repair", code=1)

        assert "b: constraint zoo_kind.zoo_kind_name_key is missing (could not create" in said
        assert "a: constraint zoo_kind.zoo_kind_name_key is missing: repaired" in said
        assert said.count(": repaired") == 7
        assert check(code=1)[0] == "b: constraint zoo_kind.zoo_kind_name_key is missing\n"

    def test_keys_come_before_what_refers_to_them(self, schemata):
        run_in("b", "ALTER TABLE zoo_kind DROP CONSTRAINT zoo_kind_pkey CASCADE")

        said, _advice = check("--repair")

        assert "constraint zoo_kind.zoo_kind_pkey is missing: repaired" in said
        assert said.count("fk_zoo_kind_id is missing: repaired") == 1

    def test_a_foreign_key_to_a_shared_table_goes_there_again(self, schemata):
        run_in("b", "ALTER TABLE zoo_animal DROP COLUMN keeper_id")

        check("--repair")

        with override("b"):
            assert list(Animal.objects.filter(keeper=None)) == []
        assert check()[1] == ""

    def test_comments_come_back_too(self, schemata):
        run_in(
            TEMPLATE,
            "COMMENT ON COLUMN zoo_animal.weight IS 'in ''kg''\\'",
            "COMMENT ON INDEX zoo_animal_lower IS 'low'",
            "COMMENT ON CONSTRAINT zoo_animal_has_weight ON zoo_animal IS 'heavy'",
        )
        for name in ("a", "b"):
            run_in(
                name,
                "DROP INDEX zoo_animal_lower",
                "ALTER TABLE zoo_animal DROP CONSTRAINT zoo_animal_has_weight",
                "COMMENT ON COLUMN zoo_animal.weight IS 'in ''kg''\\'",
            )

        assert check("--repair")[0].count(": repaired") == 4

    def test_a_not_null_that_is_not_inherited_comes_back_so(self, schemata):
        if connection.pg_version < 180000:
            pytest.skip("came with PostgreSQL 18")
        add = "ALTER TABLE zoo_kind ADD COLUMN legs int DEFAULT 1 NOT NULL NO INHERIT"
        run_in(TEMPLATE, add)
        run_in("a", add)

        check("--repair")

        assert difference(catalog("a"), catalog("b")) == []

    def test_while_a_migration_is_unfinished_nothing_is_repaired(self, schemata):
        interrupt_migration("b")
        run_in("a", "DROP INDEX zoo_animal_lower")
        before = catalog("a"), catalog("b")

        said, advice = check("--repair", code=1)

        assert (catalog("a"), catalog("b")) == before
        assert said == ""
        assert advice.startswith("Nothing was repaired.")
        assert "manage.py migrate" in advice

    def test_nobody_migrates_meanwhile_and_then_one_may(self, schemata, monkeypatch):
        turns = []
        take, end = Turn.take, Turn.end
        monkeypatch.setattr(Turn, "take", lambda turn: turns.append("taken") or take(turn))
        monkeypatch.setattr(Turn, "end", lambda turn: turns.append(turn.is_taken) or end(turn))

        check("--repair")
        check()

        assert turns == ["taken", True, False]

    def test_json_tells_what_became_of_each(self, schemata):
        run_in("b", "DROP INDEX zoo_animal_lower", "DROP TABLE zoo_elephant")

        found = json.loads(check("--repair", "--json", code=1)[0])["differences"]

        assert [(each["name"], each["repaired"]) for each in found] == [
            ("zoo_animal_lower", True),
            ("zoo_elephant", False),
        ]
        assert found[1]["reason"] == repair.UNSAFE


@pytest.mark.django_db(transaction=True)
class TestLocks:
    def test_a_busy_table_is_given_up_and_named(self, committed_schemata, monkeypatch):
        monkeypatch.setattr(repair, "LOCK_TIMEOUT", "50ms")
        for name in ("a", "b"):
            run_in(name, "DROP INDEX zoo_animal_lower")
        locked, done = threading.Event(), threading.Event()

        def work():
            with connections["default"].cursor() as cursor:
                cursor.execute("BEGIN")
                cursor.execute("LOCK TABLE a.zoo_animal IN ROW EXCLUSIVE MODE")
                locked.set()
                done.wait(30)
                cursor.execute("ROLLBACK")
            connections["default"].close()

        thread = threading.Thread(target=work)
        thread.start()
        locked.wait(30)
        try:
            said, _advice = check("--repair", code=1)
        finally:
            done.set()
            thread.join()

        assert "a: index zoo_animal_lower is missing (canceling statement due to lock" in said
        assert "b: index zoo_animal_lower is missing: repaired" in said
        assert connection.in_atomic_block is False

    def test_each_object_is_in_a_transaction_of_its_own(self, committed_schemata):
        drop_index_column_and_check("b")
        found = drift.find_differences(connection, ["b"])

        outcomes = repair.repair(connection, found)
        next(outcomes)
        outcomes.close()

        left = drift.find_differences(connection, ["b"])
        assert len(left) == len(found) - 1
