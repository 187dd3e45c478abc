"""Statements in many schemata in few round trips, and which of them failed."""

import pytest
from django.db import DatabaseError, connection, transaction

from boardinghouse import pipeline
from boardinghouse.exceptions import ReplayFailed
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import override
from tests.catalog import columns_of, rows, run
from tests.zoo.models import Kind

NAMES = ["a", "b", "order"]
ADD = "ALTER TABLE zoo_kind ADD COLUMN x int"
BLOCK = "DO $$ BEGIN ALTER TABLE zoo_kind ADD COLUMN y int; END $$"

pytestmark = pytest.mark.django_db


@pytest.fixture
def schemata():
    return Schema.objects.mass_create(*NAMES)


def having(column):
    return [name for name in (TEMPLATE, *NAMES) if column in columns_of(name, "zoo_kind")]


def test_statements_run_in_every_schema(schemata):
    pipeline.run(connection, NAMES, [ADD, "UPDATE zoo_kind SET x = 7"])

    assert having("x") == NAMES
    assert rows('SELECT DISTINCT x FROM "order".zoo_kind') == [(7,)]


def test_what_cannot_be_split_runs_too(schemata):
    pipeline.run(connection, NAMES, [ADD, BLOCK])

    assert having("x") == having("y") == NAMES


@pytest.mark.parametrize("has_pipeline", [True, False])
@pytest.mark.parametrize(
    "moving",
    [
        "RESET search_path",
        "SET search_path = public",
        "SELECT set_config('search_path', 'a', false)",
    ],
)
def test_a_statement_that_moves_the_path_moves_it_for_itself_alone(
    schemata, monkeypatch, moving, has_pipeline
):
    monkeypatch.setattr("psycopg.Pipeline.is_supported", lambda: has_pipeline)

    pipeline.run(connection, NAMES, [moving, ADD, "CREATE TABLE free (id int)"])

    assert having("x") == NAMES
    found = rows("SELECT schemaname::text FROM pg_tables WHERE tablename = 'free' ORDER BY 1")
    assert found == [("a",), ("b",), ("order",)]


def test_without_a_pipeline_it_is_the_same(schemata, monkeypatch):
    monkeypatch.setattr("psycopg.Pipeline.is_supported", lambda: False)

    pipeline.run(connection, NAMES, [ADD])

    assert having("x") == NAMES


@pytest.mark.parametrize("messages", [1, 2, 3, 512])
def test_the_schema_and_the_statement_that_failed_are_named(schemata, monkeypatch, messages):
    monkeypatch.setattr(pipeline, "MESSAGES", messages)
    run("ALTER TABLE b.zoo_kind ADD COLUMN x int")

    with pytest.raises(ReplayFailed) as caught, transaction.atomic():
        pipeline.run(connection, NAMES, ["SELECT 1", ADD, "SELECT 2"])

    assert (caught.value.schema, caught.value.statement) == ("b", ADD)
    assert isinstance(caught.value.__cause__, DatabaseError)
    assert having("x") == ["b"]


@pytest.mark.parametrize("count", [1, 3000], ids=["at the end", "while it sends"])
def test_a_failure_is_no_reason_for_a_warning(schemata, caplog, monkeypatch, count):
    monkeypatch.setattr(pipeline, "MESSAGES", 10**5)

    with pytest.raises(ReplayFailed) as caught, transaction.atomic():
        pipeline.run(connection, NAMES, ["SELECT 1 / 0", *["SELECT repeat('x', 9999)"] * count])

    assert (caught.value.schema, caught.value.statement) == ("a", "SELECT 1 / 0")
    assert caplog.records == []


def test_the_right_schema_is_reached_afterwards(schemata):
    with override("a"):
        Kind.objects.filter(name="lion").update(latin="panthera leo")
        pipeline.run(connection, NAMES, [ADD])

        assert Kind.objects.get(name="lion").latin == "panthera leo"

    with override("b"):
        assert Kind.objects.get(name="lion").latin != "panthera leo"


def test_hundreds_of_messages_share_a_round_trip(monkeypatch):
    names = [f"s{number}" for number in range(100)]
    run(*(f"CREATE SCHEMA {name}" for name in names))
    sent = []
    monkeypatch.setattr(
        pipeline, "send", lambda connection, raw, chunk: sent.append(len(chunk)), raising=True
    )

    pipeline.run(connection, names, ["CREATE TABLE t (id int)", "SELECT 1"])

    assert sent == [300]
