"""Files served to people of their schema, and to nobody else."""

from os import utime

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.test import Client
from django.urls import path
from django.utils.http import http_date

from boardinghouse.contrib.storage import (
    SchemaFileSystemStorage,
    SchemaFileView,
    SchemaStorageMixin,
)
from boardinghouse.contrib.storage.ranges import find_range
from boardinghouse.exceptions import Forbidden
from boardinghouse.schema import get_active_schema_name, override
from boardinghouse.signals import session_requesting_schema_change
from tests import nginx, urls
from tests import settings as base_settings
from tests.browsers import AsyncBrowser, enter, get_from_asgi_server
from tests.conftest import make_user
from tests.test_docs import DOCS, blocks_of
from tests.test_storage import SUSPICIOUS, SchemaBucket, SchemaInMemoryStorage

PREFIX = "boardinghouse.contrib.prefix.SchemaPrefixMiddleware"
GZIP = "django.middleware.gzip.GZipMiddleware"
NOSNIFF = "X-Content-Type-Options"
TEXT = b"0123456789"
MEMORY = SchemaInMemoryStorage(base_url="/memory/")
BUCKET = SchemaBucket()

urlpatterns = [
    path("media/<path:path>", SchemaFileView.as_view()),
    path("memory/<path:path>", SchemaFileView.as_view(storage=MEMORY)),
    path("bucket/<path:path>", SchemaFileView.as_view(storage=BUCKET)),
    path("plain/<path:path>", SchemaFileView.as_view(storage="plain")),
    *urls.urlpatterns,
]


def show_url(request):
    return default_storage.url("x.txt")


@pytest.fixture(autouse=True)
def _files(settings, tmp_path, schemata):
    """One file of the same name, size and date in each of two schemata."""
    settings.ROOT_URLCONF = "tests.test_files"
    settings.MEDIA_ROOT, settings.MEDIA_URL = str(tmp_path), "/media/"
    settings.STORAGES = {
        "default": {"BACKEND": "boardinghouse.contrib.storage.SchemaFileSystemStorage"},
        "plain": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    }
    others = list(base_settings.MIDDLEWARE)
    settings.MIDDLEWARE = [*others[:-1], PREFIX, others[-1]]
    for name in "ab":
        with override(name):
            default_storage.save("x.txt", ContentFile(TEXT + name.encode()))
            default_storage.save("folder/y.png", ContentFile(b"picture"))
        utime(tmp_path / name / "x.txt", (1_700_000_000, 1_700_000_000))
    (tmp_path / "outside.txt").write_text("of nobody")


@pytest.fixture(params=["wsgi", "asgi"])
def make_browser(request):
    return Client if request.param == "wsgi" else AsyncBrowser


@pytest.fixture
def reader(visitor):
    """A member of both schemata who is in a."""
    enter(visitor, "a")
    return visitor


def body(response):
    """Return what a response brings, whole or in pieces."""
    if not response.streaming:
        return response.content
    if not response.is_async:
        return b"".join(response)

    async def collect():
        return b"".join([piece async for piece in response])

    return async_to_sync(collect)()


