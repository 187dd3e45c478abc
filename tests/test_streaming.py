"""C1: what is produced late is produced in the request's schema, and nothing is active after."""

import gc

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import FileResponse, StreamingHttpResponse
from django.template import engines
from django.template.response import SimpleTemplateResponse
from django.test import RequestFactory
from django.urls import path

from boardinghouse.exceptions import NoActiveSchema
from boardinghouse.schema import (
    activate_schema,
    deactivate_schema,
    end_request,
    get_active_schema_name,
    override,
)
from tests.browsers import get_from_asgi_server
from tests.conftest import make_user, owners
from tests.testapp.models import Account


class Rows:
    """A file whose content is read from the database when it is asked for."""

    def __init__(self):
        self.is_read = False

    def read(self, size=-1):
        was_read, self.is_read = self.is_read, True
        return b"" if was_read else "".join(owners()).encode()

    def close(self):
        self.is_read = True


def stream(request):
    return StreamingHttpResponse(account.owner for account in Account.objects.iterator())


async def stream_async(request):
    async def rows():
        async for account in Account.objects.all():
            yield account.owner

    return StreamingHttpResponse(rows())


def send_file(request):
    return FileResponse(Rows())


def render_late(request):
    template = engines["django"].from_string("{% for each in all %}{{ each.owner }}{% endfor %}")
    return SimpleTemplateResponse(template, {"all": Account.objects.all()})


async def render_late_async(request):
    return render_late(request)


urlpatterns = [
    path("stream/", stream),
    path("stream-async/", stream_async),
    path("file/", send_file),
    path("late/", render_late),
    path("late-async/", render_late_async),
]
ADDRESSES = ["/stream/", "/stream-async/", "/file/", "/late/", "/late-async/"]
# Django itself says that a server of the other kind reads all of a stream at once.
OTHER_KIND = "ignore:StreamingHttpResponse must consume:Warning"


@pytest.fixture(autouse=True)
def _nothing_left_active():
    yield
    end_request()
    deactivate_schema()


@pytest.fixture
def visitor(settings, client, committed_schemata):
    """The browser of a user whose only schema is a."""
    settings.ROOT_URLCONF = __name__
    client.force_login(make_user("u", committed_schemata[0]))
    return client


def environ_of(address, client):
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    return RequestFactory(HTTP_COOKIE=cookie).get(address).environ


def get_from_wsgi_server(address, client):
    """Serve a request as a WSGI server does, and return the body."""
    response = WSGIHandler()(environ_of(address, client), lambda *args: None)
    body = b"".join(response).decode()
    response.close()
    return body


@pytest.mark.filterwarnings(OTHER_KIND)
@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(
    "serve", [get_from_wsgi_server, get_from_asgi_server], ids=["wsgi", "asgi"]
)
def test_a_body_is_produced_in_the_requests_schema(visitor, serve, address):
    assert serve(address, visitor) == "a"


@pytest.mark.filterwarnings(OTHER_KIND)
@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(
    "serve", [get_from_wsgi_server, get_from_asgi_server], ids=["wsgi", "asgi"]
)
def test_nothing_is_active_afterwards(visitor, serve, address):
    serve(address, visitor)

    assert get_active_schema_name() is None
    with pytest.raises(NoActiveSchema):
        owners()


@pytest.mark.parametrize(
    "serve", [get_from_wsgi_server, get_from_asgi_server], ids=["wsgi", "asgi"]
)
def test_the_connection_is_back_on_public(visitor, serve):
    serve("/late/", visitor)

    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('testapp_account')")
        assert cursor.fetchone() == (None,)


@pytest.mark.parametrize(
    "serve", [get_from_wsgi_server, get_from_asgi_server], ids=["wsgi", "asgi"]
)
def test_what_was_active_around_the_request_is_active_again(visitor, serve):
    with override("b"):
        assert serve("/late/", visitor) == "a"

        assert owners() == ["b"]


def test_a_stream_that_nobody_reads_on_leaves_the_next_request_alone(visitor):
    abandoned = WSGIHandler()(environ_of("/stream/", visitor), lambda *args: None)
    next(iter(abandoned))

    assert get_from_wsgi_server("/late/", visitor) == "a"
    with override("b"):
        del abandoned
        gc.collect()
        assert owners() == ["b"]


def test_a_stream_begun_in_a_block_of_its_own_ends_there(visitor):
    def rows():
        with override("b"):
            yield from owners()

    activate_schema("a")
    response = StreamingHttpResponse(rows())

    assert response.getvalue() == b"b"
    assert owners() == ["a"]
