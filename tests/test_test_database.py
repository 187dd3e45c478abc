"""Django's test cases: what a test makes is gone after it, what migrations made stays."""

import unittest

import pytest
from django.db import connection
from django.test import TestCase, TransactionTestCase

from boardinghouse import ddl
from boardinghouse.exceptions import SchemaNotFound
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import (
    activate_schema,
    deactivate_schema,
    get_active_schema_name,
    override,
    working_in,
)
from tests.conftest import fill, owners, run_sql, schemata_in_postgresql
from tests.testapp.models import Account, Region


@pytest.fixture
def database(django_db_setup, django_db_blocker):
    """The test database, without a transaction or a flush around the test."""
    with django_db_blocker.unblock():
        yield connection
        deactivate_schema()
        connection.close()


@pytest.fixture
def template_row(database):
    """A row in the template, as a data migration writes it."""
    with working_in(TEMPLATE):
        Account.objects.create(pk=7, owner="from a migration")
    yield
    with working_in(TEMPLATE):
        Account.objects.all().delete()


def run(case):
    """Run a test case as a test runner does."""
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    assert result.testsRun
    assert [text for _, text in result.errors + result.failures] == []


def rows_of_template():
    with working_in(TEMPLATE):
        return owners()


class Making:
    """A test that makes a schema, and rows in it and beside it."""

    def test_make(self):
        Schema.objects.mass_create("made")
        fill("made")
        Region.objects.create(name="north")
        with override("made"):
            assert "made" in owners()
        assert "made" in schemata_in_postgresql()


class Leaving(Making):
    """A test that leaves its schema active."""

    def test_make(self):
        super().test_make()
        activate_schema("made")


@pytest.mark.parametrize("base", [TestCase, TransactionTestCase])
@pytest.mark.parametrize("kind", [Making, Leaving])
def test_schemata_of_a_test_are_gone_after_it(database, base, kind):
    run(type("Case", (kind, base), {}))

    deactivate_schema()
    assert schemata_in_postgresql() == set()
    assert Schema.objects.count() == Region.objects.count() == 0


def test_a_transaction_test_case_leaves_nothing_active(database):
    run(type("Case", (Leaving, TransactionTestCase), {}))

    assert get_active_schema_name() is None


@pytest.fixture
def left_active(database):
    """A schema that a test left active, and that was rolled back with all else."""
    run(type("Case", (Leaving, TestCase), {}))
    assert get_active_schema_name() == "made"


def test_the_flush_of_a_test_leaves_what_another_one_left_active(left_active):
    class Case(TransactionTestCase):
        def test_nothing(self):
            pass

    run(Case)

    assert get_active_schema_name() is None
    assert Region.objects.count() == 0


def test_rows_are_serialised_and_restored_whatever_a_test_left_active(left_active):
    with override(None):
        Region.objects.create(name="north")
    contents = connection.creation.serialize_db_to_string()
    with override(None):
        Region.objects.all().delete()

    connection.creation.deserialize_db_from_string(contents)

    with override(None):
        assert Region.objects.get().name == "north"
        Region.objects.all().delete()


def test_what_a_test_left_active_is_named_with_what_to_write(left_active):
    with pytest.raises(SchemaNotFound, match="Schema 'made' does not exist") as caught:
        Region.objects.count()

    (note,) = caught.value.__notes__
    assert "addCleanup(deactivate_schema)" in note


@pytest.mark.parametrize("base", [TestCase, TransactionTestCase])
def test_rows_of_the_template_stay(template_row, base):
    run(type("Case", (Making, base), {}))

    assert "from a migration" in rows_of_template()
    assert ddl.schema_exists(connection, TEMPLATE)


def test_schemata_of_class_data_are_in_each_test_and_gone_after(database):
    class Case(TestCase):
        @classmethod
        def setUpTestData(cls):
            Schema.objects.mass_create("made")
            fill("made")

        def check(self):
            with override("made"):
                account = Account.objects.get(owner="made")
                account.owner = "changed"
                account.save()

        test_one = test_two = check

    run(Case)

    assert schemata_in_postgresql() == set()


def test_shared_sequences_begin_again_for_a_case_that_says_so(database):
    class Case(TransactionTestCase):
        reset_sequences = True

        def check(self):
            assert Region.objects.create(name="north").pk == 1

        test_one = test_two = check

    run(Case)


def test_there_are_sequences_of_private_tables_in_a_schema_only(schemata):
    def tables():
        return {each["table"] for each in connection.introspection.sequence_list()}

    assert not {"testapp_account", "auth_user_groups"} & tables()
    with override("a"):
        assert {"testapp_account", "auth_user_groups", "testapp_region"} <= tables()


def test_what_was_serialised_is_there_again(database, monkeypatch):
    Region.objects.create(name="from a migration")
    contents = connection.creation.serialize_db_to_string()
    monkeypatch.setattr(connection, "_test_serialized_contents", contents, raising=False)

    class Case(Making, TransactionTestCase):
        serialized_rollback = True

        def test_read(self):
            assert Region.objects.get().name == "from a migration"

        def test_remove(self):
            run_sql("DELETE FROM testapp_region")

    run(Case)

    run_sql("DELETE FROM testapp_region")


def test_serialised_schemata_are_there_again(database, monkeypatch):
    Schema.objects.mass_create("kept")
    contents = connection.creation.serialize_db_to_string()
    monkeypatch.setattr(connection, "_test_serialized_contents", contents, raising=False)

    class Case(Making, TransactionTestCase):
        serialized_rollback = True

        def test_read(self):
            assert schemata_in_postgresql() == {"kept"}
            fill("kept")

    run(Case)

    assert schemata_in_postgresql() == set()


def test_rows_of_the_template_are_serialised(template_row):
    contents = connection.creation.serialize_db_to_string()
    with working_in(TEMPLATE):
        Account.objects.all().delete()

    connection.creation.deserialize_db_from_string(contents)

    assert "from a migration" in rows_of_template()


def test_rows_of_schemata_are_not_serialised(database):
    Schema.objects.mass_create("made")
    fill("made")

    contents = connection.creation.serialize_db_to_string()

    assert '"owner": "made"' not in contents
    Schema.objects.all().delete(drop=True)