class TestWho:
    def test_somebody_in_the_schema_gets_it(self, reader):
        assert body(reader.get("/media/a/x.txt")) == TEXT + b"a"

    def test_not_in_another_one_though_they_may_enter_both(self, reader):
        """D10."""
        assert reader.get("/media/b/x.txt").status_code == 404

        enter(reader, "b")
        assert body(reader.get("/media/b/x.txt")) == TEXT + b"b"
        assert reader.get("/media/a/x.txt").status_code == 404

    def test_with_none_chosen_whoever_may_enter_gets_it(self, visitor):
        assert body(visitor.get("/media/b/x.txt")) == TEXT + b"b"
        assert body(visitor.get("/media/a/x.txt")) == TEXT + b"a"
        assert "schema" not in visitor.session

    def test_nobody_else_does(self, browser, outsider):
        assert browser.get("/media/a/x.txt").status_code == 404

        browser.force_login(outsider)
        assert browser.get("/media/a/x.txt").status_code == 404

    def test_a_member_of_another_one_does_not(self, browser, member_of_a):
        browser.force_login(member_of_a)

        assert body(browser.get("/media/a/x.txt")) == TEXT + b"a"
        assert browser.get("/media/b/x.txt").status_code == 404

    def test_a_membership_that_ended_ends_it(self, visitor, member, schemata):
        member.schemata.remove(schemata[1])

        assert visitor.get("/media/b/x.txt").status_code == 404

    def test_a_receiver_may_refuse(self, visitor, connect):
        """As it may refuse the switch that would be needed to see the page with the file."""

        def refuse(schema, **kwargs):
            if schema and schema.schema == "b":
                raise Forbidden

        connect(session_requesting_schema_change, refuse)

        assert visitor.get("/media/b/x.txt").status_code == 404
        assert body(visitor.get("/media/a/x.txt")) == TEXT + b"a"

    def test_it_leaves_nothing_active(self, visitor):
        body(visitor.get("/media/b/x.txt"))

        assert get_active_schema_name() is None

    def test_identifiers_of_ones_own(self, visitor, settings, tmp_path):
        settings.BOARDINGHOUSE_PATHNAME_FUNCTION = lambda schema: f"school-{schema.pk}"
        (tmp_path / "a").rename(tmp_path / "school-a")

        assert body(visitor.get("/media/school-a/x.txt")) == TEXT + b"a"
        assert visitor.get("/media/a/x.txt").status_code == 404
        enter(visitor, "a")
        assert body(visitor.get("/media/school-a/x.txt")) == TEXT + b"a"
        enter(visitor, "b")
        assert visitor.get("/media/school-a/x.txt").status_code == 404

    def test_an_image_costs_what_a_page_costs(self, member, django_assert_num_queries):
        client = Client()
        client.force_login(member)
        enter(client, "a")

        with django_assert_num_queries(4):  # session, user, entering; and leaving
            body(client.get("/media/a/x.txt"))


class TestNothingToSniff:
    ADDRESSES = (
        "a/missing.txt",
        "b/x.txt",
        "b/missing.txt",
        "z/x.txt",
        "outside.txt",
        "a/folder",
        "a/folder/",
        "a/",
        "a",
        "a/x.txt/",
        "a/x.txt/y.txt",
        "a/../outside.txt",
        "a/../b/x.txt",
        "a/%2e%2e/b/x.txt",
        "a/..%2fb/x.txt",
        "a/..%5cb/x.txt",
        "../outside.txt",
        "/a/x.txt",
        "a//etc/passwd",
        "a/%00",
        "__template__/x.txt",
        f"a/{'x' * 300}",
        f"{'y' * 300}/x.txt",
    )

    def test_all_that_is_not_there_is_the_same(self, reader):
        answers = set()
        for address in self.ADDRESSES:
            response = reader.get(f"/media/{address}")
            headers = tuple(sorted(response.headers.items()))
            answers.add((response.status_code, body(response), headers))

        assert len(answers) == 1
        assert answers.pop()[0] == 404

    @pytest.mark.parametrize("name", SUSPICIOUS)
    def test_names_that_lead_out_are_not_found(self, name):
        client = Client()
        client.force_login(make_user("reader"))

        response = client.get(f"/media/a/{name}")

        assert response.status_code == 404

    @pytest.mark.parametrize(
        "headers", [{"If-None-Match": "*"}, {"If-Match": '"x"'}, {"Range": "bytes=0-0"}]
    )
    def test_conditions_tell_no_more(self, reader, headers):
        there, missing = (
            reader.get(f"/media/b/{name}.txt", headers=headers) for name in ("x", "missing")
        )

        assert there.status_code == missing.status_code == 404
        assert there.headers == missing.headers

    @pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
    def test_other_methods_tell_no_more(self, reader, method):
        there, missing = (
            getattr(reader, method)(f"/media/b/{name}.txt") for name in ("x", "missing")
        )

        assert there.status_code == missing.status_code == 405


