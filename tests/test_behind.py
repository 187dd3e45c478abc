"""B11: a request into a schema that the running code's migrations have not reached."""

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from boardinghouse import fleet, journal
from boardinghouse.behind import is_from_schema_behind
from boardinghouse.journal import Entry, Failure
from boardinghouse.middleware import SchemaMiddleware
from boardinghouse.models import Schema
from boardinghouse.schema import override
from tests.browsers import HTML, JSON, enter
from tests.catalog import rows, run, tables_in
from tests.conftest import fill

WORDS = "This schema is being updated. Please try again in a moment."


def entry_of(name, app="testapp"):
    return Entry(app, name, False, ["Do something"], 1, [], 1, ["SELECT 1"], 1, 1)


def leave_behind(*names, migration="0001_initial", app="testapp"):
    """Write down that schemata have yet to do a migration."""
    journal.write(connection, entry_of(migration, app))
    journal.add_pending(connection, entry_of(migration, app), list(names))


def test_a_request_into_a_schema_that_is_behind_is_asked_to_come_back(visitor):
    enter(visitor, "a")
    leave_behind("a")

    response = visitor.get("/owners/")

    assert (response.status_code, response.content.decode()) == (503, WORDS)
    assert response["Retry-After"] == "10"
    assert "no-store" in response["Cache-Control"]
    assert visitor.session["schema"] == "a"


def test_people_get_a_page_and_scripts_get_json(visitor):
    enter(visitor, "a")
    leave_behind("a")

    page = visitor.get("/owners/", headers=HTML)
    data = visitor.get("/owners/", headers=JSON)

    assert (page.status_code, data.status_code) == (503, 503)
    assert f"<p>{WORDS}</p>" in page.content.decode()
    assert data.json() == {"schema": None, "message": WORDS}


def test_other_schemata_are_open(visitor):
    enter(visitor, "b")
    leave_behind("a")

    assert visitor.get("/owners/").content == b"b"


def test_it_is_open_again_when_it_is_done(visitor):
    enter(visitor, "a")
    leave_behind("a", "b")
    journal.mark_done(connection, entry_of("0001_initial"), ["a"])

    assert visitor.get("/owners/").content == b"a"


def test_nothing_is_written_into_it(visitor):
    enter(visitor, "a")
    leave_behind("a")

    assert visitor.post("/write/").status_code == 503
    assert visitor.post("/write/", headers={"X-Change-Schema": "a"}).status_code == 503
    assert rows("SELECT owner FROM a.testapp_account") == [("a",)]


@pytest.mark.parametrize(
    ("app", "migration"), [("testapp", "0099_of_the_new_code"), ("of_the_new_code", "0001_initial")]
)
def test_code_from_before_the_migration_goes_on_working(visitor, app, migration):
    enter(visitor, "a")
    leave_behind("a", migration=migration, app=app)

    assert visitor.get("/owners/").content == b"a"


def test_while_a_fleet_is_migrated_it_takes_two_round_trips_more_and_else_none(visitor):
    enter(visitor, "a")
    with CaptureQueriesContext(connection) as before:
        visitor.get("/owners/")
    leave_behind("b")
    with CaptureQueriesContext(connection) as during:
        visitor.get("/owners/")

    assert len(during) - len(before) == 2


def missing(statement):
    """The error that a statement meets in a."""
    with pytest.raises(ProgrammingError) as caught, transaction.atomic():
        run(statement)
    return caught.value


@pytest.mark.parametrize(
    "statement", ["SELECT missing FROM testapp_account", "SELECT * FROM testapp_missing"]
)
@pytest.mark.parametrize(("is_applied", "status"), [(False, 503), (True, None)])
def test_what_an_unapplied_migration_would_make_is_waited_for(
    schemata, statement, is_applied, status
):
    if not is_applied:
        run("DELETE FROM django_migrations WHERE app = 'testapp'")
    middleware = SchemaMiddleware(lambda request: None)

    with override("a"):
        response = middleware.process_exception(RequestFactory().get("/"), missing(statement))

    assert getattr(response, "status_code", None) == status


def test_so_is_what_a_migration_makes_that_goes_over_the_fleet(schemata):
    leave_behind("a")

    with override("a"):
        error = missing("SELECT missing FROM testapp_account")
        assert is_from_schema_behind(error)

    with override("b"):
        assert not is_from_schema_behind(error)


def test_other_errors_are_none_of_our_business(schemata):
    leave_behind("a")

    with override("a"):
        assert not is_from_schema_behind(missing("SELECT missing()"))
    assert not is_from_schema_behind(missing("SELECT * FROM testapp_account"))


# The journal itself


def test_its_tables_are_there_only_while_something_is_unfinished(schemata):
    assert not journal.is_there(connection)

    leave_behind("a")
    leave_behind("a", migration="0002_other")
    journal.forget(connection, "testapp", "0001_initial")

    assert [each.name for each in journal.unfinished(connection)] == ["0002_other"]

    journal.forget(connection, "testapp", "0002_other")

    assert not {journal.JOURNAL, journal.PENDING} & tables_in("public")


def test_what_is_written_is_read_again(schemata):
    entry = entry_of("0001_initial")._replace(transcript=[["answer", "x", None]], script=None)

    journal.write(connection, entry_of("0001_initial"))
    journal.write(connection, entry)

    assert journal.unfinished(connection) == [entry]
    assert journal.find(connection, "testapp", "0002_other") is None


def test_a_migration_that_was_done_and_recorded_is_not_unfinished(schemata):
    leave_behind("a", "b")
    with pytest.raises(CommandError, match="0001_initial is not finished"):
        call_command("migrate", verbosity=0)

    journal.mark_done(connection, entry_of("0001_initial"), ["a", "b"])
    call_command("migrate", verbosity=0)

    assert not journal.is_there(connection)


def test_one_that_was_unapplied_and_forgotten_is_not_either(schemata):
    journal.write(connection, entry_of("0002_gone")._replace(backwards=True))

    call_command("migrate", verbosity=0)

    assert not journal.is_there(connection)


def test_who_had_to_wait_comes_after_the_others(schemata):
    leave_behind("a", "b", "c")
    entry = entry_of("0001_initial")

    journal.put_back(connection, entry, "a")
    journal.mark_failed(connection, entry, Failure("b", "broken", "SELECT 1"))

    assert journal.take(connection, entry, 9) == ["c", "a"]
    assert journal.failures(connection, entry) == [("b", "broken", "SELECT 1")]
    assert journal.count_behind(connection, entry) == 3


def test_a_failure_that_two_workers_meet_is_noted_once(schemata):
    leave_behind("a", "b")
    entry = entry_of("0001_initial")
    first, second = Failure("b", "broken", "SELECT 1"), Failure("b", "broken still", "SELECT 1")

    noted = [journal.mark_failed(connection, entry, each) for each in (first, second)]

    assert noted == [True, False]
    assert journal.failures(connection, entry) == [first]


def test_in_the_next_run_failures_are_tried_again_and_what_is_gone_is_not(schemata):
    leave_behind("a", "b", "gone")
    entry = entry_of("0001_initial")
    journal.mark_failed(connection, entry, Failure("b", "broken", "SELECT 1"))

    assert journal.begin_again(connection, entry) == 2
    assert journal.take(connection, entry, 9) == ["a", "b"]


def test_a_schema_that_is_dropped_and_made_anew_is_not_behind(schemata):
    leave_behind("a")
    assert fleet.is_behind(connection, "a")

    schemata[0].delete(drop=True)
    Schema.objects.mass_create("a")
    fill("a")

    assert not fleet.is_behind(connection, "a")
