"""dump_schema and load_schema: one schema in a file, and in another database."""

import json
import os
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, connections, models
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations.base import Operation
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import isolate_apps

from boardinghouse import ddl
from boardinghouse.backends.postgres.parent import ParentEditor
from boardinghouse.base import SharedSchemaModel
from boardinghouse.models import Schema
from boardinghouse.moving import dump as dumping
from boardinghouse.moving import load as loading
from boardinghouse.moving.archive import ExactEncoder
from boardinghouse.moving.history import InOneSchema, with_squashed
from boardinghouse.moving.identity import Target, key_of, names_of_key, values_of
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import get_active_schema_name, override, working_in
from boardinghouse.sharing import private_tables
from tests.catalog import catalog, constraints_of, difference, indexes_of, rows, run
from tests.conftest import make_user
from tests.lending.models import Club, Edition, Fine, Loan, Note, Reader, Shelf, Title, Visit
from tests.project import Project, empty_database
from tests.testapp.models import Account, Region
from tests.waiting import busy_users, elsewhere
from tests.zoo.models import Elephant, Kind, Show

pytestmark = pytest.mark.django_db


def dump(tmp_path, schema="a", **options):
    path = tmp_path / f"{schema}.dump"
    call_command("dump_schema", schema, str(path), verbosity=0, **options)
    return path


def load(path, schema="c", **options):
    call_command("load_schema", str(path), schema, verbosity=0, **options)


def users_map(tmp_path, text, name="map.json"):
    path = tmp_path / name
    path.write_text(text)
    return path


def rows_of(schema):
    """Return all that a schema has: {table: sorted rows}."""
    return {
        table: sorted(row for (row,) in rows(f'SELECT t::text FROM "{schema}"."{table}" t'))
        for table in ddl.tables_in(connection, schema)[0]
    }


def positions(schema):
    names = rows(
        "SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = to_regnamespace(%s)",
        [f'"{schema}"'],
    )
    return {
        name: rows(f'SELECT last_value, is_called FROM "{schema}"."{name}"') for (name,) in names
    }


@pytest.fixture
def furnished(schemata):
    """The schema a, with a row in every kind of table; and what its rows refer to."""
    ann, ben = make_user("ann", schemata[0]), make_user("ben")
    region = Region.objects.create(pk=70, name="north")
    first = Title.objects.create(pk=71, code="first", name="one")
    edition = Edition.objects.create(pk=72, code="second", name="two")
    group = Group.objects.create(pk=73, name="editors")
    with override("a"):
        ann.groups.add(group)
        ann.user_permissions.add(Permission.objects.get(codename="add_loan"))
        Account.objects.create(pk=90, owner="tab\there \\N\nand a line", keeper=ben, region=region)
        loan = Loan.objects.create(
            reader="r", cascade=first, by_code=edition, edition=edition, set_default=first
        )
        Fine.objects.create(loan=loan, title=first)
        Shelf.objects.create().titles.set([first, edition])
        reader = Reader.objects.create(user=ann, card="ann's")
        Visit.objects.create(reader=reader)
        Club.objects.create().readers.add(reader)
        Note.objects.create(text="shared", about=first)
        Note.objects.create(text="private", about=loan)
        kind = Kind.objects.create(name="elephant")
        calf = Elephant.objects.create(kind=kind, name="calf", keeper=ann, notes={"a": ["b"]})
        Show.objects.create().guests.set([ann, ben])
        calf.delete()
        Elephant.objects.create(kind=kind, name="cow", weight=400)
    Schema.objects.filter(pk="a").update(name="Alpha", is_active=False)
    return "a"


def test_a_copy_beside_it_has_equal_rows_in_every_table(furnished, tmp_path):
    load(dump(tmp_path))

    assert rows_of("c") == rows_of("a")
    assert positions("c") == positions("a")
    assert difference(catalog("a"), catalog("c")) == []
    assert not [table for table in private_tables() if table not in rows_of("a")]
    with override("c"):
        assert Elephant.objects.create(kind=Kind.objects.get(name="elephant"), name="x").pk > 2


def test_a_generic_key_to_nothing_stays_so(schemata, tmp_path):
    nullable = "ALTER TABLE {}.lending_note ALTER content_type_id DROP NOT NULL"
    run(nullable.format(TEMPLATE), nullable.format("a"))
    run("INSERT INTO a.lending_note (text, object_id) VALUES ('of nothing', '')")

    load(dump(tmp_path))

    assert rows("SELECT text, content_type_id FROM c.lending_note") == [("of nothing", None)]


