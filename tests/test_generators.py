"""Blocks within generators, which end late, out of order, or never by themselves."""

import gc

import pytest
from django.core.signals import request_finished, request_started

from boardinghouse.exceptions import NoActiveSchema
from boardinghouse.schema import (
    activate_schema,
    begin_request,
    deactivate_schema,
    end_request,
    get_active_schema_name,
    override,
)
from tests.conftest import owners


@pytest.fixture(autouse=True)
def _nothing_left_active():
    yield
    end_request()
    deactivate_schema()


def rows_of(name):
    """Yield a schema's rows, for ever, from within one block."""
    with override(name):
        while True:
            yield owners()


def test_interleaved_generators_leave_their_own_link_only(schemata):
    activate_schema("a")
    one, two = rows_of("b"), rows_of("a")
    next(one)
    next(two)

    one.close()
    assert owners() == ["a"]
    two.close()

    assert owners() == ["a"]


def test_generators_closed_in_the_wrong_order_leave_nothing(schemata):
    one, two = rows_of("a"), rows_of("b")
    next(one)
    next(two)

    one.close()
    assert owners() == ["b"]
    two.close()

    with pytest.raises(NoActiveSchema):
        owners()


def test_a_generator_that_is_closed_twice_leaves_once(schemata):
    with override("b"):
        generator = rows_of("a")
        next(generator)
        generator.close()
        generator.close()

        assert owners() == ["b"]


def test_a_generator_abandoned_in_one_request_leaves_the_next_alone(schemata):
    begin_request()
    activate_schema("a")
    abandoned = rows_of("a")
    next(abandoned)
    end_request()
    begin_request()
    activate_schema("b")

    del abandoned
    gc.collect()

    assert owners() == ["b"]


def test_a_generator_abandoned_in_one_request_shows_the_next_nothing(committed_schemata):
    request_started.send(sender=None)
    abandoned = rows_of("a")
    next(abandoned)
    request_finished.send(sender=None)
    request_started.send(sender=None)

    with pytest.raises(NoActiveSchema):
        owners()

    abandoned.close()
    with pytest.raises(NoActiveSchema):
        owners()


def test_a_generator_of_an_unfinished_request_shows_the_next_nothing(schemata):
    begin_request()
    abandoned = rows_of("a")
    next(abandoned)

    begin_request()

    with pytest.raises(NoActiveSchema):
        owners()
    abandoned.close()
    assert get_active_schema_name() is None


def test_an_error_in_a_generator_leaves_its_link(schemata):
    activate_schema("a")
    generator = rows_of("b")
    next(generator)

    with pytest.raises(ZeroDivisionError):
        generator.throw(ZeroDivisionError())

    assert owners() == ["a"]


def test_an_activation_around_a_request_is_back_after_it(schemata):
    activate_schema("a")

    begin_request()
    with pytest.raises(NoActiveSchema):
        owners()
    activate_schema("b")
    assert owners() == ["b"]
    end_request()

    assert owners() == ["a"]


def test_a_request_that_begins_twice_begins_once(schemata):
    activate_schema("a")

    begin_request()
    begin_request()
    end_request()

    assert owners() == ["a"]


def test_a_request_within_a_block_leaves_the_block_alone(schemata):
    with override("a"):
        begin_request()
        with override("b"):
            assert owners() == ["b"]
        end_request()
        assert owners() == ["a"]

    assert get_active_schema_name() is None