class TestParts:
    @pytest.mark.parametrize(
        ("wanted", "content", "said"),
        [
            ("bytes=0-3", b"0123", "bytes 0-3/11"),
            ("bytes=4-", b"456789a", "bytes 4-10/11"),
            ("bytes=-2", b"9a", "bytes 9-10/11"),
            ("bytes=-99", TEXT + b"a", "bytes 0-10/11"),
            ("bytes=3-99", b"3456789a", "bytes 3-10/11"),
            ("bytes=10-10", b"a", "bytes 10-10/11"),
            ("Bytes=0-0", b"0", "bytes 0-0/11"),
        ],
    )
    def test_one_is_sent(self, reader, wanted, content, said):
        response = reader.get("/media/a/x.txt", headers={"Range": wanted})

        assert (response.status_code, body(response)) == (206, content)
        assert response["Content-Range"] == said
        assert response["Content-Length"] == str(len(content))

    @pytest.mark.parametrize("wanted", ["bytes=11-", "bytes=99-100", "bytes=-0"])
    def test_after_the_end_there_is_none(self, reader, wanted):
        response = reader.get("/media/a/x.txt", headers={"Range": wanted})

        assert (response.status_code, response["Content-Range"]) == (416, "bytes */11")
        assert response.content == b""

    @pytest.mark.parametrize(
        "wanted",
        ["bytes=", "bytes=-", "bytes=3-1", "bytes=a-b", "bytes=0-1,3-4", "lines=0-1", "0-1",
         "bytes=" + "9" * 5000 + "-"],
    )  # fmt: skip
    def test_what_is_not_understood_gets_all(self, reader, wanted):
        response = reader.get("/media/a/x.txt", headers={"Range": wanted})

        assert (response.status_code, body(response)) == (200, TEXT + b"a")

    def test_a_part_is_of_the_version_that_was_begun(self, reader):
        tag = reader.head("/media/a/x.txt")["ETag"]
        same = {"Range": "bytes=0-0", "If-Range": tag}
        other = {"Range": "bytes=0-0", "If-Range": '"other"'}
        dated = {"Range": "bytes=0-0", "If-Range": http_date(1_700_000_000)}
        earlier = {"Range": "bytes=0-0", "If-Range": http_date(1_600_000_000)}

        sizes = [
            len(body(reader.get("/media/a/x.txt", headers=headers)))
            for headers in (same, other, dated, earlier)
        ]

        assert sizes == [1, 11, 1, 11]

    def test_never_of_another_schemas_version(self, reader):
        """The same size and date in both."""
        tag = reader.head("/media/a/x.txt")["ETag"]
        enter(reader, "b")

        headers = {"Range": "bytes=0-0", "If-Range": tag}
        response = reader.get("/media/b/x.txt", headers=headers)

        assert (response.status_code, body(response)) == (200, TEXT + b"b")

    def test_an_empty_file_has_none(self, reader):
        with override("a"):
            default_storage.save("empty.txt", ContentFile(b""))

        assert body(reader.get("/media/a/empty.txt")) == b""
        headers = {"Range": "bytes=0-"}
        assert reader.get("/media/a/empty.txt", headers=headers).status_code == 416

    def test_a_large_file_comes_in_pieces(self, reader):
        content = bytes(range(256)) * 1024
        with override("a"):
            default_storage.save("large.bin", ContentFile(content))

        assert body(reader.get("/media/a/large.bin")) == content
        part = reader.get("/media/a/large.bin", headers={"Range": "bytes=70000-200000"})
        assert body(part) == content[70000:200001]

    def test_a_part_is_not_compressed(self, settings, member):
        settings.MIDDLEWARE = [GZIP, *settings.MIDDLEWARE]
        client = Client()
        client.force_login(member)

        headers = {"Range": "bytes=1-2", "Accept-Encoding": "gzip"}
        assert body(client.get("/media/a/x.txt", headers=headers)) == b"12"

    def test_the_header_is_understood_as_it_says(self):
        assert find_range("bytes=0-0", 1) == range(1)
        assert find_range("bytes=0-0, 2-3", 9) is None