def test_the_row_is_kept_with_its_members(furnished, tmp_path):
    path = dump(tmp_path)
    Schema.objects.get(pk="a").delete(drop=True)

    load(path, "again")

    row = Schema.objects.get(pk="again")
    assert (row.name, row.is_active) == ("Alpha", False)
    assert [user.username for user in row.users.all()] == ["ann"]


def test_a_display_name_that_somebody_has_becomes_the_name(furnished, tmp_path):
    load(dump(tmp_path))

    assert Schema.objects.get(pk="c").name == "c"


@pytest.fixture
def hidden(schemata):
    """A table whose policy hides a row from whoever may not pass it, and such a role in force."""
    run(
        "SET CONSTRAINTS ALL IMMEDIATE",
        "CREATE ROLE no_superuser",
        "CREATE POLICY own ON a.testapp_entry USING (amount > 1000)",
        "ALTER TABLE a.testapp_entry ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        "GRANT USAGE ON SCHEMA a, public TO no_superuser",
        "GRANT SELECT ON ALL TABLES IN SCHEMA a, public TO no_superuser",
        "GRANT SELECT ON ALL SEQUENCES IN SCHEMA a TO no_superuser",
        "SET LOCAL ROLE no_superuser",
    )


def test_rather_an_error_than_a_dump_without_the_rows_that_a_policy_hides(hidden, tmp_path):
    with pytest.raises(CommandError, match=r"Nothing was written.*policy .*testapp_entry"):
        dump(tmp_path)

    assert not (tmp_path / "a.dump").exists()


def test_row_security_is_afterwards_what_it_was(schemata, tmp_path):
    dump(tmp_path)

    assert rows("SHOW row_security") == [("on",)]


def test_a_dump_is_exact_whatever_the_settings(schemata, tmp_path):
    run_everywhere(
        "CREATE TABLE x (f float8, d date, i interval)",
        using=["default"],
    )
    run(
        "INSERT INTO a.x VALUES (0.1::float8 + 0.2, '2024-02-01', '-1 day 2:3')",
        "SET LOCAL extra_float_digits = -3",
        "SET LOCAL datestyle = 'SQL, DMY'",
        "SET LOCAL intervalstyle = 'sql_standard'",
    )

    path = dump(tmp_path)

    run("SET LOCAL datestyle = 'ISO, MDY'")
    load(path)
    assert rows("SELECT f = 0.1::float8 + 0.2, d::text FROM c.x") == [(True, "2024-02-01")]
    assert rows("SELECT copy.i = x.i FROM c.x copy, a.x") == [(True,)]


def test_what_only_the_path_tells_is_told_by_the_new_schemas(schemata, tmp_path):
    run_everywhere(
        "CREATE FUNCTION add(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1'",
        "CREATE FUNCTION add_two(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT add(add($1))'",
        "CREATE TABLE x (n int, m int GENERATED ALWAYS AS (add_two(n)) STORED, c regclass)",
        "INSERT INTO x VALUES (1, DEFAULT, 'x'), (2, DEFAULT, 'auth_user')",
        using=["default"],
    )

    load(dump(tmp_path))

    assert rows("SELECT n, m, c::text FROM c.x ORDER BY n") == [(1, 3, "c.x"), (2, 4, "auth_user")]


def run_everywhere(*statements, using=("default", "other")):
    """Run statements in the template, and in the schema a where it is."""
    for alias in using:
        connections[alias].check_constraints()
        for schema in ddl.existing_schemata(connections[alias], [TEMPLATE, "a"]):
            with working_in(schema), connections[alias].cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)


def test_rows_of_inheriting_tables_and_partitions_are_there_once(furnished, tmp_path):
    run_everywhere(
        "CREATE TABLE parent (n int)",
        "CREATE TABLE child (m int) INHERITS (parent)",
        "CREATE TABLE whole (n int) PARTITION BY LIST (n)",
        "CREATE TABLE part PARTITION OF whole DEFAULT",
        using=["default"],
    )
    run(
        "INSERT INTO a.parent VALUES (1)",
        "INSERT INTO a.child VALUES (2, 3)",
        "INSERT INTO a.whole VALUES (4)",
    )

    load(dump(tmp_path))

    assert rows("SELECT n FROM c.parent ORDER BY n") == [(1,), (2,)]
    assert rows("SELECT n, m FROM c.child") == [(2, 3)]
    assert rows("SELECT n FROM c.whole") == [(4,)]


