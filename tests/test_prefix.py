"""A schema's name at the beginning of the path, for one request."""

from contextlib import contextmanager
from urllib.request import Request, urlopen

import pytest
from asgiref.sync import sync_to_async
from django.conf.urls.i18n import i18n_patterns
from django.contrib.auth.views import LogoutView
from django.contrib.staticfiles.views import serve
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from django.template import engines
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import (
    get_script_prefix,
    include,
    path,
    re_path,
    register_converter,
    reverse,
)
from django.urls.converters import StringConverter
from django.views.decorators.cache import cache_page
from django.views.decorators.http import etag
from pytest_django.live_server_helper import LiveServer

from boardinghouse.contrib.prefix import checks
from boardinghouse.contrib.prefix.places import files_segments
from boardinghouse.contrib.prefix.segments import first_segments
from boardinghouse.exceptions import Forbidden, SchemaNotFound
from boardinghouse.models import Schema
from boardinghouse.schema import get_active_schema_name, override
from boardinghouse.signals import session_requesting_schema_change
from tests import settings as base_settings
from tests import urls, views
from tests.async_urls import urlpatterns as async_urlpatterns
from tests.browsers import HTML, JSON, AsyncBrowser, enter, get_from_asgi_server
from tests.conftest import fill, make_user, owners
from tests.testapp.models import Account

PREFIX = "boardinghouse.contrib.prefix.SchemaPrefixMiddleware"
SCHEMA = "boardinghouse.middleware.SchemaMiddleware"
LOCALE = "django.middleware.locale.LocaleMiddleware"


def show_addresses(request):
    """Say what a request is told of its own address, and what links it would make."""
    return HttpResponse(
        " ".join(
            [
                request.path,
                request.path_info,
                request.META["SCRIPT_NAME"],
                request.META["PATH_INFO"],
                reverse("addresses"),
                request.build_absolute_uri(),
            ]
        )
    )


async def show_addresses_async(request):
    return show_addresses(request)


def stream_links(request):
    return StreamingHttpResponse(f"{reverse('addresses')} {owners()}\n" for _ in range(2))


async def stream_links_async(request):
    async def rows():
        for _ in range(2):
            yield f"{reverse('addresses')} {await sync_to_async(owners)()}\n"

    return StreamingHttpResponse(rows())


def show_template(request, source):
    return HttpResponse(engines["django"].from_string(source).render({}, request))


def show_scripts(request):
    return show_template(
        request, "{% load boardinghouse %}{% schema_scripts %}{% schema_switcher %}"
    )


def show_style_sheet(request):
    return show_template(request, "{% load static %}{% static 'boardinghouse/boardinghouse.css' %}")


def raise_error(request):
    raise ZeroDivisionError


def lose_schema(request):
    raise SchemaNotFound(get_active_schema_name())


extra = [
    path("broken-schema/", lose_schema),
    path("tagged/", etag(lambda request: '"version 1"')(views.show_owners)),
    path("addresses/", show_addresses, name="addresses"),
    path("links/", stream_links),
    path("cached/", cache_page(60)(views.show_owners)),
    path("scripts/", show_scripts),
    path("style/", show_style_sheet),
    path("leave/", LogoutView.as_view(next_page="addresses")),
    path("broken/", raise_error),
    *i18n_patterns(path("page/", views.show_owners, name="page")),
]
extra_async = [
    path("addresses/", show_addresses_async, name="addresses"),
    path("links/", stream_links_async),
]


class AsyncUrls:
    urlpatterns = [*extra_async, *async_urlpatterns]


urlpatterns = [*extra, *urls.urlpatterns]


def middleware_with(*added):
    """Return the middleware of the tests, with some more before SchemaMiddleware."""
    others = list(base_settings.MIDDLEWARE)
    return [*others[:-1], *added, *others[-1:]]


def count_queries(client, address):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.fixture(autouse=True)
def _prefix(settings):
    settings.MIDDLEWARE = middleware_with(PREFIX)
    settings.ROOT_URLCONF = "tests.test_prefix"
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    yield
    assert get_script_prefix() == "/"
    assert get_active_schema_name() is None


@pytest.fixture(params=["wsgi", "asgi"])
def make_browser(request, settings):
    if request.param == "wsgi":
        return Client
    settings.ROOT_URLCONF = AsyncUrls
    return AsyncBrowser


