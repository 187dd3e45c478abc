"""What we do when Django sends news, where no other module's tests have it."""

from django.db.migrations import Migration, RunPython

from boardinghouse import receivers
from boardinghouse.operations import ByApp


def migration():
    planned = Migration("0001_initial", "testapp")
    planned.operations = [RunPython(RunPython.noop)]
    return planned


def test_a_planned_operation_is_asked_where_it_runs(db):
    planned = migration()

    receivers.say_where_operations_run(using="default", plan=[(planned, False)])

    assert isinstance(planned.operations[1], ByApp)


def test_on_a_database_without_schemata_it_is_left_alone(monkeypatch):
    monkeypatch.setattr(receivers, "connections", {"plain": object()})
    planned = migration()

    receivers.say_where_operations_run(using="plain", plan=[(planned, False)])

    assert type(planned.operations[0]) is RunPython