class TestAnotherDatabase:
    pytestmark = pytest.mark.django_db(databases=["default", "other"])

    @pytest.fixture
    def elsewhere(self):
        """A database in which the same shared rows have other keys."""
        for model in (User, Region, Title, Group):
            table = model._meta.db_table
            with connections["other"].cursor() as cursor:
                cursor.execute(f"SELECT setval('{table}_id_seq', 500)")
        ann = User.objects.db_manager("other").create_user("ann")
        ben = User.objects.db_manager("other").create_user("ben")
        Region.objects.using("other").create(name="north")
        Title.objects.using("other").create(code="first", name="one")
        Edition.objects.using("other").create(code="second", name="two")
        Group.objects.using("other").create(name="editors")
        return ann, ben

    def test_rows_refer_to_the_same_shared_rows(self, furnished, elsewhere, tmp_path):
        load(dump(tmp_path), "a", database="other")

        with override("a"):
            account = Account.objects.using("other").get(pk=90)
            loan = Loan.objects.using("other").get()
            fine = Fine.objects.using("other").get()
            shelf = Shelf.objects.using("other").get()
            notes = {note.text: note.about for note in Note.objects.using("other")}
            ann = User.objects.using("other").get(username="ann")
            assert [group.name for group in ann.groups.all()] == ["editors"]
            assert [each.codename for each in ann.user_permissions.all()] == ["add_loan"]
            assert sorted(title.code for title in shelf.titles.all()) == ["first", "second"]
        assert (account.keeper.username, account.region.name) == ("ben", "north")
        assert account.owner == "tab\there \\N\nand a line"
        assert (loan.cascade.code, loan.by_code_id, loan.edition.code) == (
            "first",
            "second",
            "second",
        )
        assert loan.cascade_id > 500
        assert fine.title.code == "first"
        assert notes["shared"].code == "first"
        assert notes["private"] == loan
        assert Schema.objects.using("other").get().users.get() == elsewhere[0]
        connections["other"].check_constraints()

    def test_keys_that_are_keys_to_shared_rows_themselves_are_found_again(self, schemata, tmp_path):
        ann, ben = make_user("ann", schemata[0]), make_user("ben")
        # Each has the primary key there that the other one has here.
        User.objects.using("other").create(pk=ben.pk, username="ann")
        User.objects.using("other").create(pk=ann.pk, username="ben")
        with override("a"):
            reader = Reader.objects.create(user=ann, card="ann's")
            Reader.objects.create(user=ben, card="ben's")
            Visit.objects.create(reader=reader)
            Club.objects.create().readers.add(reader)
            Note.objects.create(text="on a reader", about=reader)

        load(dump(tmp_path), "a", database="other")

        with override("a"):
            readers = Reader.objects.using("other")
            assert {each.card: each.user.username for each in readers} == {
                "ann's": "ann",
                "ben's": "ben",
            }
            assert Visit.objects.using("other").get().reader.card == "ann's"
            assert Club.objects.using("other").get().readers.get().card == "ann's"
            assert Note.objects.using("other").get().about.card == "ann's"

    HEIRS = {
        "an inheriting table": ["CREATE TABLE late_visit () INHERITS (lending_visit)"],
        "a partition": [
            "DROP TABLE lending_visit",
            "CREATE TABLE lending_visit (id bigint, reader_id bigint) PARTITION BY RANGE (id)",
            "CREATE TABLE late_visit PARTITION OF lending_visit DEFAULT PARTITION BY LIST (id)",
            "CREATE TABLE latest_visit PARTITION OF late_visit DEFAULT",
        ],
    }

    @pytest.mark.parametrize("statements", HEIRS.values(), ids=HEIRS)
    def test_keys_in_tables_that_inherit_from_a_models_are_found_again(
        self, schemata, tmp_path, statements
    ):
        ann, ben = make_user("ann", schemata[0]), make_user("ben")
        User.objects.using("other").create(pk=ben.pk, username="ann")
        User.objects.using("other").create(pk=ann.pk, username="ben")
        run_everywhere(*statements)
        with override("a"):
            Reader.objects.create(user=ben, card="ben's")
            reader = Reader.objects.create(user=ann, card="ann's")
            run(f"INSERT INTO late_visit (id, reader_id) VALUES (1, {reader.pk})")

        load(dump(tmp_path), "a", database="other")

        with override("a"):
            assert Visit.objects.using("other").get().reader.card == "ann's"

    def test_users_are_mapped(self, furnished, elsewhere, tmp_path):
        User.objects.db_manager("other").create_user("benjamin")
        users = users_map(tmp_path, '{"ben": "benjamin", "zoe": "unused"}')

        load(dump(tmp_path), "a", database="other", remap_users=users)

        with override("a"):
            assert Account.objects.using("other").get(pk=90).keeper.username == "benjamin"

    def test_users_are_mapped_by_csv(self, furnished, elsewhere, tmp_path):
        User.objects.using("other").filter(username="ben").update(username="benjamin")
        users = users_map(tmp_path, "ben,benjamin\n\n", "map.csv")

        load(dump(tmp_path), "a", database="other", remap_users=users)

        with override("a"):
            assert Account.objects.using("other").get(pk=90).keeper.username == "benjamin"

    def test_what_is_not_there_is_named_and_nothing_is_written(
        self, furnished, elsewhere, tmp_path
    ):
        User.objects.using("other").filter(username="ben").delete()
        Region.objects.using("other").create(name="north")

        with pytest.raises(
            CommandError, match=r"auth\.User 'ben'.*testapp\.Region name='north'.*--remap-users"
        ):
            load(dump(tmp_path), "a", database="other")

        assert not Schema.objects.using("other").exists()
        assert not ddl.schema_exists(connections["other"], "a")

    def test_a_user_mapped_to_nobody_is_no_member(self, furnished, elsewhere, tmp_path):
        with override("a"):
            User.objects.get(username="ann").delete()
        Schema.objects.get(pk="a").users.add(make_user("cleo"))

        load(
            dump(tmp_path),
            "a",
            database="other",
            remap_users=users_map(tmp_path, '{"cleo": null}'),
        )

        assert not Schema.objects.using("other").get().users.exists()


