"""A copy of a schema has its rows too, as they were at one moment."""

import threading

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction

from boardinghouse import fleet
from boardinghouse.exceptions import ReplayFailed, SchemaBehind, SchemaExists, SchemaNotFound
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import override, working_in
from boardinghouse.signals import schema_created
from tests.catalog import catalog, difference, rows, run, schema_exists
from tests.conftest import owners, schemata_in_postgresql
from tests.testapp.models import Account, Entry
from tests.values import OWN_VALUES
from tests.waiting import busy_users, elsewhere, wait_for_lock
from tests.zoo.models import Animal, Elephant, Kind

pytestmark = pytest.mark.django_db


def run_in(schema, *statements):
    with working_in(schema):
        run(*statements)


def test_a_copy_has_the_rows_of_its_source_and_no_others(schemata):
    Schema.objects.clone("a", "c")

    with override("c"):
        assert owners() == ["a"]
        assert Entry.objects.get().account == Account.objects.get()
        Account.objects.update(owner="changed")
    for name in "ab":
        with override(name):
            assert owners() == [name]
    assert difference(catalog("a"), catalog("c")) == []


def test_what_was_changed_in_the_source_is_copied_as_it_is(schemata):
    run("SET CONSTRAINTS ALL IMMEDIATE")
    run_in("a", "ALTER TABLE testapp_account ADD COLUMN own int DEFAULT 7", "CREATE TABLE x ()")

    Schema.objects.clone("a", "c")

    assert difference(catalog("a"), catalog("c")) == []
    assert rows("SELECT own FROM c.testapp_account") == [(7,)]


def test_a_clone_is_found_by_its_object_and_has_a_name_of_its_own(schemata, connect):
    told = []
    connect(schema_created, lambda schema, using, **kwargs: told.append((schema, using)))

    copy = Schema.objects.clone(schemata[0], "c", display_name="Copy", is_active=False)

    assert (copy.pk, copy.name, copy.is_active) == ("c", "Copy", False)
    assert Schema.objects.get(pk="c") == copy
    assert told == [("c", "default")]
    copy.name = "Another"
    copy.save()


def test_who_may_enter_is_not_copied(schemata):
    User.objects.create(username="ann").schemata.add("a")

    copy = Schema.objects.clone("a", "c")

    assert copy.users.count() == 0


def test_rows_point_at_each_other_and_at_shared_rows_as_before(schemata):
    ann = User.objects.create(username="ann")
    with override("a"):
        kind = Kind.objects.create(name="wolf")
        cub = Animal.objects.create(kind=kind, name="cub", weight=3, keeper=ann)
        cub.mother = Elephant.objects.create(kind=kind, name="ella", weight=3000)
        cub.save()

    Schema.objects.clone("a", "c")

    with override("c"):
        cub = Animal.objects.get(name="cub")
        assert (cub.mother.name, cub.keeper) == ("ella", ann)


