"""create_schema, drop_schema, list_schemata, with_schema."""

import io
import json
import re
from contextlib import closing, nullcontext
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from boardinghouse import ddl, journal
from boardinghouse.models import Schema
from boardinghouse.schema import get_active_schema_name, override
from tests import catalog
from tests.conftest import owners
from tests.testapp.models import Account


def run(*arguments, **options):
    """Run a command and return what it wrote."""
    out = options.pop("stdout", io.StringIO())
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


class TestCreateSchema:
    def test_creates_row_and_schema(self, db):
        User.objects.create_user("ann")

        said = run("create_schema", "hamilton", "--name", "Hamilton Hall", "--user", "ann")

        schema = Schema.objects.get(pk="hamilton")
        assert (schema.name, [user.username for user in schema.users.all()]) == (
            "Hamilton Hall",
            ["ann"],
        )
        with override("hamilton"):
            assert owners() == []
        assert said == "Schema 'hamilton' was created.\n"

    @pytest.mark.parametrize("name", ["Hamilton", "pg_x", "public", "__template__", "a b", "é", ""])
    def test_refuses_a_bad_name(self, db, name):
        with pytest.raises(CommandError, match="cannot be a schema's name"):
            run("create_schema", name)

        assert not Schema.objects.exists()

    @pytest.mark.parametrize("source", [[], ["--from", "a"]])
    def test_refuses_a_display_name_that_is_too_long(self, schemata, source):
        with pytest.raises(CommandError, match=r"'n+' cannot be a display name\. .*128"):
            run("create_schema", "c", "--name", "n" * 129, *source)

        assert not ddl.schema_exists(connection, "c")

    def test_says_what_to_type_before_anything_is_migrated(self, db):
        catalog.run("ALTER TABLE public.boardinghouse_schema RENAME TO other")

        with pytest.raises(CommandError, match=r"no table of schemata yet.*manage\.py migrate"):
            run("create_schema", "hamilton")

    def test_refuses_a_name_that_is_taken(self, schemata):
        with pytest.raises(CommandError, match="'a' exists already"):
            run("create_schema", "a", "--name", "Another")

        with override("a"):
            assert owners() == ["a"]

    def test_refuses_a_display_name_that_is_taken(self, schemata):
        with pytest.raises(CommandError, match="people see as 'a'"):
            run("create_schema", "c", "--name", "a")

        assert not ddl.schema_exists(connection, "c")

    def test_copies_another_schema_with_its_rows(self, schemata):
        run("create_schema", "c", "--from", "a", "--name", "Copy of a")

        with override("c"):
            assert owners() == ["a"]
        assert Schema.objects.get(pk="c").name == "Copy of a"

    @pytest.mark.parametrize("source", ["zz", "__template__", "public"])
    def test_refuses_an_unknown_source(self, schemata, source):
        with pytest.raises(CommandError, match=rf"no schema '{source}'.*list_schemata"):
            run("create_schema", "c", "--from", source)

        assert not ddl.schema_exists(connection, "c")

    def test_refuses_a_source_that_postgresql_does_not_have(self, schemata):
        ddl.drop(connection, "a")

        with pytest.raises(CommandError, match="'a' does not exist"):
            run("create_schema", "c", "--from", "a")

    def test_refuses_an_unknown_user_and_creates_nothing(self, db):
        with pytest.raises(CommandError, match="no user 'bob'"):
            run("create_schema", "hamilton", "--user", "bob")

        assert not ddl.schema_exists(connection, "hamilton")