@pytest.fixture
def client(member):
    """A browser over WSGI, whose member of both schemata is in a."""
    client = Client()
    client.force_login(member)
    enter(client, "a")
    return client


class TestChoosing:
    def test_the_path_chooses_and_the_session_stays(self, visitor):
        enter(visitor, "a")

        assert visitor.get("/b/owners/").content == b"b"
        assert visitor.get("/a/owners/").content == b"a"
        assert visitor.get("/owners/").content == b"a"
        assert visitor.session["schema"] == "a"

    def test_a_session_without_a_schema_gets_none(self, visitor):
        assert visitor.get("/b/owners/").content == b"b"

        assert "schema" not in visitor.session

    def test_what_is_written_is_written_there(self, visitor):
        enter(visitor, "a")

        visitor.post("/b/write/")

        with override("b"):
            assert Account.objects.get(pk=2).owner == "written in b"
        with override("a"):
            assert not Account.objects.filter(pk=2).exists()

    def test_it_costs_what_the_session_costs(self, client):
        by_session, by_path = count_queries(client, "/owners/"), count_queries(client, "/b/owners/")

        assert by_path == by_session

    def test_addresses_of_the_site_cost_nothing_more(self, client, settings):
        with_prefix = count_queries(client, "/owners/")
        settings.MIDDLEWARE.remove(PREFIX)
        client.handler.load_middleware()

        assert count_queries(client, "/owners/") == with_prefix

    def test_links_and_addresses_carry_it(self, visitor):
        told = visitor.get("/b/addresses/").content.decode().split()

        address = "/b/addresses/"
        assert told == [
            address, "/addresses/", "/b", "/addresses/", address, f"http://testserver{address}"
        ]  # fmt: skip

    def test_the_next_request_makes_links_without(self, visitor):
        visitor.get("/b/addresses/")

        told = visitor.get("/addresses/").content.decode().split()

        assert told == [*["/addresses/"] * 4, "http://testserver/addresses/"]

    def test_a_streamed_page_is_made_in_it_to_its_end(self, client):
        response = client.get("/b/links/")

        assert b"".join(response).decode() == "/b/addresses/ ['b']\n" * 2

    def test_from_an_asgi_server_too(self, client, settings):
        settings.ROOT_URLCONF = AsyncUrls

        body = get_from_asgi_server("/b/links/", client)

        assert body == "/b/addresses/ ['b']\n" * 2

    def test_an_error_leaves_nothing_behind(self, client):
        with pytest.raises(ZeroDivisionError):
            client.get("/b/broken/")

        assert client.get("/addresses/").content.split()[3] == b"/addresses/"

    def test_below_a_mount(self, client):
        told = client.get("/b/addresses/", SCRIPT_NAME="/site").content.decode().split()

        assert told[:5] == [
            "/site/b/addresses/", "/addresses/", "/site/b", "/addresses/", "/site/b/addresses/"
        ]  # fmt: skip

    def test_it_says_so_if_it_stands_too_early(self, settings):
        settings.MIDDLEWARE = [PREFIX, SCHEMA]

        with pytest.raises(ImproperlyConfigured, match="after SessionMiddleware"):
            Client().get("/a/owners/")