class TestRefusals:
    def test_a_schema_that_is_not_there(self, schemata, tmp_path):
        with pytest.raises(CommandError, match="no schema 'zz'"):
            dump(tmp_path, "zz")

    def test_a_schema_that_is_there(self, schemata, tmp_path):
        with pytest.raises(CommandError, match="'b' exists already"):
            load(dump(tmp_path), "b")

    def test_a_bad_name(self, schemata, tmp_path):
        with pytest.raises(CommandError, match="'pg_x' cannot be a schema's name"):
            load(dump(tmp_path), "pg_x")

    def test_a_file_that_is_not_there(self, schemata, tmp_path):
        with pytest.raises(CommandError, match="cannot be read: No such file"):
            load(tmp_path / "none")

    def test_a_folder_that_is_not_there(self, schemata, tmp_path):
        with pytest.raises(CommandError, match="cannot be written: No such file"):
            call_command("dump_schema", "a", str(tmp_path / "none" / "a"))

    def test_a_file_of_something_else(self, schemata, tmp_path):
        (tmp_path / "text").write_text("text")
        with zipfile.ZipFile(tmp_path / "zip", "w") as archive:
            archive.writestr("x", "y")

        for name in ("text", "zip"):
            with pytest.raises(CommandError, match="not written by dump_schema"):
                load(tmp_path / name)

    @pytest.mark.parametrize("spoil", ["rows", "directory"])
    def test_a_file_that_is_damaged(self, furnished, tmp_path, spoil):
        path = dump(tmp_path)
        with zipfile.ZipFile(path) as archive:
            damage = {"rows": break_rows, "directory": break_directory}[spoil]
            path.write_bytes(damage(bytearray(path.read_bytes()), archive))

        with pytest.raises(CommandError, match=r"a\.dump' is damaged"):
            load(path)

        assert not ddl.schema_exists(connection, "c")

    @pytest.mark.parametrize("manifest", ["{", "[]", "{}", '{"format": 1}'])
    def test_a_file_without_a_manifest_that_can_be_read(self, schemata, tmp_path, manifest):
        path = tmp_path / "a.dump"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("manifest.json", manifest)

        with pytest.raises(CommandError, match="is damaged"):
            load(path)

    def test_a_file_without_the_rows_of_a_table(self, schemata, tmp_path):
        path = changed(dump(tmp_path), columns={"lost": [["id", "bigint"]]})

        with pytest.raises(CommandError, match="is damaged"):
            load(path)

    @pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["a folder", "a pipe"])
    def test_what_is_no_file_is_left_alone(self, schemata, tmp_path, make):
        make(tmp_path / "other")
        before = os.lstat(tmp_path / "other")

        with pytest.raises(CommandError, match="cannot be written: what is there is no file"):
            call_command("dump_schema", "a", str(tmp_path / "other"))

        assert os.lstat(tmp_path / "other") == before
        assert [each.name for each in tmp_path.iterdir()] == ["other"]

    def test_what_a_link_leads_to_is_written(self, schemata, tmp_path):
        (tmp_path / "link").symlink_to(tmp_path / "a.dump")

        call_command("dump_schema", "a", str(tmp_path / "link"), verbosity=0)

        assert (tmp_path / "link").is_symlink()
        load(tmp_path / "a.dump")

    def test_a_field_of_the_row_that_is_not_here(self, schemata, tmp_path):
        load(changed(dump(tmp_path), relations={"plan": ["organisations.Plan.id", [["gold"]]]}))

        assert Schema.objects.get(pk="c").name == "c"

    def test_a_model_that_the_project_has_not(self, furnished, tmp_path):
        path = changed(dump(tmp_path), shared={"people.Person.id": {"1": ["ann"]}})

        with pytest.raises(CommandError, match=r"people\.Person, which this project has not"):
            load(path)

    def test_a_file_of_a_later_release(self, schemata, tmp_path):
        with pytest.raises(CommandError, match="pip install --upgrade"):
            load(changed(dump(tmp_path), format=2))

    @pytest.mark.parametrize(
        ("name", "text", "said"),
        [
            ("m.json", "{", "is no JSON"),
            ("m.json", "[1]", "is no map of users"),
            ("m.csv", "a,b,c", "two columns"),
        ],
    )
    def test_a_map_that_is_none(self, schemata, tmp_path, name, text, said):
        with pytest.raises(CommandError, match=said):
            load(dump(tmp_path), remap_users=users_map(tmp_path, text, name))

    def test_a_map_that_is_no_text(self, schemata, tmp_path):
        path = tmp_path / "map.json"
        path.write_bytes(b"\xff\xfe")

        with pytest.raises(CommandError, match="no text in UTF-8"):
            load(dump(tmp_path), remap_users=str(path))

    @pytest.mark.parametrize("new", ["5", "false", '["ben", "jr"]', '{"name": "ben"}'])
    def test_a_map_to_what_is_no_users_key(self, furnished, tmp_path, new):
        path = users_map(tmp_path, f'{{"ann": {new}}}')

        with pytest.raises(CommandError, match=r"of 'ann', which is no user's key"):
            load(dump(tmp_path), remap_users=path)

    def test_a_map_that_is_not_there(self, schemata, tmp_path):
        with pytest.raises(CommandError, match="cannot be read"):
            load(dump(tmp_path), remap_users=tmp_path / "none.json")

    def test_a_row_that_refers_to_nothing(self, schemata, tmp_path):
        with override("a"):
            Title.objects.create(pk=1, code="x")
            Loan.objects.create(unconstrained_id=99)

        with pytest.raises(CommandError, match=r"lending\.Title that are not there: id 99"):
            dump(tmp_path)

    def test_a_generic_key_to_what_could_never_be_there(self, schemata, tmp_path):
        kind = ContentType.objects.get_for_model(Title)
        with override("a"):
            Note.objects.create(text="x", content_type=kind, object_id="no number")

        with pytest.raises(CommandError, match=r"lending\.Title that are not there: id no number"):
            dump(tmp_path)

    def test_a_generic_key_to_what_has_no_type(self, schemata, tmp_path):
        kind = ContentType.objects.create(app_label="lending", model="gone")
        with override("a"):
            Note.objects.create(text="x", content_type=kind, object_id="1")
        with working_in("a"):
            run(
                "SET CONSTRAINTS ALL IMMEDIATE",
                *(
                    f'ALTER TABLE lending_note DROP CONSTRAINT "{each}"'
                    for each in constraints_of("a", "lending_note")
                    if "_fk_" in each
                ),
                "DELETE FROM public.django_content_type WHERE model = 'gone'",
            )
        ContentType.objects.clear_cache()

        with pytest.raises(CommandError, match=r"ContentType that are not there"):
            dump(tmp_path)

    def test_a_key_that_no_model_knows(self, schemata, tmp_path):
        run(
            "SET CONSTRAINTS ALL IMMEDIATE",
            "ALTER TABLE a.testapp_account ADD COLUMN who integer REFERENCES public.auth_user",
        )

        with pytest.raises(CommandError, match=r"testapp_account\.who to auth_user"):
            dump(tmp_path)

    def test_tables_that_differ_by_hand(self, schemata, tmp_path):
        connection.check_constraints()
        run("ALTER TABLE a.testapp_account ADD COLUMN who integer")

        with pytest.raises(CommandError, match=r"testapp_account\.who integer only in the dump"):
            load(dump(tmp_path))

        assert not ddl.schema_exists(connection, "c")

    def test_rows_that_the_database_refuses(self, schemata, tmp_path):
        path = changed(dump(tmp_path), rows={"rows/testapp_entry": b"1\t0\t77\n1\t0\t77\n"})

        with pytest.raises(CommandError, match=r"Nothing was loaded: .*unique"):
            load(path)

        assert not Schema.objects.filter(pk="c").exists()
        assert not ddl.schema_exists(connection, "c")