class TestConditions:
    def test_what_has_not_changed_is_not_sent_again(self, reader):
        first = reader.get("/media/a/x.txt")
        body(first)

        again = reader.get("/media/a/x.txt", headers={"If-None-Match": first["ETag"]})

        assert (again.status_code, again.content) == (304, b"")
        assert again["ETag"] == first["ETag"]
        assert again["Cache-Control"] == "private, no-cache"

    def test_nor_by_its_date(self, reader):
        first = reader.head("/media/a/x.txt")
        kept = {"If-None-Match": first["ETag"], "If-Modified-Since": first["Last-Modified"]}

        assert reader.get("/media/a/x.txt", headers=kept).status_code == 304

    @pytest.mark.parametrize("address", ["/media/a/x.txt", "/a/media/x.txt"])
    def test_nor_by_its_date_alone(self, reader, address):
        """Elsewhere a date says nothing; a file's address says whose it is."""
        date = {"If-Modified-Since": http_date(1_700_000_000)}
        earlier = {"If-Modified-Since": http_date(1_600_000_000)}

        assert reader.get(address, headers=date).status_code == 304
        assert body(reader.get(address, headers=earlier)) == TEXT + b"a"

    def test_a_date_is_nothing_beside_a_tag_that_does_not_match(self, reader):
        sent = {"If-None-Match": '"other"', "If-Modified-Since": http_date(1_700_000_000)}

        assert body(reader.get("/media/a/x.txt", headers=sent)) == TEXT + b"a"

    def test_a_date_by_which_it_has_changed(self, reader):
        sent = {"If-Unmodified-Since": http_date(1_600_000_000)}

        assert reader.get("/media/a/x.txt", headers=sent).status_code == 412

    def test_what_has_changed_is(self, reader, tmp_path):
        tag = reader.head("/media/a/x.txt")["ETag"]
        utime(tmp_path / "a" / "x.txt", (1_700_000_001, 1_700_000_001))

        response = reader.get("/media/a/x.txt", headers={"If-None-Match": tag})

        assert body(response) == TEXT + b"a"

    def test_another_schemas_version_says_nothing(self, reader):
        tag = reader.head("/media/a/x.txt")["ETag"]
        enter(reader, "b")

        response = reader.get("/media/b/x.txt", headers={"If-None-Match": tag})

        assert body(response) == TEXT + b"b"

    def test_a_precondition_that_fails(self, reader):
        assert reader.get("/media/a/x.txt", headers={"If-Match": '"x"'}).status_code == 412

    def test_who_may_no_longer_enter_is_not_told_so(self, reader, member, schemata):
        tag = reader.head("/media/a/x.txt")["ETag"]
        member.schemata.clear()

        response = reader.get("/media/a/x.txt", headers={"If-None-Match": tag})

        assert response.status_code == 403
        assert reader.get("/media/a/x.txt", headers={"If-None-Match": tag}).status_code == 404


class TestHeaders:
    def test_what_is_said_of_a_file(self, reader):
        response = reader.get("/media/a/x.txt")
        body(response)

        said = {name: response[name] for name in HEADERS}
        assert said == {
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, no-cache",
            "Content-Disposition": 'inline; filename="x.txt"',
            "Content-Length": "11",
            "Content-Type": "text/plain",
            "Last-Modified": http_date(1_700_000_000),
            "X-Content-Type-Options": "nosniff",
        }
        assert "Cookie" in response["Vary"]

    def test_head_says_the_same_without_content(self, reader):
        response = reader.head("/media/a/x.txt")

        assert (response.status_code, body(response)) == (200, b"")
        assert response["Content-Length"] == "11"
        assert response["Accept-Ranges"] == "bytes"

    @pytest.mark.parametrize(
        ("name", "kind", "is_shown"),
        [
            ("p.png", "image/png", True),
            ("p.pdf", "application/pdf", True),
            ("p.mp4", "video/mp4", True),
            ("p.svg", "image/svg+xml", False),
            ("p.html", "text/html", False),
            ("p.xhtml", "application/xhtml+xml", False),
            ("p.js", "text/javascript", False),
            ("p.txt.gz", "application/octet-stream", False),
            ("p", "application/octet-stream", False),
        ],
    )
    def test_what_could_run_in_a_page_is_only_saved(self, member, name, kind, is_shown):
        client = Client()
        client.force_login(member)
        with override("a"):
            default_storage.save(name, ContentFile(b"<script>alert(1)</script>"))

        response = client.get(f"/media/a/{name}")
        body(response)

        assert response["Content-Type"] == kind
        assert response["Content-Disposition"].split(";")[0] == (
            "inline" if is_shown else "attachment"
        )

    def test_a_name_in_other_letters(self, member):
        reader = Client()  # Django's AsyncClient does not decode a path
        reader.force_login(member)
        with override("a"):
            url = default_storage.url(default_storage.save("übung ?.pdf", ContentFile(b"x")))

        response = reader.get(url)

        assert response.status_code == 200
        body(response)