class TestNotChoosing:
    @pytest.mark.parametrize("name", ["c", "missing"])
    def test_what_one_may_not_see_is_not_found(self, browser, member_of_a, schemata, name):
        Schema.objects.mass_create("c")
        browser.force_login(member_of_a)

        response = browser.get(f"/{name}/owners/")

        assert response.status_code == 404
        assert browser.get("/owners/").content == b"a"

    def test_the_two_are_not_told_apart(self, browser, member_of_a):
        browser.force_login(member_of_a)

        forbidden, missing = (browser.get(f"/{name}/owners/") for name in ("b", "z"))

        assert forbidden.content == missing.content
        assert sorted(forbidden.headers) == sorted(missing.headers)

    def test_nobody_sees_any(self, browser, schemata):
        assert browser.get("/a/owners/").status_code == 404

    def test_a_membership_that_ended_ends_it(self, visitor, member, schemata):
        assert visitor.get("/b/owners/").status_code == 200

        member.schemata.remove(schemata[1])

        assert visitor.get("/b/owners/").status_code == 404

    def test_a_schema_that_is_not_active_is_not_found(self, visitor, schemata):
        schemata[1].delete()

        assert visitor.get("/b/owners/").status_code == 404

    def test_a_receiver_may_refuse(self, visitor, connect):
        def refuse(schema, **kwargs):
            if schema and schema.schema == "b":
                raise Forbidden

        connect(session_requesting_schema_change, refuse)

        assert visitor.get("/b/owners/").status_code == 404
        assert visitor.get("/a/owners/").content == b"a"

    @pytest.mark.parametrize("name", ["__template__", "public", "A", "a%00", "a%2F", "pg_toast"])
    def test_what_is_no_schemas_name_is_not_found(self, visitor, name):
        assert visitor.get(f"/{name}/owners/").status_code == 404

    def test_it_is_left_to_the_sites_own_urls(self, client, settings):
        settings.ROOT_URLCONF = SiteWithPages

        assert client.get("/z/owners/").content == b"page z/owners/ in a"
        assert client.get("/b/owners/").content == b"b"

    def test_the_sites_own_first_segments_go_before(self, client, member, settings):
        taken = Schema.objects.mass_create("addresses")[0]
        member.schemata.add(taken)

        assert client.get("/addresses/").content.startswith(b"/addresses/ /addresses/  ")

    def test_only_the_template_is_no_place_for_a_superuser_either(self, browser, superuser):
        browser.force_login(superuser)

        assert browser.get("/b/owners/").content == b"b"
        assert browser.get("/__template__/owners/").status_code == 404


def show_page(request, page):
    return HttpResponse(f"page {page} in {get_active_schema_name()}")


class SiteWithPages:
    urlpatterns = [*urlpatterns, path("<path:page>", show_page)]


class TestParent:
    @pytest.fixture(autouse=True)
    def _parent(self, settings):
        settings.BOARDINGHOUSE_PREFIX_PARENT = "/schools/"

    def test_the_schema_follows_it(self, visitor):
        enter(visitor, "a")

        told = visitor.get("/schools/b/addresses/").content.decode().split()

        assert told[1:5] == ["/addresses/", "/schools/b", "/addresses/", "/schools/b/addresses/"]
        assert visitor.get("/schools/b/owners/").content == b"b"

    def test_the_schema_alone_is_no_prefix(self, visitor):
        assert visitor.get("/b/owners/").status_code == 404

    @pytest.mark.parametrize("address", ["/schools/z/owners/", "/schools/B/", "/schools/z"])
    def test_what_one_may_not_see_is_never_left_to_the_site(self, client, settings, address):
        settings.ROOT_URLCONF = SiteWithPages

        assert client.get(address).status_code == 404

    @pytest.mark.parametrize("address", ["/schools/", "/schools", "/schoolsb/owners/"])
    def test_the_parent_itself_is_the_sites(self, client, settings, address):
        settings.ROOT_URLCONF = SiteWithPages

        assert client.get(address).content.decode() == f"page {address[1:]} in a"

    def test_a_schema_may_be_named_like_an_address(self, client, member):
        member.schemata.add(*Schema.objects.mass_create("owners"))
        fill("owners")

        assert client.get("/schools/owners/owners/").content == b"owners"

    def test_switching_stays_below_it(self, client):
        response = client.get("/schools/b/addresses/?x=1&__schema=a")

        assert response["Location"] == "/schools/a/addresses/?x=1"


class TestSlashes:
    def test_the_schema_alone_gets_its_slash(self, visitor):
        response = visitor.get("/b?x=1")

        assert (response.status_code, response["Location"]) == (302, "/b/?x=1")

    def test_but_not_for_who_may_not_see_it(self, browser, member_of_a):
        browser.force_login(member_of_a)

        assert browser.get("/b").status_code == 404

    def test_a_missing_slash_is_added_below_the_prefix(self, client):
        response = client.get("/b/owners?x=1")

        assert (response.status_code, response["Location"]) == (301, "/b/owners/?x=1")

    def test_another_sites_name_is_never_redirected_to(self, client):
        assert client.get("/b//evil.example")["Location"] == "/b//evil.example/"
        leaving = client.get("/b//evil.example/?__schema=")
        assert leaving["Location"] == "/%2Fevil.example/"
        leaving = client.get("/b/%5Cevil.example/?__schema=")
        assert leaving["Location"] == "/%5Cevil.example/"

    @pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example/"])
    def test_nor_by_a_form(self, client, path):
        sent = {"schema": "", "next": f"/b{path}"}

        response = client.post("/b/__change_schema__/", sent)

        assert response["Location"] in ("/%2Fevil.example/", "/%5Cevil.example/", "/")


