"""What a schema may be called, and how a name reaches SQL."""

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import IntegrityError, connection, transaction
from django.forms import modelform_factory
from django.test import override_settings

from boardinghouse.exceptions import SchemaNotFound
from boardinghouse.models import Schema
from boardinghouse.names import compose_path, is_valid_name, quote
from boardinghouse.schema import activate_schema, deactivate_schema, override
from tests.conftest import fill, owners
from tests.testapp.models import Account

RESERVED_WORDS = ["order", "user", "select", "table", "default"]
GOOD = [*RESERVED_WORDS, "a", "z9_", "pgx", "publicity", "information_schemata", "x" * 63]
BAD = [
    "",
    "A",
    "aB",
    "9a",
    "_a",
    "__template__",
    "pg_x",
    "pg_temp",
    "public",
    "information_schema",
    "x" * 64,
    "a b",
    "a-b",
    "a.b",
    "a,public",
    'a"b',
    "a'b",
    "a;b",
    "a\\b",
    "a%b",
    "a\n",
    "\na",
    "é",
    "aé",
    "a٣",
    "$user",
]
WITH_NUL = "a\x00"


@pytest.mark.parametrize("name", GOOD)
def test_good_names_are_valid(name):
    assert is_valid_name(name)


@pytest.mark.parametrize("name", [*BAD, WITH_NUL, None, 1, b"a"])
def test_bad_names_are_not(name):
    assert not is_valid_name(name)


@pytest.mark.parametrize("name", [*BAD, WITH_NUL])
def test_the_model_refuses_bad_names(db, name):
    with pytest.raises(ValidationError):
        Schema(schema=name, name="A school").save()


@pytest.mark.parametrize("name", [*BAD, WITH_NUL])
def test_the_form_refuses_bad_names(db, name):
    form = modelform_factory(Schema, fields=["schema", "name"])({"schema": name, "name": "School"})
    form.fields["schema"].strip = False

    assert "schema" in form.errors


@pytest.mark.parametrize("name", [name for name in BAD if len(name) <= 63])
def test_the_database_refuses_bad_names(db, name):
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO boardinghouse_schema (schema, name, is_active) VALUES (%s, 'A', true)",
            [name],
        )


@pytest.mark.parametrize("name", GOOD)
def test_the_database_knows_the_same_pattern(db, name):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO boardinghouse_schema (schema, name, is_active) VALUES (%s, 'A', true)",
            [name],
        )

    assert Schema.objects.get().schema == name


@pytest.mark.parametrize("name", [*BAD, WITH_NUL])
def test_a_bad_name_cannot_be_wanted(schemata, name):
    with pytest.raises(Exception, match=r"does not exist|cannot be activated"):
        activate_schema(name)

    with override("a"):
        assert owners() == ["a"]


def test_a_bad_name_runs_no_statement(schemata, django_assert_num_queries):
    with django_assert_num_queries(0), override("public"), pytest.raises(SchemaNotFound):
        Account.objects.count()


@pytest.mark.parametrize("name", RESERVED_WORDS)
def test_reserved_words_work(schemata, name):
    Schema.objects.create(schema=name, name=name)
    fill(name)

    activate_schema(name)

    assert owners() == [name]
    deactivate_schema()


def test_the_longest_name_works_and_is_not_cut(schemata):
    one, other = "x" * 63, "x" * 62 + "y"
    for name in (one, other):
        Schema.objects.create(schema=name, name=name)
        fill(name)

    with override(one):
        assert owners() == [one]
    with override(other):
        assert owners() == [other]


def test_a_name_that_differs_only_in_case_is_no_way_in(schemata):
    with override("A"), pytest.raises(SchemaNotFound):
        owners()


def test_quotes_in_an_identifier_are_doubled():
    assert quote('a"b') == '"a""b"'


def test_the_path_is_composed_in_one_way():
    assert compose_path(None) == "public"
    assert compose_path("order") == '"order", public'


@override_settings(BOARDINGHOUSE_EXTRA_SEARCH_PATH=["extensions", "odd name"])
def test_extra_schemata_come_last_on_the_path():
    assert compose_path("a") == '"a", public, "extensions", "odd name"'


@pytest.mark.parametrize("value", ["extensions", None, [None]])
def test_what_is_no_list_of_extra_schemata_is_refused(settings, value):
    settings.BOARDINGHOUSE_EXTRA_SEARCH_PATH = value

    with pytest.raises(ImproperlyConfigured, match=r"SEARCH_PATH is .*no list of names.*Write"):
        compose_path("a")