def break_rows(data, archive):
    """Spoil what is compressed, so that it cannot be made longer again."""
    info = max(archive.infolist()[:-1], key=lambda each: each.compress_size)
    start = info.header_offset + 30 + len(info.filename)
    data[start + 20 : start + 60] = b"\xff" * 40
    return data


def break_directory(data, archive):
    """Ask for a version of the format that nobody knows."""
    data[archive.start_dir + 6] = 255
    return data


def changed(path, *, rows=None, **values):
    """Return another file like this one, with a changed manifest."""
    other = path.with_suffix(".changed")
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(other, "w") as after:
        for name in before.namelist():
            data = (rows or {}).get(name, before.read(name))
            if name == "manifest.json":
                data = json.dumps({**json.loads(data), **values})
            after.writestr(name, data)
    return other


class TestTheFile:
    def test_is_whole_or_not_there(self, schemata, tmp_path, monkeypatch):
        path = dump(tmp_path)
        before = path.read_bytes()
        monkeypatch.setattr("boardinghouse.moving.dump.positions_of", lambda *args: 1 / 0)

        with pytest.raises(ZeroDivisionError):
            dump(tmp_path)

        assert path.read_bytes() == before
        assert [each.name for each in tmp_path.iterdir()] == ["a.dump"]

    @pytest.mark.django_db(transaction=True)
    def test_shows_one_moment(self, committed_schemata, tmp_path, monkeypatch):
        inner = dumping.describe_shared

        def write_meanwhile(*args):
            with elsewhere() as cursor:
                cursor.execute("UPDATE a.testapp_account SET owner = 'late'")
            return inner(*args)

        monkeypatch.setattr(dumping, "describe_shared", write_meanwhile)

        path = dump(tmp_path)

        with zipfile.ZipFile(path) as archive:
            assert b"late" not in archive.read("rows/testapp_account")
        with override("a"):
            assert Account.objects.get().owner == "late"

    @pytest.mark.django_db(transaction=True)
    def test_no_table_is_rewritten_under_it(self, committed_schemata, tmp_path, monkeypatch):
        inner = dumping.describe_shared

        def rewrite_meanwhile(*args):
            with elsewhere() as cursor:
                cursor.execute("SET lock_timeout = '10ms'")
                with pytest.raises(OperationalError, match="lock timeout"):
                    cursor.execute("ALTER TABLE a.testapp_entry ALTER amount TYPE bigint")
            return inner(*args)

        monkeypatch.setattr(dumping, "describe_shared", rewrite_meanwhile)

        path = dump(tmp_path)

        with zipfile.ZipFile(path) as archive:
            assert archive.read("rows/testapp_entry") == b"1\t97\t1\n"

    @pytest.mark.django_db(transaction=True)
    def test_loading_does_not_queue_behind_a_busy_table_for_long(
        self, committed_schemata, tmp_path, settings
    ):
        path = dump(tmp_path)
        settings.BOARDINGHOUSE_LOCK_TIMEOUT = 0.02
        with (
            busy_users(),
            pytest.raises(CommandError, match=r"Nothing was loaded: .*lock timeout"),
        ):
            load(path)

        assert not ddl.schema_exists(connection, "c")

    def test_says_what_was_written_and_made(self, furnished, tmp_path, capsys):
        path = tmp_path / "x.dump"

        call_command("dump_schema", "a", str(path))
        call_command("load_schema", str(path), "c")

        told = capsys.readouterr().out
        assert f"Schema 'a' was written into {path}: " in told
        assert "Schema 'c' (c, inactive, 1 members) was made of 'a': " in told