class TestSwitching:
    """Inside a prefix, a switch leads to the other schema's prefix; the session stays."""

    def test_by_parameter(self, visitor):
        enter(visitor, "a")

        response = visitor.get("/b/owners/?page=2&__schema=a")

        assert (response.status_code, response["Location"]) == (302, "/a/owners/?page=2")
        assert visitor.session["schema"] == "a"

    def test_to_where_one_is(self, client):
        assert client.get("/b/owners/?__schema=b")["Location"] == "/b/owners/"
        assert client.session["schema"] == "a"

    def test_by_parameter_of_a_post_which_is_sent_again(self, visitor):
        response = visitor.post("/b/write/?__schema=a", {"x": "1"})

        assert (response.status_code, response["Location"]) == (307, "/a/write/")
        with override("b"):
            assert Account.objects.count() == 1

    def test_by_header(self, visitor):
        elsewhere = visitor.post("/b/write/", headers={"X-Change-Schema": "a"})
        here = visitor.get("/b/owners/", headers={"X-Change-Schema": "b"})

        assert (elsewhere.status_code, elsewhere["Location"]) == (307, "/a/write/")
        assert (here.status_code, here.content) == (200, b"b")
        assert "schema" not in visitor.session

    def test_by_form(self, visitor):
        enter(visitor, "b")

        sent = {"schema": "a", "next": "/b/owners/?page=2"}
        response = visitor.post("/b/__change_schema__/", sent)

        assert (response.status_code, response["Location"]) == (302, "/a/owners/?page=2")
        assert visitor.session["schema"] == "b"

    @pytest.mark.parametrize("back", ["", "https://evil.example/b/", "/owners/", "/bb/owners/"])
    def test_by_form_without_a_page_of_the_prefix(self, client, back):
        response = client.post("/b/__change_schema__/", {"schema": "a", "next": back})

        assert response["Location"] == "/a/"

    def test_by_address(self, client):
        assert client.get("/b/__change_schema__/a/")["Location"] == "/a/"
        assert client.get("/b/__change_schema__/b/")["Location"] == "/b/"
        assert client.session["schema"] == "a"

    def test_to_none_leads_out(self, client):
        assert client.get("/b/owners/?__schema=")["Location"] == "/owners/"
        sent = {"schema": "", "next": "/b/owners/"}
        assert client.post("/b/__change_schema__/", sent)["Location"] == "/owners/"
        assert client.session["schema"] == "a"

    @pytest.mark.parametrize("name", ["b", "missing", "__template__", "x y"])
    def test_a_refusal_says_nothing_and_touches_nothing(self, browser, member_of_a, name):
        browser.force_login(member_of_a)
        enter(browser, "a")

        responses = [
            browser.get("/a/owners/", {"__schema": name}),
            browser.get("/a/owners/", headers={"X-Change-Schema": name}),
            browser.post("/a/__change_schema__/", {"schema": name}),
        ]

        assert {(each.status_code, each.content) for each in responses} == {
            (403, b"You may not enter that schema.")
        }
        assert browser.get("/owners/").content == b"a"

    def test_a_form_without_a_choice_is_told(self, client):
        assert client.post("/b/__change_schema__/").status_code == 400

    def test_the_chooser_says_where_one_is(self, client):
        page = client.get("/b/__change_schema__/").content.decode()

        assert 'action="/b/__change_schema__/"' in page
        assert page.count("you are here") == 1
        assert page.index("<span>b</span>") < page.index("you are here")


