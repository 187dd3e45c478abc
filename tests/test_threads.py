"""Threads begin with nothing active; `carry` takes the schema along."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import path

from boardinghouse.exceptions import NoActiveSchema
from boardinghouse.schema import activate_schema, carry, get_active_schema_name, override
from tests.conftest import owners


def say_who(request):
    return HttpResponse(f"{get_active_schema_name()}")


def die(request):
    activate_schema("a")
    owners()
    raise SystemExit


urlpatterns = [path("who/", say_who), path("die/", die)]


def see():
    """Return whose rows a thread sees, and leave no connection behind."""
    try:
        return owners()
    finally:
        connection.close()


def run_in_thread(function):
    """Return what a function returns, or raises, in a thread of its own."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(function).result()


# C5


def test_a_thread_begins_with_nothing_active(committed_schemata):
    seen = []

    def look():
        try:
            see()
        except NoActiveSchema as error:
            seen.append(type(error))

    with override("a"):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()

    assert seen == [NoActiveSchema]


def test_an_executors_worker_begins_with_nothing_active(committed_schemata):
    with override("a"), pytest.raises(NoActiveSchema):
        run_in_thread(see)


def test_a_carried_function_runs_in_the_schema_of_the_carrier(committed_schemata):
    with override("a"):
        carried = carry(see)
    with override("b"):
        assert run_in_thread(carried) == ["a"]


def test_a_carried_function_leaves_the_worker_as_it_was(committed_schemata):
    with override("a"):
        carried = carry(see)

    def twice():
        return carried(), get_active_schema_name()

    assert run_in_thread(twice) == (["a"], None)


def test_carrying_nothing_runs_with_nothing_active(committed_schemata):
    carried = carry(see)

    with override("a"), pytest.raises(NoActiveSchema):
        carried()


def test_a_carried_function_keeps_arguments_and_name():
    def add(one, *, other):
        """Add."""
        return one + other

    carried = carry(add)

    assert carried(1, other=2) == 3
    assert carried.__name__ == "add"
    assert carried.__doc__ == "Add."


def test_threads_at_work_together_keep_apart(committed_schemata):
    meeting = threading.Barrier(2, timeout=30)

    def work(name):
        seen = []
        try:
            with override(name):
                for _ in range(5):
                    meeting.wait()
                    seen += owners()
        finally:
            connection.close()
        return seen

    with ThreadPoolExecutor(2) as executor:
        assert list(executor.map(work, "ab")) == [["a"] * 5, ["b"] * 5]


# C2


@pytest.fixture
def worker():
    """One thread that serves everything, as a server's worker does."""
    with ThreadPoolExecutor(1) as executor:
        yield lambda function: executor.submit(function).result()
        executor.submit(lambda: connection.close()).result()


@pytest.fixture
def handler(settings, committed_schemata):
    settings.ROOT_URLCONF = __name__
    return WSGIHandler()


def serve(handler, address):
    """Serve a request as a WSGI server does, and return the body."""
    response = handler(RequestFactory().get(address).environ, lambda *args: None)
    body = b"".join(response).decode()
    response.close()
    return body


def test_an_anonymous_request_after_one_that_died_sees_nothing(handler, worker):
    with pytest.raises(SystemExit):
        worker(lambda: serve(handler, "/die/"))

    assert worker(lambda: serve(handler, "/who/")) == "None"


def test_code_that_knows_no_middleware_sees_nothing_either(handler, worker):
    with pytest.raises(SystemExit):
        worker(lambda: serve(handler, "/die/"))

    worker(lambda: request_started.send(sender=None))

    with pytest.raises(NoActiveSchema):
        worker(owners)


def test_a_worker_that_served_a_request_has_nothing_active(handler, worker):
    def serve_one():
        request_started.send(sender=None)
        activate_schema("a")
        rows = owners()
        request_finished.send(sender=None)
        return rows

    assert worker(serve_one) == ["a"]

    with pytest.raises(NoActiveSchema):
        worker(owners)