class TestHistory:
    """A dump of an earlier time is brought up to date."""

    @pytest.fixture
    def older(self, furnished, tmp_path, settings, monkeypatch):
        """A dump, and a migration that has come since, in the template and everywhere."""
        path = dump(tmp_path)
        settings.MIGRATION_MODULES = {"lending": "tests.lending.later"}
        return path

    def test_while_a_migration_is_unfinished_nothing_is_written(self, schemata, tmp_path):
        run("CREATE TABLE public.boardinghouse_journal ()")

        with pytest.raises(CommandError, match=r"unfinished\. Type `manage\.py migrate` first"):
            dump(tmp_path)

        assert list(tmp_path.iterdir()) == []

    def test_while_a_migration_is_unfinished_nothing_is_loaded(self, schemata, tmp_path):
        path = dump(tmp_path)
        run("CREATE TABLE public.boardinghouse_journal ()")

        with pytest.raises(CommandError, match=r"unfinished\. Type `manage\.py migrate` first"):
            load(path)

        assert not ddl.schema_exists(connection, "c")

    @pytest.mark.django_db(transaction=True)
    def test_no_migration_begins_while_a_dump_is_compared(
        self, committed_schemata, tmp_path, monkeypatch
    ):
        path = dump(tmp_path)
        inner, claimed = loading.find_missing, []

        def claim_meanwhile(*args):
            with elsewhere() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [ddl.TEMPLATE_LOCK])
                claimed.append(cursor.fetchone()[0])
            return inner(*args)

        monkeypatch.setattr(loading, "find_missing", claim_meanwhile)

        load(path)

        assert claimed == [False]

    def test_a_later_dump_is_refused(self, furnished, tmp_path):
        path = dump(tmp_path)
        MigrationRecorder(connection).record_unapplied("zoo", "0002_rows")

        with pytest.raises(CommandError, match=r"zoo\.0002_rows\. Type `manage.py migrate`"):
            load(path)

    def test_an_older_one_is_brought_up_to_date(self, older):
        connection.check_constraints()
        call_command("migrate", "lending", verbosity=0)

        load(older)

        assert rows_of("c") == rows_of("a")
        assert difference(catalog(TEMPLATE), catalog("c")) == []
        with override("c"):
            assert rows("SELECT reader, pages FROM lending_loan") == [("R", 7)]

    def test_an_older_one_that_cannot_be_brought_up_to_date_is_refused(self, older):
        connection.check_constraints()
        call_command("migrate", "lending", verbosity=0)
        run(f'ALTER TABLE "{TEMPLATE}".lending_loan ADD COLUMN more integer')

        with pytest.raises(CommandError, match=r"more integer only here.*lending\.0002_later"):
            load(older)

        assert not ddl.schema_exists(connection, "c")

    def test_one_whose_migrations_have_gone_is_refused(self, furnished, tmp_path):
        path = dump(tmp_path)
        MigrationRecorder(connection).record_applied("gone", "0001_gone")

        with pytest.raises(CommandError, match=r"no longer in the code: gone\.0001_gone"):
            load(path)