class TestDropSchema:
    def test_drops_row_and_schema(self, schemata):
        said = run("drop_schema", "a", interactive=False)

        assert not ddl.schema_exists(connection, "a")
        assert [schema.pk for schema in Schema.objects.all()] == ["b"]
        with override("b"):
            assert owners() == ["b"]
        assert said == "Schema 'a' was dropped.\n"

    def test_says_what_to_type_when_nobody_can_confirm(self, schemata, monkeypatch):
        monkeypatch.setattr("sys.stdin", io.StringIO("a\n"))

        with pytest.raises(CommandError, match="drop_schema a --noinput"):
            run("drop_schema", "a")

        assert ddl.schema_exists(connection, "a")

    @pytest.mark.parametrize(("typed", "stays"), [("a", False), ("b", True), ("yes", True)])
    def test_asks_for_the_name(self, schemata, monkeypatch, typed, stays):
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("builtins.input", lambda prompt: typed)

        outcome = pytest.raises(CommandError, match="not confirmed") if stays else nullcontext()
        with outcome:
            run("drop_schema", "a")

        assert ddl.schema_exists(connection, "a") is stays

    def test_drops_several_and_asks_once(self, schemata, monkeypatch):
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("builtins.input", lambda prompt: "a b")

        said = run("drop_schema", "a", "b")

        assert not Schema.objects.exists()
        assert said.endswith("Schema 'a' was dropped.\nSchema 'b' was dropped.\n")

    @pytest.mark.django_db(transaction=True)
    def test_one_that_is_busy_is_named_with_those_that_were_dropped(
        self, committed_schemata, settings
    ):
        settings.BOARDINGHOUSE_LOCK_TIMEOUT = 0.2
        other, said = connection.copy(), io.StringIO()
        with closing(other), other.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE b.testapp_account IN ACCESS SHARE MODE")

            with pytest.raises(CommandError, match=r"'b' was not dropped.*drop_schema b --noinput"):
                run("drop_schema", "a", "b", interactive=False, stdout=said)

            cursor.execute("ROLLBACK")
        assert said.getvalue().endswith("Schema 'a' was dropped.\n")
        with override("b"):
            assert owners() == ["b"]
        assert [schema.pk for schema in Schema.objects.all()] == ["b"]

    def test_an_unknown_name_among_several_drops_none(self, schemata):
        with pytest.raises(CommandError, match="no schema 'zz'"):
            run("drop_schema", "a", "zz", interactive=False)

        assert ddl.schema_exists(connection, "a")

    def test_refuses_an_unknown_name(self, schemata):
        with pytest.raises(CommandError, match=r"no schema 'zz'.*list_schemata"):
            run("drop_schema", "zz", interactive=False)


class TestListSchemata:
    def test_lists_in_columns(self, schemata):
        Schema.objects.filter(pk="b").delete()
        ddl.drop(connection, "a")

        missing, inactive = run("list_schemata").splitlines()

        assert missing.split() == ["a", "missing", "0", "users", "-", "-", "-", "a"]
        size = r"\d+\.\d [KM]B +\d+ rows +migrated +b"
        assert re.fullmatch(rf"b  inactive      0 users +{size}", inactive)

    def test_lists_as_json(self, schemata):
        schemata[0].users.add(User.objects.create_user("ann"))

        found = json.loads(run("list_schemata", "--json"))

        assert all(each.pop("bytes") > 100_000 for each in found)
        assert all(each.pop("rows") >= 0 for each in found)
        common = {"is_active": True, "exists": True, "pending": []}
        assert found == [
            {"schema": "a", "name": "a", "users": 1, **common},
            {"schema": "b", "name": "b", "users": 0, **common},
        ]

    def test_the_rows_are_those_of_each_schema(self, schemata):
        def count():
            with connection.cursor() as cursor:
                for name in ("a", "b"):
                    for table in catalog.tables_in(name):
                        cursor.execute(f'ANALYZE {name}."{table}"')
            found = json.loads(run("list_schemata", "--json"))
            return {each["schema"]: each["rows"] for each in found}

        before = count()
        with override("b"):
            Account.objects.bulk_create(Account(pk=100 + n, owner="b") for n in range(40))

        assert count() == {"a": before["a"], "b": before["b"] + 40}

    def test_a_schema_that_is_gone_has_no_size(self, schemata):
        ddl.drop(connection, "a")

        (found, _other) = json.loads(run("list_schemata", "--json"))

        assert (found["bytes"], found["rows"], found["pending"]) == (None, None, [])

    def test_migrations_to_apply_are_told(self, schemata):
        MigrationRecorder(connection).record_unapplied("zoo", "0002_rows")

        found = json.loads(run("list_schemata", "--json"))

        assert [each["pending"] for each in found] == [["zoo.0002_rows"]] * 2
        assert run("list_schemata").count("1 to apply") == 2

    def test_an_unfinished_migration_is_told_of_those_that_are_behind(self, schemata):
        MigrationRecorder(connection).record_unapplied("zoo", "0002_rows")
        entry = journal.Entry("zoo", "0002_rows", False, [], 0, [], 1, [], 1, 1)
        journal.write(connection, entry)
        journal.add_pending(connection, entry, ["a", "b"])
        journal.mark_done(connection, entry, ["a"])

        found = json.loads(run("list_schemata", "--json"))

        assert [each["pending"] for each in found] == [[], ["zoo.0002_rows"]]

    @pytest.mark.parametrize("more", [(), tuple("cdef")])
    def test_costs_six_queries_for_any_number(self, schemata, django_assert_num_queries, more):
        Schema.objects.mass_create(*more)
        assert Schema.objects.exists()  # the path is public again

        # The table, its rows, their sizes; Django's table and rows of migrations; the unfinished.
        with django_assert_num_queries(6):
            run("list_schemata")

    def test_says_what_to_type_when_there_are_none(self, db):
        assert "create_schema NAME" in run("list_schemata")

    def test_an_empty_list_is_json_too(self, db):
        assert json.loads(run("list_schemata", "--json")) == []


