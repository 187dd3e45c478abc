"""Tasks, each in its own schema."""

import asyncio

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection

from boardinghouse.exceptions import NoActiveSchema, SchemaNotFound
from boardinghouse.schema import (
    activate_schema,
    begin_request,
    carry,
    deactivate_schema,
    end_request,
    get_active_schema,
    get_active_schema_name,
    override,
)
from tests.conftest import owners
from tests.testapp.models import Account


@pytest.fixture(autouse=True)
def _nothing_left_active():
    yield
    end_request()
    deactivate_schema()


async def aowners():
    return [account.owner async for account in Account.objects.all()]


def run(function):
    """Run an async function to its end."""
    return async_to_sync(function)()


# C3


def test_two_tasks_of_one_request_keep_apart(schemata):
    async def work(name):
        seen = []
        with override(name):
            for _ in range(5):
                await asyncio.sleep(0)
                seen += await aowners()
        return seen

    async def main():
        with override("a"):
            return await asyncio.gather(work("a"), work("b"), work("a")), await aowners()

    assert run(main) == ([["a"] * 5, ["b"] * 5, ["a"] * 5], ["a"])


def test_a_task_begins_in_the_schema_that_it_was_made_in(schemata):
    async def main():
        with override("a"):
            task = asyncio.create_task(aowners())
        with override("b"):
            return await task, await aowners()

    assert run(main) == (["a"], ["b"])


def test_an_activation_in_a_task_is_its_own(schemata):
    async def work():
        activate_schema("b")
        return await aowners()

    async def main():
        with override("a"):
            return await asyncio.create_task(work()), await aowners()

    assert run(main) == (["b"], ["a"])


def test_a_task_that_outlives_its_request_keeps_its_schema(schemata):
    async def main():
        begin_request()
        activate_schema("a")
        may_go_on = asyncio.Event()

        async def work():
            await may_go_on.wait()
            return await aowners()

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        end_request()
        begin_request()
        activate_schema("b")
        may_go_on.set()
        return await task, await aowners()

    assert run(main) == (["a"], ["b"])


def test_a_cancelled_task_leaves_nothing(schemata):
    async def work():
        with override("b"):
            await aowners()
            await asyncio.Event().wait()

    async def main():
        with override("a"):
            task = asyncio.create_task(work())
            for _ in range(10):
                await asyncio.sleep(0)
            task.cancel()
            outcome = await asyncio.gather(task, return_exceptions=True)
            return [type(each) for each in outcome], await aowners()

    assert run(main) == ([asyncio.CancelledError], ["a"])


def test_a_timeout_leaves_the_block_that_it_ends(schemata):
    async def main():
        with override("a"), override("b"):
            try:
                async with asyncio.timeout(0):
                    with override(None):
                        await asyncio.Event().wait()
            except TimeoutError:
                return await aowners()

    assert run(main) == ["b"]


@pytest.mark.parametrize("thread_sensitive", [True, False])
def test_sync_code_of_a_task_runs_in_its_schema(committed_schemata, thread_sensitive):
    def see():
        rows = owners()
        if not thread_sensitive:
            connection.close()
        return rows

    async def work(name):
        with override(name):
            return await sync_to_async(see, thread_sensitive=thread_sensitive)()

    async def main():
        return await asyncio.gather(work("a"), work("b"))

    assert run(main) == [["a"], ["b"]]


def test_an_activation_in_sync_code_is_the_tasks(schemata):
    async def main():
        await sync_to_async(activate_schema)("a")
        return await aowners()

    assert run(main) == ["a"]


def test_a_carried_coroutine_function_runs_in_its_schema(schemata):
    with override("a"):
        carried = carry(aowners)

    with override("b"):
        assert run(carried) == ["a"]


def test_an_async_generator_collected_late_leaves_nobody_elses_schema(schemata):
    async def rows_of(name):
        with override(name):
            while True:
                yield await aowners()

    async def main():
        with override("a"):
            generator = rows_of("b")
            await anext(generator)

        async def close():
            with override("a"):
                await generator.aclose()
                return await aowners()

        return await asyncio.create_task(close())

    assert run(main) == ["a"]


# C4


def test_two_consumers_on_one_connection_keep_apart(schemata):
    async def consume(name, messages, answers):
        activate_schema(name)
        while await messages.get():
            await answers.put(await sync_to_async(owners)())

    async def main():
        answers = asyncio.Queue()
        queues = {name: asyncio.Queue() for name in "ab"}
        tasks = [
            asyncio.create_task(consume(name, messages, answers))
            for name, messages in queues.items()
        ]
        seen = []
        for name in "abba":
            await queues[name].put("a message")
            seen += await answers.get()
        for messages in queues.values():
            await messages.put(None)
        await asyncio.gather(*tasks)
        return seen

    assert run(main) == ["a", "b", "b", "a"]


# What async code pays and is refused


def test_activation_in_async_code_asks_nothing(schemata, django_assert_num_queries):
    async def main():
        activate_schema("a")

    with django_assert_num_queries(0):
        run(main)


def test_a_missing_schema_raises_at_the_first_statement(schemata):
    async def main():
        with override(None):
            activate_schema("missing")
            with pytest.raises(SchemaNotFound):
                await aowners()

    run(main)


def test_nothing_is_readable_with_nothing_active(schemata):
    with pytest.raises(NoActiveSchema):
        run(aowners)


def test_the_active_object_is_read_in_sync_code(schemata):
    async def main():
        with override("a"):
            return await sync_to_async(get_active_schema)()

    assert run(main).pk == "a"


def test_what_a_task_activated_is_no_longer_active_after_its_loop(schemata):
    async def work():
        activate_schema("b")

    async def main():
        await asyncio.create_task(work())

    run(main)

    assert get_active_schema_name() is None