class TestStaleTabs:
    def test_a_form_of_the_prefix_is_accepted_there(self, client):
        assert client.post("/b/write/", {"__expected_schema": "b"}).content == b"written"

    @pytest.mark.parametrize("expected", ["a", ""])
    def test_a_form_of_elsewhere_is_refused(self, client, expected):
        response = client.post("/b/write/", {"__expected_schema": expected}, headers=HTML)

        assert response.status_code == 409
        with override("b"):
            assert Account.objects.count() == 1

    def test_a_script_too(self, client):
        response = client.post("/b/write/", headers={"X-Expected-Schema": "a", **JSON})

        assert response.json()["expected"] == "a"
        assert response.json()["active"] == "b"

    def test_the_offer_to_save_it_there_leads_there(self, client):
        page = client.post("/b/write/", {"__expected_schema": "a"}, headers=HTML)

        assert b'action="/b/write/?__schema=a"' in page.content
        response = client.post("/b/write/?__schema=a", {"__expected_schema": "a"})
        assert response["Location"] == "/a/write/"
        assert client.post("/a/write/", {"__expected_schema": "a"}).content == b"written"

    def test_a_page_of_the_prefix_watches_no_cookie(self, client):
        assert b" data-pinned" in client.get("/b/scripts/").content
        assert b" data-pinned" not in client.get("/scripts/").content

    def test_and_its_switcher_stays_in_prefixes(self, client):
        page = client.get("/b/scripts/").content.decode()

        assert 'data-schema="b"' in page
        assert 'action="/b/__change_schema__/"' in page
        assert 'name="next" value="/b/scripts/"' in page
        assert '<option value="b" selected>' in page

    def test_the_cookie_says_what_the_session_says(self, client):
        response = client.get("/b/owners/")

        assert "boardinghouse_schema" not in response.cookies
        assert client.cookies["boardinghouse_schema"].value == "a"


class TestUser:
    def test_logging_out_leads_out(self, client):
        response = client.post("/b/leave/")

        assert response["Location"] == "/addresses/"
        assert client.get("/b/owners/").status_code == 404

    @pytest.mark.parametrize("mount", ["", "/site"])
    def test_the_page_that_says_so_has_no_links_back(self, schemata, mount):
        """Some links are made of the request's SCRIPT_NAME."""
        client = Client()
        client.force_login(make_user("admin", is_staff=True, is_superuser=True))

        page = client.post("/b/admin/logout/", SCRIPT_NAME=mount).content.decode()

        assert 'href="/admin/"' in page
        assert f'"{mount}/__change_schema__/' in page
        assert "/b/" not in page
        assert '/b"' not in page

    def test_logging_in_as_somebody_else_leads_out(self, client, superuser):
        client.get("/b/log-in/superuser/")

        assert client.get("/addresses/").content.split()[4] == b"http://testserver/addresses/"

    def test_a_vanished_schema_leaves_the_session_alone(self, client):
        response = client.get("/b/broken-schema/", headers=JSON)

        assert response.status_code == 400
        assert client.session["schema"] == "a"


class TestFiles:
    @pytest.fixture(autouse=True)
    def _static(self, settings):
        settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django.contrib.staticfiles"]
        settings.STATIC_URL = "static/"
        settings.MEDIA_URL = "media/"

    def test_the_first_page_of_a_process_does_not_decide_for_all(self, client, settings):
        assert client.get("/b/style/").content == b"/static/boardinghouse/boardinghouse.css"

        assert (settings.STATIC_URL, settings.MEDIA_URL) == ("/static/", "/media/")
        assert client.get("/style/").content == b"/static/boardinghouse/boardinghouse.css"

    def test_an_address_with_a_prefix_leads_to_the_one_without(self, visitor):
        response = visitor.get("/b/static/boardinghouse/boardinghouse.css")

        assert response["Location"] == "/static/boardinghouse/boardinghouse.css"

    @pytest.mark.parametrize("mount", ["", "/site"])
    def test_though_the_site_has_pages_of_any_address(self, client, settings, mount):
        settings.ROOT_URLCONF = SiteWithPages
        settings.STATIC_URL = f"{mount}/static/"

        response = client.get("/b/static/some.css", SCRIPT_NAME=mount)

        assert response["Location"] == f"{mount}/static/some.css"

    def test_unless_the_site_serves_it(self, client, settings):
        settings.ROOT_URLCONF = SiteWithStaticFiles

        for prefix in ("", "/b"):
            response = client.get(f"{prefix}/static/boardinghouse/boardinghouse.css")
            assert b"boardinghouse" in b"".join(response)

    def test_a_development_server_answers_both(self, committed_schemata, settings):
        settings.ALLOWED_HOSTS = ["127.0.0.1"]
        client = Client()
        client.force_login(make_user("member", *committed_schemata))
        cookies = {"Cookie": f"sessionid={client.session.session_key}"}

        with served_live() as address:
            for prefix in ("", "/b"):
                wanted = f"{address}{prefix}/static/boardinghouse/boardinghouse.css"
                with urlopen(Request(wanted, headers=cookies)) as response:
                    assert response.headers["Content-Type"] == "text/css"
            with urlopen(Request(f"{address}/b/owners/", headers=cookies)) as response:
                assert response.read() == b"b"

    def test_on_another_host_they_are_not_looked_for_here(self, client, settings):
        settings.STATIC_URL = "https://cdn.example/static/"

        assert client.get("/b/static/boardinghouse/boardinghouse.css").status_code == 404

    def test_no_schema_takes_their_addresses(self, client, member):
        member.schemata.add(*Schema.objects.mass_create("static", "media"))

        assert client.get("/static/owners/").status_code == 404
        assert client.get("/media/owners/").status_code == 404


