"""What a browser keeps of a page of one schema, no other schema calls unchanged."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.http import FileResponse, HttpResponse, JsonResponse
from django.test import Client
from django.urls import path
from django.utils.http import http_date
from django.views.decorators.http import condition, conditional_page, etag, last_modified
from django.views.static import serve

from boardinghouse.conditional import ELSEWHERE
from tests.browsers import AsyncBrowser
from tests.caches import SITE_CACHE, connected_cache
from tests.testapp.models import Account

CONDITIONAL = "django.middleware.http.ConditionalGetMiddleware"
GZIP = "django.middleware.gzip.GZipMiddleware"
THEN = datetime(2026, 11, 20, tzinfo=UTC)
LATER = http_date(THEN.timestamp() + 60)


def same_tag(request):
    return '"version 1"'


def same_date(request):
    return THEN


def show_row(request):
    return HttpResponse(Account.objects.get(pk=1).owner)


async def show_row_async(request):
    return HttpResponse((await Account.objects.aget(pk=1)).owner)


def write(request):
    Account.objects.filter(pk=1).update(owner=request.body.decode())
    return HttpResponse("written")


async def write_async(request):
    await Account.objects.filter(pk=1).aupdate(owner=request.body.decode())
    return HttpResponse("written")


def show_long_row(request):
    """Long enough for a server to compress it."""
    return HttpResponse(Account.objects.get(pk=1).owner * 500)


def show_dated_row(request):
    response = show_row(request)
    response["Last-Modified"] = http_date(THEN.timestamp())
    return response


def show_tag(request):
    """Show the ETags that arrived, by both ways to read them."""
    read = (request.META.get("HTTP_IF_NONE_MATCH"), request.headers.get("If-None-Match"))
    return JsonResponse(read, safe=False)


def show_range(request):
    return JsonResponse(request.headers.get("If-Range"), safe=False)


def show_wrong_tag(request):
    return HttpResponse("page", headers={"ETag": "without quotes"})


def stream_row(request):
    return FileResponse([Account.objects.get(pk=1).owner.encode()])


def serve_file(request):
    return serve(request, "test_conditional.py", document_root=Path(__file__).parent)


PAGES = {
    "tag": etag(same_tag),
    "date": last_modified(same_date),
    "both": condition(same_tag, same_date),
}
urlpatterns = [
    *(path(f"{name}/", decorate(show_row)) for name, decorate in PAGES.items()),
    *(path(f"async/{name}/", decorate(show_row_async)) for name, decorate in PAGES.items()),
    path("write/", etag(same_tag)(write)),
    path("async/write/", etag(same_tag)(write_async)),
    path("row/", show_row),
    path("async/row/", show_row_async),
    path("nothing/", etag(same_tag)(lambda request: HttpResponse("for everybody"))),
    path("content/", conditional_page(show_row)),
    path("dated/", show_dated_row),
    path("long/", etag(same_tag)(show_long_row)),
    path("stream/", last_modified(same_date)(stream_row)),
    path("file/", serve_file),
    path("arrived/", show_tag),
    path("range/", show_range),
    path("wrong/", show_wrong_tag),
]


class Reader:
    """Somebody whose browser keeps pages and asks whether they have changed."""

    def __init__(self, browser, prefix=""):
        self.browser, self.prefix = browser, prefix

    def enter(self, schema):
        self.browser.post("/__change_schema__/", {"schema": schema})

    def get(self, page, **headers):
        return self.browser.get(f"/{self.prefix}{page}/", headers=headers)

    def put(self, page, data, **headers):
        return self.browser.put(f"/{self.prefix}{page}/", data, headers=headers)

    def keep(self, page, schema):
        """See a page in a schema, and return what a browser sends when it asks again."""
        self.enter(schema)
        response = self.get(page)
        read(response)
        headers = response.headers
        pairs = (("if-none-match", "ETag"), ("if-modified-since", "Last-Modified"))
        return {name: headers[given] for name, given in pairs if given in headers}


@pytest.fixture(autouse=True)
def _wired(settings):
    settings.ROOT_URLCONF = "tests.test_conditional"


@pytest.fixture
def outside(settings):
    """Django's ConditionalGetMiddleware where its documentation puts it."""
    settings.MIDDLEWARE = [CONDITIONAL, *settings.MIDDLEWARE]


