"""`database`: each block, task and thread its own, and no schema is carried over."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import transaction
from django.utils.connection import ConnectionDoesNotExist

from boardinghouse.contrib.databases import carry, database, get_active_database, receivers
from boardinghouse.exceptions import (
    DatabaseNotFound,
    NoActiveDatabase,
    NoActiveSchema,
    WrongDatabase,
)
from boardinghouse.models import Schema
from boardinghouse.schema import activate_schema, get_active_schema_name, override
from boardinghouse.signals import schema_pre_activate
from tests.conftest import owners
from tests.databases.conftest import BOTH
from tests.testapp.models import Account

both = pytest.mark.django_db(databases=BOTH)


def test_nothing_is_active_to_begin_with():
    assert get_active_database() is None


@both
def test_rows_come_from_the_database_of_the_block(customers):
    seen = []
    for alias in BOTH:
        with database(alias), override("a"):
            seen += owners()

    assert seen == ["default:a", "other:a"]
    assert get_active_database() is None


@both
def test_blocks_nest_and_errors_leave_them(customers):
    with database("default"):
        with pytest.raises(ZeroDivisionError), database("other"):
            1 / 0  # noqa: B018
        with override("b"):
            assert owners() == ["default:b"]


@both
def test_another_database_begins_with_no_schema_active(customers):
    with database("default"), override("a"):
        with database("other"), pytest.raises(NoActiveSchema):
            owners()

        assert owners() == ["default:a"]


def test_a_schema_activated_in_a_block_ends_with_it():
    with override("a"), database("default"):
        with override("b"):
            pass
        assert get_active_schema_name() is None

    assert get_active_schema_name() is None


@both
def test_activate_schema_lasts_until_the_block_ends(customers):
    with database("default"), override("a"):
        with database("other"):
            activate_schema("b")
            assert owners() == ["other:b"]

        assert owners() == ["default:a"]


@both
def test_the_same_database_keeps_the_schema(customers):
    with database("default"), override("a"), database("default"):
        assert owners() == ["default:a"]


@both
def test_decorates_functions(customers):
    @database("other")
    def read(name):
        with override(name):
            return owners()

    with database("default"):
        assert read("a") == ["other:a"]
        assert read.__name__ == "read"
        assert get_active_database() == "default"


@both
def test_decorates_coroutines(customers):
    @database("other")
    async def read():
        await asyncio.sleep(0)
        with override("b"):
            return [each.owner async for each in Account.objects.all()]

    assert async_to_sync(read)() == ["other:b"]


def test_refuses_generators():
    with pytest.raises(TypeError, match=r"Use `with database\(...\)` inside it"):

        @database("default")
        def rows():
            yield


@both
def test_tasks_keep_apart(customers):
    async def work(alias):
        seen = []
        with database(alias), override("a"):
            for _ in range(5):
                await asyncio.sleep(0)
                seen += await sync_to_async(owners)()
        return seen

    async def main():
        return await asyncio.gather(*(work(alias) for alias in (*BOTH, *BOTH)))

    assert async_to_sync(main)() == [["default:a"] * 5, ["other:a"] * 5] * 2


def test_a_thread_begins_with_nothing():
    seen = []
    with database("default"):
        thread = threading.Thread(target=lambda: seen.append(get_active_database()))
        thread.start()
        thread.join()

    assert seen == [None]


def test_carry_takes_database_and_schema_along():
    def see():
        return get_active_database(), get_active_schema_name()

    with database("other"), override("a"):
        carried = carry(see)
    with ThreadPoolExecutor() as pool:
        assert pool.submit(carried).result() == ("other", "a")
        assert pool.submit(carry(see)).result() == (None, None)


@both
@pytest.mark.parametrize("active", ["a", None])
def test_what_waits_for_a_commit_runs_where_it_was_registered(
    customers, active, django_capture_on_commit_callbacks
):
    seen = []

    def note():
        seen.append((get_active_database(), owners() if active else get_active_schema_name()))

    with (
        database("other"),
        override("b"),
        django_capture_on_commit_callbacks(using="default", execute=True),
        database("default"),
        override(active),
    ):
        transaction.on_commit(note, using="default")

    assert seen == [("default", ["default:a"] if active else None)]


def test_an_abandoned_generator_leaves_only_its_own_block():
    def rows(alias):
        with database(alias):
            yield

    first, second = rows("default"), rows("other")
    next(first)
    next(second)
    first.close()

    assert get_active_database() == "other"
    second.close()
    assert get_active_database() is None


def test_a_block_is_entered_once():
    block = database("default")
    with block, pytest.raises(RuntimeError, match="make another one"):
        block.__enter__()

    assert get_active_database() is None


@pytest.mark.parametrize("alias", ["nope", "", None])
def test_an_unknown_alias_is_refused_with_those_there_are(alias):
    with pytest.raises(DatabaseNotFound, match="Choose one of: 'default', 'other'") as refusal:
        database(alias)

    assert repr(alias) in str(refusal.value)
    assert isinstance(refusal.value, ConnectionDoesNotExist)


@pytest.fixture
def _installed():
    """The receivers that the app connects."""
    schema_pre_activate.connect(receivers.refuse_other_schema)
    yield
    schema_pre_activate.disconnect(receivers.refuse_other_schema)


@both
@pytest.mark.usefixtures("_installed")
def test_a_schema_of_another_database_is_refused(customers):
    with database("default"):
        schema = Schema.objects.get(pk="a")
        with override(schema):
            assert owners() == ["default:a"]

    with database("other"), override("b"):
        for enter in (activate_schema, lambda schema: override(schema).__enter__()):
            with pytest.raises(WrongDatabase, match="in the database 'default', and 'other'"):
                enter(schema)
        assert owners() == ["other:b"]


@both
@pytest.mark.usefixtures("_installed")
def test_without_a_database_one_is_named_with_using(customers):
    schema = Schema.objects.using("other").get(pk="a")

    with override(schema):
        assert Account.objects.using("other").get().owner == "other:a"


def test_a_schema_cannot_be_activated_in_no_database(hosts):
    with pytest.raises(NoActiveDatabase, match=r"boardinghouse\.Schema"):
        activate_schema("a")

    assert get_active_schema_name() is None
