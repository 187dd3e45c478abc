"""Spares: schemata made in advance, that a sign-up renames."""

import io
import json
import threading
from contextlib import closing

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction

from boardinghouse import checks, ddl, fleet, spares
from boardinghouse.exceptions import ReplayFailed, SchemaExists, SchemaNotFound
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import activate_schema, override, working_in
from tests.catalog import catalog, difference, oid_of, run, schema_exists
from tests.zoo.models import Kind

pytestmark = pytest.mark.django_db


def fill(number):
    """Fill the pool and return what the command says."""
    out = io.StringIO()
    call_command("spare_schemata", number=number, stdout=out)
    return out.getvalue().splitlines()[-1]


def there():
    """The spares that there are, and whether each is ready."""
    return dict(spares.look(connection))


@pytest.fixture
def spare(db):
    """The only spare there is."""
    return spares.make(connection, 1)


@pytest.fixture
def nothing_behind():
    """Take away what a test that commits has made."""
    yield
    Schema.objects.all().delete(drop=True)
    fill(0)


def test_a_new_schema_is_a_spare_with_another_name(spare):
    oid = oid_of(spare)

    Schema.objects.create(schema="a", name="A")

    assert oid_of("a") == oid
    assert there() == {}
    assert difference(catalog(TEMPLATE), catalog("a")) == []
    with override("a"):
        assert Kind.objects.create(name="zebra").pk == Kind.objects.count()


def test_an_empty_pool_falls_back_to_cloning(spare):
    Schema.objects.mass_create("a", "b")

    assert sorted(Schema.objects.values_list("pk", flat=True)) == ["a", "b"]
    assert [difference(catalog(TEMPLATE), catalog(name)) for name in "ab"] == [[], []]


def test_many_take_as_many_as_there_are():
    fill(3)

    Schema.objects.mass_create("a", "b")

    assert list(there().values()) == [True]


def test_a_rollback_gives_the_spare_back(spare):
    with transaction.atomic():
        Schema.objects.create(schema="a", name="A")
        transaction.set_rollback(True)

    assert there() == {spare: True}
    assert not schema_exists("a")
    assert not Schema.objects.exists()


def test_a_name_that_is_taken_costs_no_spare(spare):
    run("CREATE SCHEMA a")

    with pytest.raises(SchemaExists, match="'a' exists already"), transaction.atomic():
        Schema.objects.create(schema="a", name="A")

    assert there() == {spare: True}