HEADERS = [
    "Accept-Ranges",
    "Cache-Control",
    "Content-Disposition",
    "Content-Length",
    "Content-Type",
    "Last-Modified",
    "X-Content-Type-Options",
]


def versioned(added):
    """Return a storage whose addresses have something after the name."""

    class Versioned(FileSystemStorage):
        def url(self, name):
            return super().url(name) + added

    class SchemaVersioned(SchemaStorageMixin, Versioned):
        pass

    return SchemaVersioned()


class TestPrefix:
    @pytest.mark.parametrize("media", ["/media/", "media/"])
    def test_the_address_does_not_repeat_the_schema(self, reader, settings, media, monkeypatch):
        settings.MEDIA_URL = media
        storage = SchemaFileSystemStorage()
        seen = []
        monkeypatch.setattr(SchemaFileView, "serve", remember_urls(seen, storage))

        reader.get("/b/media/x.txt")
        reader.get("/media/a/x.txt")

        assert seen == ["/b/media/x.txt", "/media/a/x.txt"]

    @pytest.mark.parametrize("added", ["?v=1", "#page=2", "?next=/a/b/x.txt#top"])
    def test_nor_does_one_with_a_query(self, reader, monkeypatch, added):
        seen = []
        monkeypatch.setattr(SchemaFileView, "serve", remember_urls(seen, versioned(added)))

        reader.get("/b/media/x.txt")
        reader.get("/media/a/x.txt")

        assert seen == [f"/b/media/x.txt{added}", f"/media/a/x.txt{added}"]

    def test_it_is_served_there(self, reader):
        assert body(reader.get("/b/media/x.txt")) == TEXT + b"b"
        assert body(reader.get("/a/media/x.txt")) == TEXT + b"a"
        assert body(reader.get("/media/a/x.txt")) == TEXT + b"a"

    def test_to_nobody_else(self, browser, member_of_a):
        browser.force_login(member_of_a)

        assert browser.get("/b/media/x.txt").status_code == 404
        assert browser.get("/a/media/b/x.txt").status_code == 404

    def test_another_schemas_address_is_whole(self, reader, monkeypatch):
        seen = []
        monkeypatch.setattr(SchemaFileView, "serve", remember_urls(seen, default_storage, "a"))

        reader.get("/b/media/x.txt")

        assert seen == ["/media/a/x.txt"]

    @pytest.mark.parametrize(
        ("media", "url"),
        [
            ("https://cdn.example/m/", "https://cdn.example/m/b/x.txt"),
            ("//cdn.example/m/", "//cdn.example/m/b/x.txt"),
        ],
    )
    def test_an_address_elsewhere_is_whole(self, reader, settings, media, url, monkeypatch):
        settings.MEDIA_URL = media
        seen = []
        storage = SchemaFileSystemStorage()
        monkeypatch.setattr(SchemaFileView, "serve", remember_urls(seen, storage))

        reader.get("/b/media/x.txt")

        assert seen == [url]

    def test_below_a_mount(self, member, settings, monkeypatch):
        seen = []
        client = Client(SCRIPT_NAME="/site")
        client.force_login(member)
        for base in ("/site/media/", "/media/"):
            storage = SchemaFileSystemStorage(base_url=base)
            monkeypatch.setattr(SchemaFileView, "serve", remember_urls(seen, storage))
            client.get("/b/media/x.txt")

        assert seen == ["/site/b/media/x.txt", "/media/b/x.txt"]

    def test_below_a_parent(self, reader, settings, monkeypatch):
        settings.BOARDINGHOUSE_PREFIX_PARENT = "schools"
        seen = []
        monkeypatch.setattr(SchemaFileView, "serve", remember_urls(seen, default_storage))

        reader.get("/schools/b/media/x.txt")

        assert seen == ["/schools/b/media/x.txt"]