@pytest.fixture(params=["wsgi", "wsgi, coroutine", "asgi", "asgi, coroutine"])
def reader(request, member):
    browser = AsyncBrowser() if "asgi" in request.param else Client()
    browser.force_login(member)
    return Reader(browser, "async/" if "coroutine" in request.param else "")


@pytest.fixture
def sync_reader(member):
    browser = Client()
    browser.force_login(member)
    return Reader(browser)


def check_both_ways(reader, page):
    """See that a page is unchanged in its own schema, and another one in the other."""
    kept = reader.keep(page, "a")
    again = read(reader.get(page, **kept))
    reader.enter("b")
    elsewhere = read(reader.get(page, **kept))
    reader.enter("a")
    back = read(reader.get(page, **kept))

    assert (again, elsewhere, back) == ((304, b""), (200, b"b"), (304, b""))
    return kept


def read(response):
    """Return status and content, and read a stream to its end, so that it is closed."""
    return response.status_code, b"".join(response)


class TestDecorators:
    @pytest.mark.parametrize("page", PAGES)
    def test_a_page_is_unchanged_in_its_own_schema_only(self, page, reader):
        check_both_ways(reader, page)

    @pytest.mark.parametrize("page", PAGES)
    def test_so_it_is_where_django_compares_again_outside(self, page, reader, outside):
        check_both_ways(reader, page)

    def test_the_content_may_be_the_tag(self, sync_reader):
        check_both_ways(sync_reader, "content")

    def test_a_page_of_a_schema_is_not_nobodys(self, reader):
        reader.prefix = ""
        kept = reader.keep("nothing", "a")

        reader.enter("")

        assert reader.get("nothing", **kept).status_code == 200

    def test_a_page_of_nobodys_is_not_a_schemas(self, sync_reader):
        kept = sync_reader.keep("nothing", "")
        assert sync_reader.get("nothing", **kept).status_code == 304

        sync_reader.enter("a")

        assert sync_reader.get("nothing", **kept).status_code == 200

    def test_a_file_that_is_dated_is_served_as_one(self, sync_reader):
        kept = sync_reader.keep("file", "a")

        assert read(sync_reader.get("file", **kept)) == (304, b"")

    def test_a_stream_has_a_date_too(self, sync_reader):
        check_both_ways(sync_reader, "stream")


class TestOutside:
    def test_the_tag_that_the_middleware_makes_is_of_the_content(self, reader, outside):
        check_both_ways(reader, "row")

    def test_a_date_beside_it_does_not_count(self, sync_reader, outside):
        """The page of b is as old as the one of a, and is another."""
        check_both_ways(sync_reader, "dated")

    def test_a_changed_page_of_the_same_date_is_seen(self, sync_reader, outside, member):
        kept = sync_reader.keep("dated", "a")

        sync_reader.put("write", "changed")

        assert sync_reader.get("dated", **kept).content == b"changed"

    def test_what_was_compressed_is_unchanged(self, sync_reader, outside, settings):
        """GZipMiddleware makes an ETag a weak one."""
        settings.MIDDLEWARE = [GZIP, *settings.MIDDLEWARE]
        sync_reader.enter("a")
        tag = sync_reader.get("long", **{"accept-encoding": "gzip"})["ETag"]

        found = sync_reader.get("long", **{"if-none-match": tag})
        sync_reader.enter("b")
        elsewhere = sync_reader.get("long", **{"if-none-match": tag})

        assert tag.startswith("W/")
        assert (found.status_code, elsewhere.status_code) == (304, 200)

    @pytest.mark.parametrize("page", ["row", "tag", "date"])
    def test_a_page_of_the_site_cache_is_unchanged(self, page, reader, outside, settings):
        update, fetch = SITE_CACHE
        settings.MIDDLEWARE = [update, *settings.MIDDLEWARE, fetch]
        with connected_cache(settings, "locmem", "conditional"):
            for _ in range(3):
                kept = reader.keep(page, "a")

            check_both_ways(reader, page)
            assert kept["if-none-match"].count("schema=") <= 1


