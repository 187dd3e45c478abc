"""A flush drops the schemata and empties the shared tables."""

from django.core.management import call_command
from django.db import connection

from boardinghouse.models import Schema
from boardinghouse.schema import (
    activate_schema,
    get_active_schema_name,
)
from tests.conftest import fill, schemata_in_postgresql
from tests.testapp.models import Region


def test_a_flush_empties_the_shared_tables_and_drops_the_schemata(transactional_db):
    Schema.objects.mass_create("a")
    fill("a")
    Region.objects.create(name="north")

    call_command("flush", schemata=True, verbosity=0, interactive=False)

    assert schemata_in_postgresql() == set()
    assert Region.objects.count() == Schema.objects.count() == 0


def test_a_flush_with_a_schema_active_leaves_it(committed_schemata):
    activate_schema("a")

    call_command("flush", schemata=True, verbosity=0, interactive=False)

    assert get_active_schema_name() is None


def test_a_flush_with_sequences_begins_them_again(transactional_db):
    Region.objects.create(name="north")

    call_command("flush", schemata=True, verbosity=0, interactive=False)

    assert Region.objects.create(name="south").pk == 1


def test_shared_tables_without_private_ones_have_statements_of_their_own(db):
    tables = ["testapp_region", "testapp_account"]

    sql = " ".join(connection.ops.sql_flush(NoStyle(), tables, reset_sequences=True))

    assert '"testapp_region"' in sql
    assert "testapp_account" not in sql
    assert "TRUNCATE" not in sql


def test_there_is_nothing_to_say_about_private_tables_alone(db):
    assert connection.ops.sql_flush(NoStyle(), ["testapp_account"]) == []


class NoStyle:
    """What `django.core.management.color.no_style()` returns, where it matters here."""

    def __getattr__(self, name):
        return str