ORGANISATIONS = """
from django.conf import settings
from django.db import models
from boardinghouse.base import SharedSchemaModel
from boardinghouse.models import AbstractSchema
class Plan(SharedSchemaModel):
    name = models.CharField(max_length=9, unique=True)
class Organisation(AbstractSchema):
    plan = models.ForeignKey(Plan, models.PROTECT, null=True)
    extras = models.ManyToManyField(Plan, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    parent = models.ForeignKey("self", models.PROTECT, null=True)
"""

REFER = """
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from organisations.models import Organisation, Plan
ann, ben = User.objects.create(username="ann"), User.objects.create(username="ben")
gold, silver, tin = (Plan.objects.create(name=name) for name in ("gold", "silver", "tin"))
one = Organisation.objects.create(schema="one", name="One", plan=gold, owner=ann)
Organisation.objects.filter(pk="one").update(parent=one)
one.extras.set([silver, tin])
call_command("dump_schema", "one", "one.dump", verbosity=0)
call_command("load_schema", "one.dump", "beside", verbosity=0)
Organisation.objects.filter(pk="one").update(parent=None)
one.delete(drop=True)
Organisation.objects.update(plan=None)
Plan.objects.filter(pk=gold.pk).update(name="iron")
try:
    call_command("load_schema", "one.dump", "two")
except CommandError as error:
    print("refused", error)
Plan.objects.create(name="gold")
with open("map.json", "w") as file:
    file.write('{"ann": "ben"}')
call_command("load_schema", "one.dump", "two", "--remap-users", "map.json", verbosity=0)
for each in Organisation.objects.order_by("pk"):
    extras = each.extras.order_by("name").values_list("name", flat=True)
    print("found", each.pk, each.plan and each.plan.name, *extras, each.owner, each.parent_id)
"""