class TestWithSchema:
    def test_runs_a_command_in_a_schema(self, schemata, capsys):
        call_command("with_schema", "--schema", "a", "dumpdata", "testapp.Account")

        assert [each["fields"]["owner"] for each in json.loads(capsys.readouterr().out)] == ["a"]
        assert get_active_schema_name() is None

    def test_runs_a_command_in_several_with_its_own_options(self, schemata):
        said = run(
            "with_schema",
            "--schema",
            "a",
            "--schema",
            "b",
            "dumpdata",
            "testapp.Account",
            "--format",
            "jsonl",
        )

        assert "In schema 'a':" in said
        assert (
            said.index('"owner": "a"') < said.index("In schema 'b':") < said.index('"owner": "b"')
        )

    def test_runs_a_command_in_all_active_ones(self, schemata):
        Schema.objects.filter(pk="b").delete()

        said = run("with_schema", "--all", "dumpdata", "testapp.Account")

        assert '"owner": "a"' in said
        assert '"owner": "b"' not in said

    def test_runs_a_shell(self, schemata):
        code = "from tests.testapp.models import Account; Account.objects.update(owner='shell')"

        run("with_schema", "--schema", "a", "shell", "--command", code, "--no-imports")

        with override("a"):
            assert owners() == ["shell"]
        with override("b"):
            assert owners() == ["b"]

    def test_refuses_an_unknown_name_before_anything_runs(self, schemata):
        code = "from tests.testapp.models import Account; Account.objects.all().delete()"

        with pytest.raises(CommandError, match="no schema 'zz'"):
            run(
                "with_schema",
                "--schema",
                "a",
                "--schema",
                "zz",
                "shell",
                "--no-imports",
                "--command",
                code,
            )

        with override("a"):
            assert Account.objects.count() == 1

    def test_refuses_a_schema_that_postgresql_does_not_have(self, schemata):
        ddl.drop(connection, "a")

        with pytest.raises(CommandError, match="PostgreSQL has no such schema"):
            run("with_schema", "--schema", "a", "check")

    def test_says_which_schema_a_command_failed_in(self, schemata):
        with pytest.raises(CommandError, match=r"In schema 'a': .*nosuchapp"):
            run("with_schema", "--schema", "a", "dumpdata", "nosuchapp")

    @pytest.mark.parametrize(
        "arguments", [["--schema", "a"], ["check"], ["--all", "--schema", "a"]]
    )
    def test_says_how_it_is_called(self, schemata, arguments):
        with pytest.raises(CommandError):
            run("with_schema", *arguments)


def test_a_separator_before_the_command_is_none_of_its_words(schemata):
    assert '"owner": "a"' in run(
        "with_schema", "--schema", "a", "--", "dumpdata", "testapp.Account"
    )


@pytest.mark.parametrize(
    "command",
    [
        ["list_schemata"],
        ["with_schema", "--all", "check"],
        ["create_schema", "c"],
        ["create_schema", "c", "--user", "ann"],
    ],
)
def test_before_migrate_a_command_says_what_to_type(db, command):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE boardinghouse_schema RENAME TO away")

    with pytest.raises(CommandError, match=r"manage\.py migrate"):
        run(*command)


@pytest.mark.parametrize(
    "command", [["list_schemata"], ["create_schema", "c"], ["drop_schema", "a", "--noinput"]]
)
def test_a_database_of_another_kind_is_refused(db, monkeypatch, command):
    plain = SimpleNamespace(settings_dict={"ENGINE": "django.db.backends.sqlite3"})
    monkeypatch.setattr("boardinghouse.management.options.connections", {"default": plain})

    with pytest.raises(CommandError, match=r"'default' can have no schemata: .*sqlite3"):
        run(*command)
