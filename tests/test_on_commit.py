"""What is registered in a schema runs in it, whatever is active at the commit."""

from functools import partial

import pytest
from django.db import connection, transaction

from boardinghouse.schema import (
    activate_schema,
    get_active_schema_name,
    override,
)
from tests.conftest import owners


@pytest.fixture
def seen():
    return []


def note(seen):
    """Note whose rows are seen."""
    seen.extend(owners())


def test_it_runs_in_the_schema_in_which_it_was_registered(committed_schemata, seen):
    with transaction.atomic():
        with override("a"):
            transaction.on_commit(partial(note, seen))
        with override("b"):
            transaction.on_commit(partial(note, seen))

    assert seen == ["a", "b"]


def test_it_is_no_matter_what_is_active_at_the_commit(committed_schemata, seen):
    with override(None):
        with transaction.atomic():
            activate_schema("a")
            transaction.on_commit(partial(note, seen))
            activate_schema("b")

        assert owners() == ["b"]
    assert seen == ["a"]


def test_what_was_registered_with_nothing_active_runs_with_nothing(committed_schemata):
    active = []
    with override(None), transaction.atomic():
        transaction.on_commit(lambda: active.append(get_active_schema_name()))
        activate_schema("a")

    assert active == [None]


def test_a_robust_function_runs_in_its_schema(committed_schemata, seen):
    with transaction.atomic(), override("a"):
        transaction.on_commit(partial(note, seen), robust=True)

    assert seen == ["a"]


def test_outside_a_transaction_it_runs_at_once(committed_schemata, seen):
    with override("a"):
        transaction.on_commit(partial(note, seen))

    assert seen == ["a"]


def test_a_rollback_forgets_it(committed_schemata, seen):
    with transaction.atomic(), override("a"):
        transaction.on_commit(partial(note, seen))
        transaction.set_rollback(True)

    assert seen == []


def test_a_savepoints_rollback_forgets_its_own(committed_schemata, seen):
    with transaction.atomic():
        with override("a"):
            transaction.on_commit(partial(note, seen))
        with transaction.atomic(), override("b"):
            transaction.on_commit(partial(note, seen))
            transaction.set_rollback(True)

    assert seen == ["a"]


def test_a_test_case_captures_it_in_its_schema(schemata, seen, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), override("a"):
        transaction.on_commit(partial(note, seen))

    assert seen == ["a"]


def test_an_activation_in_it_ends_with_it(committed_schemata):
    with transaction.atomic():
        transaction.on_commit(partial(activate_schema, "a"))

    assert get_active_schema_name() is None


def test_the_functions_name_is_kept(db):
    with transaction.atomic():
        transaction.on_commit(note)

        assert connection.run_on_commit[-1][1].__name__ == "note"
        assert connection.run_on_commit[-1][1].__doc__ == "Note whose rows are seen."
        connection.run_on_commit.clear()


def test_what_cannot_be_called_is_refused_by_django(db):
    with pytest.raises(TypeError, match="must be a callable"):
        transaction.on_commit("note")
