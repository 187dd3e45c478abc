"""A schema wanted within a block or a function, and the one before it afterwards."""

import asyncio

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from boardinghouse.exceptions import NoActiveSchema, SchemaNotFound
from boardinghouse.models import Schema
from boardinghouse.schema import (
    activate_schema,
    carry,
    deactivate_schema,
    get_active_schema_name,
    override,
)
from tests.conftest import count_sets, owners
from tests.testapp.models import Account


@pytest.fixture(autouse=True)
def _nothing_left_active():
    yield
    deactivate_schema()


def test_override_restores_what_was_active(schemata):
    activate_schema("a")

    with override("b"):
        assert owners() == ["b"]

    assert owners() == ["a"]


def test_override_restores_after_an_error(schemata):
    activate_schema("a")

    with pytest.raises(IntegrityError), transaction.atomic(), override("b"):
        Account.objects.create(pk=1, owner="again")

    assert owners() == ["a"]


def test_override_asks_nothing(schemata, django_assert_num_queries):
    with django_assert_num_queries(0), override("a"):
        pass


def test_switching_and_back_costs_a_statement_each(schemata):
    activate_schema("a")

    with CaptureQueriesContext(connection) as captured:
        with override("b"):
            owners()
            owners()
        owners()

    assert count_sets(captured) == 2
    assert len(captured) == 5


def test_a_switch_without_a_statement_costs_nothing(schemata):
    activate_schema("a")

    with CaptureQueriesContext(connection) as captured:
        with override("b"):
            pass
        owners()

    assert count_sets(captured) == 0


def test_override_of_a_missing_schema_raises_at_the_first_statement(schemata):
    with override("missing"), pytest.raises(SchemaNotFound, match="'missing'"):
        owners()


def test_a_missing_schema_hides_the_shared_tables_too(schemata):
    activate_schema("a")

    with override("missing"), pytest.raises(SchemaNotFound):
        Schema.objects.count()


def test_override_none_hides_private_tables(schemata):
    activate_schema("a")

    with override(None), pytest.raises(NoActiveSchema):
        owners()

    assert owners() == ["a"]


def test_overrides_nest(schemata):
    with override("a"):
        with override("b"):
            with override(None):
                pass
            assert owners() == ["b"]
        assert owners() == ["a"]


def test_the_same_schema_nests(schemata):
    with override("a"):
        with override("a"):
            pass
        assert owners() == ["a"]

    assert get_active_schema_name() is None


def test_an_activation_in_a_block_ends_with_it(schemata):
    activate_schema("a")

    with override(None):
        activate_schema("b")
        assert owners() == ["b"]

    assert owners() == ["a"]


def test_a_deactivation_in_a_block_ends_with_it(schemata):
    with override("a"):
        with override("b"):
            deactivate_schema()
            assert get_active_schema_name() is None
        assert owners() == ["a"]


def test_a_block_that_is_open_cannot_be_entered_again(schemata):
    block = override("a")

    with block, pytest.raises(RuntimeError, match="entered already"), block:
        pass

    assert get_active_schema_name() is None


def test_a_block_can_be_entered_again_later(schemata):
    block = override("a")

    with block:
        pass
    with block:
        assert owners() == ["a"]


# As decorators


def test_override_decorates_a_function(schemata):
    @override("b")
    def work():
        """Count."""
        return owners()

    activate_schema("a")

    assert work() == ["b"]
    assert work.__doc__ == "Count."
    assert owners() == ["a"]


def test_a_decorated_function_can_recurse(schemata):
    @override("b")
    def work(depth):
        return work(depth - 1) if depth else owners()

    assert work(3) == ["b"]
    assert get_active_schema_name() is None


def test_override_decorates_an_async_function(schemata):
    @override("b")
    async def work():
        await asyncio.sleep(0)
        return [account.owner async for account in Account.objects.all()]

    assert async_to_sync(work)() == ["b"]


def test_override_of_none_decorates(schemata):
    activate_schema("a")

    @override(None)
    def work():
        return get_active_schema_name()

    assert work() is None


@pytest.mark.parametrize("decorate", [override("a"), carry])
def test_generator_functions_are_not_decorated(decorate):
    def generate():
        yield

    async def agenerate():
        yield

    for function in (generate, agenerate):
        with pytest.raises(TypeError, match="Use `with override"):
            decorate(function)


class AwaitedObject:
    async def __call__(self):
        return await sync_to_async(owners)()


@pytest.mark.parametrize("wrap", [override("a"), None])
@pytest.mark.parametrize("make", [lambda: sync_to_async(owners), AwaitedObject])
def test_whatever_is_awaited_runs_in_the_schema(schemata, wrap, make):
    with override("a"):
        wrapped = (wrap or carry)(make())

    assert async_to_sync(wrapped)() == ["a"]


@pytest.mark.parametrize("wrong", [None, 5, object()])
def test_what_is_no_schema_is_told_so(wrong):
    with pytest.raises(TypeError, match="is no schema"):
        activate_schema(wrong)