class TestDates:
    def test_a_date_alone_counts_for_nothing(self, reader):
        reader.enter("a")

        assert reader.get("date", **{"if-modified-since": LATER}).content == b"a"

    def test_nor_does_it_outside(self, sync_reader, outside):
        sync_reader.enter("a")

        assert sync_reader.get("dated", **{"if-modified-since": LATER}).content == b"a"

    def test_a_tag_that_came_of_a_date_is_nothing_without_it(self, sync_reader):
        kept = sync_reader.keep("date", "a")
        del kept["if-modified-since"]

        assert sync_reader.get("date", **kept).content == b"a"

    def test_an_answer_that_it_is_unchanged_leaves_the_tag_as_it_was(self, sync_reader):
        kept = sync_reader.keep("date", "a")

        assert "ETag" not in sync_reader.get("date", **kept).headers

    def test_a_head_gets_no_tag_of_its_date(self, sync_reader):
        sync_reader.enter("a")

        assert "ETag" not in sync_reader.browser.head("/date/").headers


class TestTags:
    def test_a_view_meets_the_tags_of_its_own_schema(self, sync_reader):
        sync_reader.enter("a")
        tag = sync_reader.get("tag")["ETag"]
        sent = f'"other", "version 1;schema=b", {tag}'

        read = sync_reader.get("arrived", **{"if-none-match": sent}).json()

        assert tag == '"version 1;schema=a"'
        assert read == [f'{tag}, "version 1"'] * 2

    def test_a_part_is_asked_for_by_the_views_own_tag(self, sync_reader):
        sync_reader.enter("a")

        read = [
            sync_reader.get("range", **{"if-range": sent}).json()
            for sent in (
                '"version 1;schema=a"',
                '"version 1;schema=b"',
                '"version 1"',
                http_date(THEN.timestamp()),
            )
        ]

        assert read == ['"version 1"', *[ELSEWHERE] * 3]
        assert sync_reader.get("range").json() is None

    def test_a_view_meets_none_where_none_is_its_schemas(self, sync_reader):
        sync_reader.enter("b")

        read = sync_reader.get("arrived", **{"if-none-match": '"version 1;schema=a"'}).json()

        assert read == [None, None]

    @pytest.mark.parametrize("tag", ['"version 1"', '"version 1;schema=b"', '"version 1;schema="'])
    def test_a_tag_of_elsewhere_matches_nothing(self, tag, sync_reader):
        sync_reader.enter("a")

        assert sync_reader.get("tag", **{"if-none-match": tag}).status_code == 200

    def test_a_request_that_switches_asks_in_the_new_schema(self, sync_reader):
        kept = sync_reader.keep("tag", "a")

        response = sync_reader.get("tag", **kept, **{"x-change-schema": "b"})

        assert read(response) == (200, b"b")

    def test_any_tag_at_all_is_any(self, sync_reader):
        sync_reader.enter("a")

        assert sync_reader.get("tag", **{"if-none-match": "*"}).status_code == 304

    def test_what_is_no_tag_is_left_alone(self, sync_reader):
        sync_reader.enter("a")

        assert sync_reader.get("wrong")["ETag"] == "without quotes"


class TestWriting:
    def test_a_page_of_another_schema_is_not_what_is_overwritten(self, reader):
        match = {"if-match": reader.keep("tag", "a")["if-none-match"]}
        reader.enter("b")

        refused = reader.put("write", "wrong place", **match)

        assert refused.status_code == 412
        assert reader.get("tag").content == b"b"

    def test_a_page_of_this_one_is(self, reader):
        match = {"if-match": reader.keep("tag", "a")["if-none-match"]}

        assert reader.put("write", "changed", **match).status_code == 200
        assert reader.get("tag").content == b"changed"

    def test_a_tag_that_names_no_schema_is_refused(self, sync_reader):
        sync_reader.enter("a")

        assert sync_reader.put("write", "x", **{"if-match": '"version 1"'}).status_code == 412