@contextmanager
def served_live():
    """Serve the site as LiveServerTestCase does; give its address."""
    server = LiveServer("127.0.0.1")
    try:
        yield server.url
    finally:
        server.stop()


class SiteWithStaticFiles:
    urlpatterns = [*urlpatterns, re_path(r"^static/(?P<path>.*)$", serve, {"insecure": True})]


class TestBeside:
    """Other middleware and caches."""

    def test_languages_in_the_path(self, client, settings):
        settings.MIDDLEWARE = middleware_with(PREFIX, LOCALE)
        client.handler.load_middleware()

        assert client.get("/b/de/page/").content == b"b"
        redirect = client.get("/b/page/", headers={"Accept-Language": "de"})
        assert redirect["Location"] == "/b/de/page/"

    def test_a_cached_page_is_its_schemas(self, client, settings):
        settings.CACHES = {
            "default": {
                "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
                "KEY_FUNCTION": "boardinghouse.contrib.cache.make_key",
            }
        }
        cache.clear()

        seen = [client.get(f"{prefix}/cached/").content for prefix in ("/b", "", "/a", "/b", "")]

        assert seen == [b"b", b"a", b"a", b"b", b"a"]

    def test_an_etag_of_one_prefix_is_none_of_another(self, client):
        tag = client.get("/a/tagged/")["ETag"]

        assert client.get("/a/tagged/", headers={"If-None-Match": tag}).status_code == 304
        assert client.get("/b/tagged/", headers={"If-None-Match": tag}).status_code == 200

    def test_the_admin_is_below_it(self, schemata):
        client = Client()
        client.force_login(make_user("admin", is_staff=True, is_superuser=True))

        page = client.get("/b/admin/testapp/account/1/change/").content.decode()

        assert 'href="/b/admin/"' in page
        assert 'value="b"' in page


class TestFilesSegments:
    def test_they_are_those_below_the_mount(self, settings):
        settings.STATIC_URL, settings.MEDIA_URL = "/static/", "/site/media/"

        assert files_segments() == {"static", "site"}
        assert files_segments("/site") == {"media"}
        assert files_segments("/s") == frozenset()


class TestFirstSegments:
    def test_they_are_found_in_every_shape(self):
        assert first_segments(Shapes) == {
            "plain", "included", "deep", "joined", "regex", "pattern", "en", "de"
        }  # fmt: skip

    def test_what_varies_is_none(self):
        varied = [path("<slug:page>/", show_page), re_path(r"^(?P<page>\w+)/$", show_page)]

        class Varied:
            urlpatterns = [*varied, path("", show_page), re_path(r"^[ab]+/x/$", show_page)]

        assert first_segments(Varied) == frozenset()


def show_where(request, *args, **kwargs):
    return HttpResponse(f"page in {get_active_schema_name()}")


class Expressions:
    """What begins an address is one of several words, or ends in what may be left out."""

    urlpatterns = [
        re_path(r"^(?:about|contact)/$", show_where),
        re_path(r"^news(?:/(?P<page>\d+))?/$", show_where),
        re_path(r"^archive(/\d+)?/?$", show_where),
        re_path(r"^plain/$|^other/$", show_where),
        re_path(r"^(?:first|second)/", include([path("<int:number>/", show_where)])),
        re_path(r"^", include([re_path(r"^(?:inner|deeper|q)$", show_where)])),
        re_path(r"^(?:team|board)/members/$", show_where),
        *i18n_patterns(re_path(r"^s(?:earch)?/$", show_where), prefix_default_language=False),
        *urlpatterns,
        path("<slug:page>/", show_where),
        re_path(r"^[a-z]{1,9}/\d+/$", show_where),
    ]


OWN_PAGES = {
    "about": "/about/",
    "contact": "/contact/",
    "news": "/news/7/",
    "archive": "/archive",
    "other": "/other/",
    "second": "/second/7/",
    "deeper": "/deeper",
    "team": "/team/members/",
    "s": "/s/",
    "q": "/q",
}


