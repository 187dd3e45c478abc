"""Dropping schemata: in steps that fit PostgreSQL's lock table, and gone at once for everybody."""

import io

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from boardinghouse import ddl, fleet, removal
from boardinghouse.exceptions import LockBudgetExceeded, SchemaNotFound
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import override, working_in
from tests.catalog import catalog, difference, rows, run, schema_exists
from tests.conftest import connected_with
from tests.zoo.models import Kind

pytestmark = pytest.mark.django_db(transaction=True)

#: One of a kind, and what needs another one.
OBJECTS = [
    "CREATE TYPE mood AS ENUM ('sad')",
    "CREATE TYPE span AS RANGE (subtype = float8)",
    "CREATE FUNCTION f(mood) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE AGGREGATE total (int) (sfunc = int4pl, stype = int)",
    'CREATE TABLE one (id serial PRIMARY KEY, m mood, s span, "it\'s" int)',
    'CREATE TABLE "O ne" (id int REFERENCES one, u int REFERENCES public.auth_user)',
    "CREATE VIEW v AS SELECT id FROM one",
    "CREATE MATERIALIZED VIEW m AS SELECT id FROM v",
    "CREATE SEQUENCE q",
    "CREATE TABLE p (n int PRIMARY KEY) PARTITION BY RANGE (n)",
    "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (2)",
    "CREATE TABLE parent (n int)",
    "CREATE TABLE child () INHERITS (parent)",
]


@pytest.fixture
def schemata():
    made = Schema.objects.mass_create("a", "b")
    for name in "ab":
        with override(name):
            Kind.objects.create(name=f"of {name}")
    with working_in("a"):
        run(*OBJECTS)
    yield made
    Schema.objects.all().delete(drop=True)


@pytest.fixture
def small_budget(monkeypatch):
    """A lock table that a schema does not fit in."""
    monkeypatch.setattr(ddl, "lock_budget", lambda connection: 60)


@pytest.fixture
def steps(monkeypatch):
    """The steps that were taken, each with the locks that it took."""
    taken = []
    take_step = removal.take_step

    def note(connection, step):
        with transaction.atomic():
            before = ddl.locks_held(connection)
            take_step(connection, step)
            taken.append((step, ddl.locks_held(connection) - before))

    monkeypatch.setattr(removal, "take_step", note)
    return taken


def remains():
    return rows("SELECT nspname FROM pg_namespace WHERE nspname ~ '^_dropped_'")


def kinds_in(schema):
    with override(schema):
        return set(Kind.objects.values_list("name", flat=True))


def test_a_schema_that_fits_goes_in_one_transaction(schemata, steps):
    schemata[0].delete(drop=True)

    assert steps == []
    assert not schema_exists("a")
    assert "of b" in kinds_in("b")


def test_the_locks_are_counted_before_they_are_taken(schemata):
    expected = removal.locks_of(connection, "a")

    with transaction.atomic():
        ddl.drop(connection, "a")
        taken = ddl.locks_held(connection)
        transaction.set_rollback(True)

    assert 0.8 * taken <= expected + 30 <= 1.5 * taken + 30


def test_a_schema_with_more_objects_than_the_lock_table_goes_in_steps(
    schemata, small_budget, steps
):
    before = catalog("b")

    schemata[0].delete(drop=True)

    assert len(steps) > 3
    alone = [locks for step, locks in steps if len(step) == 1]
    assert all(locks <= 60 + 30 for step, locks in steps if len(step) > 1), (steps, alone)
    assert not schema_exists("a")
    assert remains() == []
    assert [each.pk for each in Schema.objects.all()] == ["b"]
    assert difference(before, catalog("b")) == []
    assert "of b" in kinds_in("b")


class Killed(BaseException):
    """What ends a process."""


@pytest.fixture
def interrupted(schemata, small_budget, monkeypatch):
    """A schema whose dropping was interrupted after the first step."""
    take_step, taken = removal.take_step, []

    def take_one(connection, step):
        if taken:
            raise Killed
        taken.append(step)
        take_step(connection, step)

    with monkeypatch.context() as patched:
        patched.setattr(removal, "take_step", take_one)
        with pytest.raises(Killed):
            schemata[0].delete(drop=True)


def test_a_large_one_goes_where_the_server_binds_parameters(schemata, small_budget):
    with connected_with({"server_side_binding": True}):
        schemata[0].delete(drop=True)

        assert not schema_exists("a")
        assert remains() == []
        assert "of b" in kinds_in("b")


def test_what_is_half_dropped_nobody_sees(interrupted):
    assert len(remains()) == 1
    assert not schema_exists("a")
    assert [each.pk for each in Schema.objects.all()] == ["b"]
    assert fleet.names_of_schemata(connection) == ["b"]
    for name in ("a", remains()[0][0]):
        with pytest.raises(SchemaNotFound), override(name):
            Kind.objects.count()


def test_its_name_is_free(interrupted):
    Schema.objects.create(schema="a", name="another")

    assert "of a" not in kinds_in("a")
    assert removal.finish(connection) == ["a"]
    assert difference(catalog(TEMPLATE), catalog("a")) == []


def test_the_next_one_who_drops_goes_on(interrupted):
    Schema.objects.get(pk="b").delete(drop=True)

    assert remains() == []


def test_the_same_command_again_finishes_and_says_so(interrupted):
    out = io.StringIO()
    call_command("drop_schema", "a", interactive=False, stdout=out)

    assert out.getvalue() == "Schema 'a', whose dropping was interrupted, is gone now.\n"
    assert remains() == []
    assert schema_exists("b")


def test_inside_a_transaction_it_is_all_or_nothing(schemata, small_budget):
    with (
        transaction.atomic(),
        pytest.raises(LockBudgetExceeded, match=r"Dropping 2 schemata.*60 locks.*outside atomic"),
    ):
        Schema.objects.all().delete(drop=True)

    assert schema_exists("a")
    assert Schema.objects.count() == 2


def test_a_row_that_cannot_be_deleted_keeps_its_schema(schemata, small_budget):
    run("CREATE TABLE b.keeper (schema varchar REFERENCES public.boardinghouse_schema)")
    run("INSERT INTO b.keeper VALUES ('a')")

    with pytest.raises(Exception, match="keeper"):
        schemata[0].delete(drop=True)

    run("DROP TABLE b.keeper")
    assert "of a" in kinds_in("a")
    assert remains() == []
