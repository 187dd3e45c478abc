"""From its first line to its last byte a request is in its own schema, and nothing stays."""

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import AsyncClient, Client

from boardinghouse.schema import get_active_schema_name, override
from tests.browsers import enter, get_from_asgi_server
from tests.conftest import make_user, owners

sync_iterators_over_asgi = pytest.mark.filterwarnings(
    "ignore:StreamingHttpResponse must consume synchronous iterators"
)


def current_path():
    """Return the path that the server really has."""
    with connection.connection.cursor() as cursor:
        return cursor.execute("SHOW search_path").fetchone()[0]


@pytest.fixture
def visitor_of_a(visitor):
    enter(visitor, "a")
    return visitor


@pytest.fixture
def client_of_a(client, member):
    client.force_login(member)
    enter(client, "a")
    return client


class TestAfterwards:
    @pytest.mark.parametrize(
        "path", ["/owners/", "/late/", "/regions/", "/missing/", "/change/b/", "/log-out/"]
    )
    def test_nothing_is_active(self, visitor_of_a, path):
        visitor_of_a.get(path)

        assert get_active_schema_name() is None

    @pytest.mark.parametrize(
        "path", ["/owners/", "/late/", "/regions/", "/missing/", "/change/b/", "/log-out/"]
    )
    def test_the_server_is_on_public(self, client_of_a, path):
        client_of_a.get(path)

        assert current_path() == "public"

    def test_an_exception_in_the_view_leaves_nothing(self, visitor_of_a):
        """A1."""
        with pytest.raises(ZeroDivisionError):
            visitor_of_a.get("/write-and-fail/")

        assert get_active_schema_name() is None

    def test_an_answer_to_an_exception_leaves_the_server_on_public(self, client_of_a):
        """A1."""
        client_of_a.raise_request_exception = False

        response = client_of_a.get("/write-and-fail/")

        assert response.status_code == 500
        assert (get_active_schema_name(), current_path()) == (None, "public")

    def test_what_a_test_has_activated_is_active_again(self, visitor_of_a):
        with override("b"):
            response = visitor_of_a.get("/owners/")

            assert response.content == b"a"
            assert owners() == ["b"]

    def test_what_a_test_has_activated_is_active_after_an_exception(self, client_of_a):
        client_of_a.raise_request_exception = False

        with override("b"):
            client_of_a.get("/write-and-fail/")

            assert owners() == ["b"]

    def test_a_view_that_died_leaves_nothing_to_the_next_request(self, client_of_a, schemata):
        """C2."""
        with pytest.raises(SystemExit):
            client_of_a.get("/die/")
        client_of_a.cookies.clear()

        response = client_of_a.get("/schema/")

        assert response.content == b"none"

    def test_a_view_that_died_leaves_no_rows_to_the_next_request(self, client_of_a):
        """C2."""
        with pytest.raises(SystemExit):
            client_of_a.get("/die/")
        client_of_a.cookies.clear()

        response = client_of_a.get("/owners/", headers={"Accept": "application/json"})

        assert response.status_code == 400

    def test_a_view_that_died_leaves_nothing_to_a_middleware_before_ours(
        self, client_of_a, settings
    ):
        """C2."""
        with pytest.raises(SystemExit):
            client_of_a.get("/die/")
        settings.MIDDLEWARE = [f"{__name__}.say_what_is_active", *settings.MIDDLEWARE]

        response = Client().get("/schema/")

        assert response["X-Active-Before-Ours"] == "none"


def say_what_is_active(get_response):
    """A middleware that stands before ours."""

    def middleware(request):
        name = get_active_schema_name()
        response = get_response(request)
        response["X-Active-Before-Ours"] = name or "none"
        return response

    return middleware


class TestStreaming:
    """C1."""

    def test_it_is_produced_in_the_schema_of_the_request(self, client_of_a):
        response = client_of_a.get("/stream/")

        assert b"".join(response) == b"a"
        assert (get_active_schema_name(), current_path()) == (None, "public")

    def test_the_next_one_is_produced_in_its_own(self, client_of_a):
        first = b"".join(client_of_a.get("/stream/"))
        enter(client_of_a, "b")

        second = b"".join(client_of_a.get("/stream/"))

        assert (first, second) == (b"a", b"b")

    def test_one_that_is_never_read_leaves_nothing_to_the_next_request(self, client_of_a):
        unread = client_of_a.get("/stream/")
        client_of_a.cookies.clear()

        response = client_of_a.get("/schema/")

        unread.close()
        assert response.content == b"none"

    def test_an_async_one_is_produced_in_the_schema_of_the_request(self, member, settings):
        settings.ROOT_URLCONF = "tests.async_urls"
        client = AsyncClient()
        client.force_login(member)

        @async_to_sync
        async def read():
            await client.get("/__change_schema__/a/")
            response = await client.get("/stream/")
            body = b"".join([part async for part in response])
            return body, get_active_schema_name()

        assert read() == (b"a", None)

    @sync_iterators_over_asgi
    @pytest.mark.parametrize("urlconf", ["tests.urls", "tests.async_urls"])
    @pytest.mark.parametrize("path", ["/stream/", "/late/", "/owners/"])
    def test_an_asgi_server_sends_it_all_in_that_schema(self, client_of_a, settings, urlconf, path):
        settings.ROOT_URLCONF = urlconf

        body = get_from_asgi_server(path, client_of_a)

        assert body == "a"
        assert (get_active_schema_name(), current_path()) == (None, "public")

    @sync_iterators_over_asgi
    @pytest.mark.parametrize("urlconf", ["tests.urls", "tests.async_urls"])
    def test_the_next_request_of_an_asgi_server_starts_from_nothing(
        self, client_of_a, settings, urlconf
    ):
        settings.ROOT_URLCONF = urlconf
        get_from_asgi_server("/stream/", client_of_a)
        client_of_a.cookies.clear()

        assert get_from_asgi_server("/schema/", client_of_a) == "none"


class TestAtomicRequests:
    @pytest.fixture
    def visitor(self, client, committed_schemata, monkeypatch):
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
        client.force_login(make_user("member", *committed_schemata))
        enter(client, "a")
        return client

    def test_the_view_is_in_its_schema(self, visitor):
        assert visitor.get("/owners/").content == b"a"

    def test_what_a_failed_view_wrote_is_gone(self, visitor):
        visitor.raise_request_exception = False

        visitor.get("/write-and-fail/")

        assert visitor.get("/owners/").content == b"a"

    def test_what_a_view_wrote_is_in_its_schema_alone(self, visitor):
        visitor.get("/write/")

        assert visitor.get("/owners/").content == b"a,written in a"
        enter(visitor, "b")
        assert visitor.get("/owners/").content == b"b"

    def test_a_header_switches_before_the_transaction_begins(self, visitor):
        response = visitor.get("/owners/", headers={"X-Change-Schema": "b"})

        assert response.content == b"b"

    def test_want_of_a_schema_is_answered(self, visitor):
        visitor.get("/__change_schema__//")

        response = visitor.get("/owners/", headers={"Accept": "application/json"})

        assert response.status_code == 400

    def test_raw_sql_for_want_of_a_schema_is_answered(self, visitor):
        visitor.get("/__change_schema__//")

        response = visitor.post("/sql/", ["SELECT 1 FROM testapp_account"], "application/json")

        assert response.status_code == 400

    def test_nothing_stays(self, visitor):
        visitor.raise_request_exception = False
        visitor.get("/write-and-fail/")

        assert (get_active_schema_name(), current_path()) == (None, "public")