CURIOUS_ROWS = {
    "identities and what is generated": (
        [
            "CREATE TABLE x (id int GENERATED ALWAYS AS IDENTITY, n int, "
            "twice int GENERATED ALWAYS AS (n * 2) STORED)",
            "INSERT INTO x (n) VALUES (4), (5)",
            "DELETE FROM x WHERE n = 4",
        ],
        ["INSERT INTO x (n) VALUES (6)"],
        [(2, 5, 10), (3, 6, 12)],
    ),
    "rows of children": (
        [
            "CREATE TABLE x (n int)",
            "CREATE TABLE y () INHERITS (x)",
            "INSERT INTO x VALUES (1)",
            "INSERT INTO y VALUES (2)",
        ],
        [],
        [(1,), (2,)],
    ),
    "rows of partitions": (
        [
            "CREATE TABLE x (n int) PARTITION BY LIST (n)",
            "CREATE TABLE y PARTITION OF x FOR VALUES IN (1)",
            "CREATE TABLE z PARTITION OF x DEFAULT",
            "INSERT INTO x VALUES (1), (2)",
        ],
        [],
        [(1,), (2,)],
    ),
    "partitions and a key by an enum": (
        [
            "CREATE TYPE mood AS ENUM ('sad', 'fine')",
            "CREATE TABLE x (mood mood PRIMARY KEY) PARTITION BY LIST (mood)",
            "CREATE TABLE y PARTITION OF x FOR VALUES IN ('sad')",
            "CREATE TABLE z PARTITION OF x DEFAULT",
            "CREATE TABLE w (mood mood REFERENCES x)",
            "INSERT INTO x VALUES ('fine'), ('sad')",
            "INSERT INTO w VALUES ('fine')",
        ],
        [],
        [("sad",), ("fine",)],
    ),
    "circles": (
        [
            "CREATE TABLE x (id int PRIMARY KEY, x int REFERENCES x)",
            "INSERT INTO x VALUES (1, 2), (2, 1)",
        ],
        [],
        [(1, 2), (2, 1)],
    ),
    "what a constraint that is not valid would refuse": (
        [
            "CREATE TABLE x (n int)",
            "INSERT INTO x VALUES (-1)",
            "ALTER TABLE x ADD CHECK (n > 0) NOT VALID",
        ],
        [],
        [(-1,)],
    ),
    "what a trigger or a rule would change": (
        [
            "CREATE TABLE x (n int)",
            "INSERT INTO x VALUES (1)",
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
            "CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW EXECUTE FUNCTION f()",
            "CREATE TABLE y (n int)",
            "CREATE RULE r AS ON INSERT TO x DO ALSO INSERT INTO y VALUES (1)",
        ],
        [],
        [(1,)],
    ),
    "what a policy hides": (
        [
            "CREATE TABLE x (n int)",
            "INSERT INTO x VALUES (1)",
            "CREATE POLICY p ON x USING (false)",
            "ALTER TABLE x ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        ],
        [],
        [(1,)],
    ),
    "names that need quotes": (
        [
            'CREATE TABLE x (n int, "it\'s ""%s""" int)',
            'CREATE TABLE "X\'s" ("%d" serial)',
            "INSERT INTO x VALUES (1, 2)",
            'INSERT INTO "X\'s" VALUES (3)',
        ],
        [],
        [(1, 2)],
    ),
}


@pytest.mark.parametrize(
    ("before", "after", "expected"), CURIOUS_ROWS.values(), ids=CURIOUS_ROWS.keys()
)
def test_curious_rows_come_along(schemata, before, after, expected):
    run_in("a", *before)

    Schema.objects.clone("a", "c")

    run_in("c", *after)
    assert rows("SELECT * FROM c.x ORDER BY 1") == expected
    assert difference(catalog("a"), catalog("c")) == []


@pytest.mark.parametrize(("before", "kind", "value"), OWN_VALUES.values(), ids=OWN_VALUES)
def test_values_of_the_sources_own_types_come_along(schemata, before, kind, value):
    run_in("a", *before, f"CREATE TABLE x (id int, v {kind})", f"INSERT INTO x VALUES (1, {value})")

    Schema.objects.clone("a", "c")

    source = rows("SELECT id, v::text FROM a.x")
    assert rows("SELECT id, v::text FROM c.x") == source
    assert source[0][1]
    assert difference(catalog("a"), catalog("c")) == []


def test_sequences_go_on_where_the_sources_stand(schemata):
    run_in("a", "CREATE SEQUENCE s", "SELECT nextval('s'), nextval('s')", "CREATE SEQUENCE unused")

    Schema.objects.clone("a", "c")

    assert rows("SELECT nextval('c.s'), nextval('c.unused'), nextval('a.s')") == [(3, 1, 3)]


def test_a_materialised_view_shows_the_rows_that_came_along(schemata):
    run_in("a", "CREATE MATERIALIZED VIEW m AS SELECT owner FROM testapp_account")

    Schema.objects.clone("a", "c")

    assert rows("SELECT owner FROM c.m") == [("a",)]


# Refused


@pytest.mark.parametrize("source", ["zz", TEMPLATE, "public", "pg_catalog"])
def test_only_schemata_can_be_copied(schemata, source):
    with pytest.raises(SchemaNotFound):
        Schema.objects.clone(source, "c")

    assert not schema_exists("c")


def test_a_source_that_has_yet_to_be_migrated_is_refused(schemata, monkeypatch):
    monkeypatch.setattr(fleet, "is_behind", lambda connection, name: name == "a")

    with pytest.raises(SchemaBehind, match=r"'a' has yet to be migrated.*manage\.py migrate"):
        Schema.objects.clone("a", "c")

    Schema.objects.clone("b", "c")


def test_a_bad_name_is_refused(schemata):
    with pytest.raises(ValidationError):
        Schema.objects.clone("a", "Bad Name")


def test_a_name_that_is_taken_is_refused(schemata):
    with pytest.raises(SchemaExists, match="'b' exists already"), transaction.atomic():
        Schema.objects.clone("a", "b", display_name="x")

    with override("b"):
        assert owners() == ["b"]


def test_a_row_that_cannot_be_saved_leaves_no_copy(schemata):
    with pytest.raises(DatabaseError), transaction.atomic():
        Schema.objects.clone("a", "c", display_name="b")

    assert not schema_exists("c")


def test_rows_that_cannot_be_copied_leave_nothing_and_say_where(schemata):
    run_in(
        "a",
        "CREATE TABLE x (n int)",
        "INSERT INTO x VALUES (1)",
        "CREATE FUNCTION f(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n'",
        "ALTER TABLE x ADD CONSTRAINT fine CHECK (f(n) > 0)",
        "CREATE OR REPLACE FUNCTION f(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT -n'",
    )

    with pytest.raises(ReplayFailed, match=r"Schema 'c'.*fine") as caught, transaction.atomic():
        Schema.objects.clone("a", "c")

    assert "ADD CONSTRAINT fine" in caught.value.statement
    assert not schema_exists("c")
    assert Schema.objects.count() == 2


# While the source is in use


@pytest.mark.django_db(transaction=True)
def test_a_copy_shows_one_moment_of_a_source_that_is_in_use(committed_schemata):
    """Somebody adds an account and its entry when the accounts have been copied already."""
    run(
        "CREATE FUNCTION public.wait(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS "
        "'BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN n; END'",
        "CREATE TABLE a.testapp_between (n int, m int GENERATED ALWAYS AS (public.wait(n)) STORED)",
        "INSERT INTO a.testapp_between VALUES (1)",
    )

    def copy():
        try:
            Schema.objects.clone("a", "c")
        finally:
            connection.close()

    thread = threading.Thread(target=copy)
    with elsewhere() as writer:
        writer.execute("SELECT pg_advisory_lock(42)")
        thread.start()
        wait_for_lock("advisory")
        writer.execute("INSERT INTO a.testapp_account (id, owner) VALUES (2, 'late')")
        writer.execute("INSERT INTO a.testapp_entry (id, account_id, amount) VALUES (2, 2, 1)")
        writer.execute("SELECT pg_advisory_unlock(42)")
        thread.join()

    with override("c"):
        assert owners() == ["a"]
        assert Entry.objects.count() == 1
    with override("a"):
        assert owners() == ["a", "late"]
    Schema.objects.all().delete(drop=True)
    run("DROP FUNCTION public.wait")


IDENTIFIERS = [
    "CREATE TYPE mood AS ENUM ('sad')",
    "CREATE COLLATION plain (locale = 'C')",
    "CREATE TEXT SEARCH CONFIGURATION words (COPY = simple)",
    "CREATE FUNCTION next(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    'CREATE TABLE "The x" (n int)',
    "CREATE TABLE ids (id int, c regclass, t regtype, p regproc, w regconfig, l regcollation)",
    "INSERT INTO ids VALUES "
    "(1, '\"The x\"', 'mood[]', 'next', 'words', 'plain'),"
    "(2, 'public.auth_user', 'text', 'lower(text)'::regprocedure::oid, 'english', '\"C\"'),"
    "(3, NULL, NULL, NULL, NULL, NULL), (4, 0, 0, 0, 0, 0)",
]


def test_identifiers_of_the_sources_own_objects_become_those_of_the_copys(schemata):
    run_in("a", *IDENTIFIERS)

    Schema.objects.clone("a", "order")

    assert rows(
        'SELECT c::text, t::text, p::text, w::text, l::text FROM "order".ids ORDER BY id'
    ) == [
        ('"order"."The x"', '"order".mood[]', '"order".next', '"order".words', '"order".plain'),
        ("auth_user", "text", "pg_catalog.lower", "english", '"C"'),
        (None,) * 5,
        ("-",) * 5,
    ]


def test_values_of_own_types_are_copied_exactly_whatever_the_settings(schemata):
    run_in(
        "a",
        "CREATE TYPE own AS (f float8, d date, t timestamptz, i interval)",
        "CREATE TABLE x (v own)",
        "INSERT INTO x VALUES "
        "((0.1::float8 + 0.2, '2024-02-01', '2024-02-01 03:04Z', '-1 day 2:3'))",
    )
    run(
        "SET LOCAL extra_float_digits = -3",
        "SET LOCAL datestyle = 'SQL, DMY'",
        "SET LOCAL timezone = 'Asia/Kolkata'",
        "SET LOCAL intervalstyle = 'sql_standard'",
    )

    Schema.objects.clone("a", "c")

    assert rows("SHOW datestyle") == [("SQL, DMY",)]
    fields = "SELECT (v).f, (v).d, (v).t, (v).i FROM {}.x"
    run("RESET datestyle", "RESET intervalstyle", "RESET extra_float_digits")
    assert rows(fields.format("c")) == rows(fields.format("a"))


@pytest.mark.parametrize("value", ["on", "off"])
def test_settings_are_afterwards_what_they_were(schemata, value):
    names = ("check_function_bodies", "row_security")
    run(*(f"SET LOCAL {name} = {value}" for name in names))

    Schema.objects.clone("a", "c")

    assert [rows(f"SHOW {name}") for name in names] == [[(value,)]] * 2


@pytest.mark.django_db(transaction=True)
def test_a_copy_does_not_queue_behind_a_busy_table_for_long(committed_schemata, settings):
    """While it waits for the table of users, everybody else would wait behind it."""
    settings.BOARDINGHOUSE_LOCK_TIMEOUT = 0.02
    with busy_users(), pytest.raises(ReplayFailed, match="lock timeout"):
        Schema.objects.clone("a", "c")

    assert schemata_in_postgresql() == {"a", "b"}