def remember_urls(seen, storage, schema=None):
    """Return what a view would do that makes the address of a file."""

    def serve(self, request, name):
        with override(schema or get_active_schema_name()):
            seen.append(storage.url(name))
        return self.http_method_not_allowed(request)

    return serve


class TestHandingOver:
    def test_to_nginx(self, reader, settings):
        settings.BOARDINGHOUSE_X_ACCEL_REDIRECT = "/protected/"

        response = reader.get("/media/a/x.txt")

        assert response["X-Accel-Redirect"] == "/protected/a/x.txt"
        assert (response.content, response["Content-Type"]) == (b"", "text/plain")
        assert "ETag" not in response

    def test_nginx_keeps_what_the_view_says(self, reader, settings, tmp_path):
        """Of what X-Accel-Redirect is said with it keeps little, and not that nobody may sniff."""
        settings.BOARDINGHOUSE_X_ACCEL_REDIRECT = "/protected/"
        with override("a"):
            default_storage.save("page.html", ContentFile(b"<b>bold</b>"))
        response = reader.get("/media/a/page.html")
        block = nginx_block().replace("/srv/school/media/", f"{tmp_path}/")

        with nginx.nginx_before(response.headers, block) as port:
            status, headers, text = nginx.get(port, "/media/a/page.html")

        assert (status, text) == (200, b"<b>bold</b>")
        for name in ("Content-Type", "Content-Disposition", "Cache-Control", NOSNIFF):
            assert headers.get_all(name) == [response[name]]

    def test_to_apache(self, member, settings, tmp_path):
        reader = Client()
        reader.force_login(member)
        settings.BOARDINGHOUSE_X_SENDFILE = True
        with override("a"):
            name = default_storage.save("ü %.txt", ContentFile(b"x"))

        response = reader.get(default_storage_url("a", name))

        assert response["X-Sendfile"] == f"{tmp_path}/a/%C3%BC%20%25.txt"

    @pytest.mark.parametrize("address", ["b/x.txt", "a/missing.txt", "a/folder", "a/../b/x.txt"])
    def test_nothing_that_one_may_not_see(self, reader, settings, address):
        settings.BOARDINGHOUSE_X_ACCEL_REDIRECT = "/protected"

        response = reader.get(f"/media/{address}")

        assert response.status_code == 404
        assert "X-Accel-Redirect" not in response

    def test_below_a_prefix_by_its_whole_name(self, reader, settings):
        settings.BOARDINGHOUSE_X_ACCEL_REDIRECT = "/protected"

        assert reader.get("/b/media/x.txt")["X-Accel-Redirect"] == "/protected/b/x.txt"


def nginx_block():
    """Return what the documentation tells to write for nginx."""
    (block,) = [
        text
        for language, _caption, text in blocks_of(DOCS / "contrib" / "storage.rst")
        if language == "nginx"
    ]
    return block


def default_storage_url(schema, name):
    with override(schema):
        return default_storage.url(name)


class TestStorages:
    def test_one_in_memory(self, reader):
        for name in "ab":
            with override(name):
                MEMORY.delete("x.txt")
                MEMORY.save("x.txt", ContentFile(name.encode()))

        assert body(reader.get("/memory/a/x.txt")) == b"a"
        assert reader.get("/memory/b/x.txt").status_code == 404

    def test_one_that_knows_no_dates(self, reader):
        with override("a"):
            BUCKET.delete("x.txt")
            BUCKET.save("x.txt", ContentFile(b"0123"))

        response = reader.get("/bucket/a/x.txt", headers={"Range": "bytes=1-2"})

        assert (response.status_code, body(response)) == (206, b"12")
        assert reader.get("/bucket/a/missing.txt").status_code == 404

    def test_one_that_knows_no_schemata_is_refused(self, member):
        client = Client()
        client.force_login(member)

        with pytest.raises(ImproperlyConfigured, match="SchemaFileSystemStorage"):
            client.get("/plain/a/x.txt")


def test_an_asgi_server_sends_it_whole(member):
    client = Client()
    client.force_login(member)

    assert get_from_asgi_server("/media/b/x.txt", client) == "0123456789b"