def test_taking_a_spare_is_a_handful_of_statements(spare, django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        Schema.objects.create(schema="a", name="A")


# Nobody sees them


def test_nobody_enters_a_spare(spare):
    for enter in (override, activate_schema):
        with pytest.raises(SchemaNotFound), enter(spare):
            pass


@pytest.mark.parametrize("way", ["/?__schema={}", "/__change_schema__/{}/"])
def test_a_superuser_does_not_either(spare, client, way):
    client.force_login(User.objects.create(username="root", is_superuser=True))

    assert client.get(way.format(spare)).status_code == 403


def test_nobody_sees_a_spare(spare):
    out = io.StringIO()
    call_command("list_schemata", stdout=out)

    assert "_spare_" not in out.getvalue()
    assert not Schema.objects.exists()


# They are migrated with the fleet, and what lags behind is nobody's


def test_spares_belong_to_the_fleet(spare):
    Schema.objects.mass_create("b")
    other = spares.make(connection, 1)

    assert fleet.names_of_schemata(connection) == ["b", other]


def test_spares_are_migrated(spare):
    with connection.schema_editor() as editor:
        editor.execute(f"ALTER TABLE {editor.quote_name('zoo_kind')} ADD COLUMN x int")

    assert there() == {spare: True}
    Schema.objects.create(schema="a", name="A")
    assert difference(catalog(TEMPLATE), catalog("a")) == []


BEHIND = {
    "a column": "ALTER TABLE zoo_kind ADD COLUMN x int",
    "a column's type": "ALTER TABLE zoo_kind ALTER name TYPE varchar(99)",
    "a column's name": "ALTER TABLE zoo_kind RENAME latin TO x",
    "an index": "CREATE INDEX x ON zoo_kind (name)",
    "a table": "CREATE TABLE x ()",
    "a check": "ALTER TABLE zoo_kind ADD CHECK (name <> 'x')",
    "a sequence": "ALTER SEQUENCE zoo_kind_id_seq RESTART WITH 99",
}


@pytest.mark.parametrize("statement", BEHIND.values(), ids=BEHIND.keys())
def test_a_spare_that_is_not_like_the_template_is_left_alone(spare, statement):
    with working_in(TEMPLATE):
        run(statement)

    Schema.objects.create(schema="a", name="A")

    assert there() == {spare: False}
    assert difference(catalog(TEMPLATE), catalog("a")) == []


@pytest.mark.parametrize("statement", BEHIND.values(), ids=BEHIND.keys())
def test_what_was_done_to_a_spare_shows_too(spare, statement):
    with working_in(spare):
        run(statement)

    assert there() == {spare: False}


def test_while_a_migration_is_unfinished_no_spare_is_given(spare):
    run("CREATE TABLE public.boardinghouse_journal ()")

    Schema.objects.create(schema="a", name="A")

    assert there() == {spare: True}


# Two at once


@pytest.mark.django_db(transaction=True)
def test_two_sign_ups_never_get_the_same_one(nothing_behind):
    fill(2)
    oids = {oid_of(name) for name in there()}
    start = threading.Barrier(2)

    def sign_up(name):
        try:
            with transaction.atomic():
                start.wait()
                Schema.objects.create(schema=name, name=name)
                start.wait()
        finally:
            connection.close()

    threads = [threading.Thread(target=sign_up, args=[name]) for name in "ab"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert {oid_of("a"), oid_of("b")} == oids
    assert there() == {}


@pytest.mark.django_db(transaction=True)
def test_one_that_somebody_is_taking_is_passed_over(nothing_behind):
    fill(1)
    (spare,) = there()
    with closing(connection.copy()) as other:
        with transaction.atomic():
            spares.take(connection, ["a"])

            assert spares.look(other, 1, claiming=True) == []
            assert spares.drop(other, [spare]) == []

            transaction.set_rollback(True)

        assert spares.drop(other, [spare]) == [spare]


def test_one_that_was_renamed_meanwhile_is_not_there(spare):
    run(f'ALTER SCHEMA "{spare}" RENAME TO b')

    assert spares.rename(connection, spare, "a") is False
    assert spares.drop(connection, [spare]) == []
    assert schema_exists("b")


@pytest.mark.django_db(transaction=True)
def test_two_who_fill_the_pool_do_not_overfill_it(nothing_behind):
    def fill_two():
        try:
            fill(2)
        finally:
            connection.close()

    threads = [threading.Thread(target=fill_two) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert list(there().values()) == [True, True]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_want_one_name_one_gets_it_and_the_other_is_told(nothing_behind):
    fill(2)
    start, told = threading.Barrier(2), []

    def sign_up():
        try:
            start.wait()
            told.append(Schema.objects.create(schema="a", name="a"))
        except SchemaExists as error:
            told.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=sign_up) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sorted(type(each).__name__ for each in told) == ["Schema", "SchemaExists"]
    assert list(there().values()) == [True]


@pytest.mark.django_db(transaction=True)
def test_a_sign_up_waits_for_who_changes_the_template(nothing_behind):
    fill(1)
    with closing(connection.copy()) as other, other.cursor() as cursor:
        cursor.execute("BEGIN")
        ddl.claim_template(other)
        run("SET lock_timeout = '20ms'")

        with pytest.raises(OperationalError, match="lock timeout"):
            Schema.objects.create(schema="a", name="a")

        cursor.execute("COMMIT")
    run("RESET lock_timeout")

    Schema.objects.create(schema="a", name="a")


@pytest.mark.django_db(transaction=True)
def test_a_sign_up_does_not_queue_behind_a_busy_table_for_long(nothing_behind, settings):
    """While it waits for the table of users, everybody else would wait behind it."""
    settings.BOARDINGHOUSE_LOCK_TIMEOUT = 0.02
    with closing(connection.copy()) as other, other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("LOCK TABLE auth_user IN ROW EXCLUSIVE MODE")

        with pytest.raises(ReplayFailed, match="lock timeout"):
            Schema.objects.create(schema="a", name="a")

        cursor.execute("COMMIT")
    assert not schema_exists("a")


# The command


def test_the_command_fills_the_pool_as_the_setting_says(settings):
    settings.BOARDINGHOUSE_SPARE_SCHEMATA = 2
    assert fill(None) == "0 spares were dropped, 2 made; 2 are ready."
    assert fill(None) == "0 spares were dropped, 0 made; 2 are ready."

    settings.BOARDINGHOUSE_SPARE_SCHEMATA = 1
    assert fill(None) == "1 spares were dropped, 0 made; 1 are ready."


def test_the_command_replaces_what_lags_behind(spare):
    with working_in(TEMPLATE):
        run("ALTER TABLE zoo_kind ADD COLUMN x int")

    assert fill(1) == "1 spares were dropped, 1 made; 1 are ready."
    assert spare not in there()


def test_the_command_tells_machines():
    out = io.StringIO()
    call_command("spare_schemata", "--json", number=1, stdout=out)

    last = json.loads(out.getvalue().splitlines()[-1])
    assert (last["dropped"], last["made"], last["ready"]) == (0, 1, 1)


def test_the_command_is_silent_when_told_so():
    out = io.StringIO()
    call_command("spare_schemata", number=1, verbosity=0, stdout=out)

    assert out.getvalue() == ""


@pytest.mark.parametrize("number", ["-1", "many"])
def test_the_command_refuses_what_is_no_number(number):
    with pytest.raises(CommandError, match="no number of schemata"):
        call_command("spare_schemata", "--number", number)


def test_without_a_template_the_command_says_what_to_type():
    ddl.drop(connection, TEMPLATE)

    with pytest.raises(CommandError, match=r"manage\.py migrate"):
        fill(1)


def test_while_a_migration_is_unfinished_the_command_says_what_to_type(spare):
    run("CREATE TABLE public.boardinghouse_journal ()")

    with pytest.raises(CommandError, match=r"manage\.py migrate"):
        fill(0)

    assert there() == {spare: True}


@pytest.mark.parametrize(("value", "is_good"), [(0, True), (5, True), (-1, False), ("5", False)])
def test_a_check_wants_a_number(settings, value, is_good):
    settings.BOARDINGHOUSE_SPARE_SCHEMATA = value

    found = [each.id for each in checks.check_spare_schemata()]

    assert found == ([] if is_good else ["boardinghouse.E017"])