def test_what_a_row_of_a_model_of_ones_own_refers_to_is_found_again(db, tmp_path):
    (tmp_path / "moved.py").write_text(
        "from tests.projects.adopted import *\n"
        "INSTALLED_APPS = [each for each in INSTALLED_APPS if not each.startswith('tests.')]\n"
        "INSTALLED_APPS += ['organisations']\n"
        "BOARDINGHOUSE_SCHEMA_MODEL = 'organisations.Organisation'\n"
        "ROOT_URLCONF = 'organisations'\n"
    )
    (tmp_path / "organisations/migrations").mkdir(parents=True)
    (tmp_path / "organisations/migrations/__init__.py").touch()
    (tmp_path / "organisations/__init__.py").write_text("urlpatterns = []")
    (tmp_path / "organisations/models.py").write_text(ORGANISATIONS)
    refer = f"import os; os.chdir({str(tmp_path)!r})\n{REFER}"

    with empty_database("bh_moving") as name:
        project = Project("moved", name)
        for command in (["makemigrations"], ["migrate"], ["shell", "--no-imports", "-c", refer]):
            said = project.manage(*command, PYTHONPATH=str(tmp_path))

    refused, *found = (line for line in said.splitlines() if line.startswith(("refused", "found")))
    assert "organisations.Plan name='gold'" in refused
    assert found == [
        "found beside None silver tin ann beside",
        "found two gold silver tin ben two",
    ]


class NoteItDown(Operation):
    """An operation of another package, which says nothing of models."""

    reversible = True

    def __init__(self):
        self.schemata = []

    def state_forwards(self, app_label, state):
        pass

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        self.schemata.append(get_active_schema_name())


class TestOneMigration:
    """What an operation does in a schema that is brought up to date."""

    def do(self, app_label, operation):
        before = MigrationExecutor(connection).loader.project_state()
        after = before.clone()
        operation.state_forwards(app_label, after)
        with working_in("a"), ParentEditor(connection, atomic=False) as editor:
            InOneSchema(operation, "0009").database_forwards(app_label, editor, before, after)

    def test_indexes_come_and_go_in_the_transaction(self, schemata):
        index = models.Index(fields=["amount"], name="by_amount")

        self.do("testapp", AddIndexConcurrently("entry", index))

        assert "by_amount" in indexes_of("a", "testapp_entry")
        assert "by_amount" not in indexes_of("b", "testapp_entry")

        self.do("zoo", RemoveIndexConcurrently("animal", "zoo_animal_lower"))

        assert "zoo_animal_lower" not in indexes_of("a", "zoo_animal")
        assert "zoo_animal_lower" in indexes_of("b", "zoo_animal")

    @pytest.mark.parametrize(("app", "schemata_of_it"), [("zoo", ["a"]), ("auth", [])])
    def test_others_operations_are_done_for_private_apps_only(self, schemata, app, schemata_of_it):
        operation = NoteItDown()

        self.do(app, operation)

        assert operation.schemata == schemata_of_it


class TestSquashed:
    """A migration that stands for others is no difference."""

    SQUASHED = {("app", "0001_squashed"): Migration("0001_squashed", "app")}
    SQUASHED["app", "0001_squashed"].replaces = [("app", "0001"), ("app", "0002")]
    ALL = {("app", "0001"), ("app", "0002"), ("app", "0001_squashed")}

    @pytest.mark.parametrize(
        "keys", [ALL, {("app", "0001_squashed")}, ALL - {next(iter(SQUASHED))}]
    )
    def test_either_is_as_good_as_both(self, keys):
        assert with_squashed(keys, self.SQUASHED) == self.ALL

    def test_a_part_is_not(self):
        assert with_squashed({("app", "0001")}, self.SQUASHED) == {("app", "0001")}


class TestIdentity:
    @pytest.mark.parametrize(
        ("model", "names"),
        [(Schema, ["schema"]), (Title, ["code"]), (Region, ["name"]), (Edition, ["code"])],
    )
    def test_what_tells_a_row_from_others(self, model, names):
        assert names_of_key(model) == names

    @isolate_apps("tests.testapp")
    def test_what_a_row_says_is_the_same_when_it_was_written_and_read(self):
        class Notice(SharedSchemaModel):
            when = models.DateTimeField()
            at = models.TimeField()
            within = models.DurationField()
            price = models.DecimalField(max_digits=5, decimal_places=2)
            picture = models.BinaryField()
            more = models.JSONField()
            open = models.BooleanField()

            class Meta:
                app_label = "testapp"

        moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
        said = {
            "when": moment,
            "at": moment.time(),
            "within": timedelta(microseconds=7),
            "price": Decimal("1.50"),
            "picture": b"\x00\xff",
            "more": {"a": ["b"]},
            "open": True,
        }

        key = json.loads(json.dumps(key_of(Notice(**said)), cls=ExactEncoder))

        read = dict(values_of(Notice, key))
        assert {**read, "picture": bytes(read["picture"])} == said

    def test_a_target_is_found_by_its_label(self):
        target = Target(User, "id")

        assert Target.named(target.label) == target