class TestExpressions:
    @pytest.fixture(autouse=True)
    def _expressions(self, settings):
        settings.ROOT_URLCONF = Expressions

    @pytest.mark.parametrize(("name", "address"), OWN_PAGES.items())
    def test_no_schema_takes_their_addresses(self, client, member, name, address):
        assert client.get(address).content == b"page in a"

        member.schemata.add(*Schema.objects.mass_create(name))

        assert client.get(address).content == b"page in a"

    @pytest.mark.parametrize(
        ("address", "body"),
        [
            ("/b/owners/", b"b"),
            ("/b/any/", b"page in b"),
            ("/b/about/", b"page in b"),
            ("/b/7/", b"page in b"),
            ("/b/any/7/", b"page in b"),
            ("/z/", b"page in a"),
            ("/z/7/", b"page in a"),
        ],
    )
    def test_what_fits_any_name_is_no_address_of_the_sites_own(self, client, address, body):
        assert client.get(address).content == body

    def test_what_else_is_below_such_a_name_is_the_schemas(self, client, member):
        member.schemata.add(*Schema.objects.mass_create("team"))
        fill("team")

        assert client.get("/team/owners/").content == b"team"

    def test_a_converter_is_not_asked(self, client, settings):
        """One that looks into a private table would find no schema active."""
        settings.ROOT_URLCONF = Converted

        assert client.get("/b/owners/").content == b"b"


class AccountConverter(StringConverter):
    def to_python(self, value):
        return Account.objects.get(owner=value)


register_converter(AccountConverter, "account")


class Converted:
    urlpatterns = [*urlpatterns, path("<account:account>/", show_where)]


class Shapes:
    urlpatterns = [
        path("plain", show_page),
        path("included/", include([path("below/", show_page)])),
        path("", include([path("deep/", show_page)])),
        path("joi", include([path("ned/", show_page)])),
        re_path(r"^regex/(\d+)/$", show_page),
        re_path(r"^pattern$", show_page),
        *i18n_patterns(path("page/", show_page)),
    ]


class TestChecks:
    def run(self, check, **kwargs):
        return [(each.id, each.msg) for each in check(**kwargs)]

    def test_a_schema_named_like_an_address_is_reported(self, schemata):
        Schema.objects.mass_create("owners", "en")

        found = self.run(checks.check_names, databases=["default"])

        assert [(id, msg.split("'")[1]) for id, msg in found] == [
            ("boardinghouse.W033", "en"), ("boardinghouse.W033", "owners")
        ]  # fmt: skip

    def test_one_that_an_expression_names_is_reported(self, schemata, settings):
        settings.ROOT_URLCONF = Expressions
        Schema.objects.mass_create(*OWN_PAGES)

        found = self.run(checks.check_names, databases=["default"])

        assert [msg.split("'")[1] for _id, msg in found] == sorted({*OWN_PAGES} - {"team"})

    def test_not_where_no_database_is_asked(self, schemata, django_assert_num_queries):
        Schema.objects.mass_create("owners")

        with django_assert_num_queries(0):
            assert self.run(checks.check_names, databases=None) == []

    def test_not_below_a_parent(self, schemata, settings):
        Schema.objects.mass_create("owners")
        settings.BOARDINGHOUSE_PREFIX_PARENT = "schools"

        assert self.run(checks.check_names, databases=["default"]) == []

    def test_the_right_order_is_fine(self):
        assert self.run(checks.check_order_of_middleware) == []

    def test_a_missing_middleware(self, settings):
        settings.MIDDLEWARE.remove(PREFIX)

        ((id, _msg),) = self.run(checks.check_order_of_middleware)

        assert id == "boardinghouse.E030"

    @pytest.mark.parametrize("place", [0, 6])
    def test_a_wrong_place(self, settings, place):
        settings.MIDDLEWARE.remove(PREFIX)
        settings.MIDDLEWARE.insert(place, PREFIX)

        ((id, _msg),) = self.run(checks.check_order_of_middleware)

        assert id == "boardinghouse.E031"

    def test_languages_before_it(self, settings):
        settings.MIDDLEWARE = [LOCALE, *settings.MIDDLEWARE]
        ((id, _msg),) = self.run(checks.check_locale_middleware)
        assert id == "boardinghouse.W032"

        settings.MIDDLEWARE = middleware_with(PREFIX, LOCALE)
        assert self.run(checks.check_locale_middleware) == []
