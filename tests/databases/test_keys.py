"""Keys and paths of two customers never meet, though their schemata have the same names."""

from types import SimpleNamespace

import pytest
from django.core.cache import caches
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import path

from boardinghouse.contrib.databases import database, keys
from boardinghouse.contrib.storage import SchemaFileView
from boardinghouse.exceptions import NoActiveDatabase
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import override, working_in
from tests.databases.conftest import BOTH, CLIENTS
from tests.databases.test_requests import log_in

KEYS = "boardinghouse.contrib.databases.keys"
STORAGE = "boardinghouse.contrib.storage.SchemaFileSystemStorage"
LOCMEM = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "customers"}

urlpatterns = [path("media/<path:path>", SchemaFileView.as_view())]


@pytest.fixture
def two_caches(settings):
    settings.CACHES = {
        "default": {
            **LOCMEM,
            "KEY_FUNCTION": f"{KEYS}.make_key",
            "REVERSE_KEY_FUNCTION": f"{KEYS}.reverse_key",
        },
        "sessions": {**LOCMEM, "KEY_FUNCTION": f"{KEYS}.make_shared_key"},
    }
    yield
    caches["default"].clear()


def places():
    """Yield each place in which something can be kept, the one without a database first."""
    yield None, None, override(None)
    for alias in BOTH:
        for schema in (None, "a", "b"):
            yield alias, schema, database(alias)


def in_each_place(function):
    found = {}
    for alias, schema, block in places():
        with block, override(schema):
            found[alias, schema] = function(alias, schema)
    return found


def test_what_one_keeps_no_other_gets(two_caches):
    def keep(alias, schema):
        assert caches["default"].get("key") is None
        caches["default"].set("key", f"{alias}:{schema}")

    in_each_place(keep)

    got = in_each_place(lambda alias, schema: caches["default"].get("key"))
    assert got == {place: f"{place[0]}:{place[1]}" for place in got}
    assert len(got) == 7


def test_the_schemata_of_a_customer_have_shared_keys_in_common(two_caches):
    found = in_each_place(lambda alias, schema: keys.make_shared_key("key", "", 1))

    assert len(set(found.values())) == 3
    assert found["default", "a"] == found["default", None] != found["other", None]


@pytest.mark.parametrize("make", [keys.make_key, keys.make_shared_key])
def test_keys_can_be_read_back(make):
    with database("other"), override("a"):
        assert keys.reverse_key(make("a:b:%", "pre:fix", 2)) == "a:b:%"


def test_no_two_parts_run_together(settings):
    shared = keys.make_shared_key("1:1:k", "", 1)

    assert shared not in {
        keys.make_key("k", "", 1),
        keys.make_key("1:k", "1", 1),
        keys.make_key("1:1:k", "", 1),
        keys.make_key("1:1:k", "-", 1),
    }


@pytest.mark.django_db(databases=BOTH)
@pytest.mark.parametrize("engine", ["cache", "cached_db"])
def test_a_session_in_a_cache_is_not_valid_on_another_host(customers, two_caches, settings, engine):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_CACHE_ALIAS = "sessions"
    first, second = CLIENTS
    browser = log_in(Client, first)
    other = Client(headers={"host": second})
    other.cookies["sessionid"] = browser.cookies["sessionid"].value

    assert browser.get("/user/").content != other.get("/user/").content
    assert other.get("/__change_schema__/a/").status_code == 403
    assert browser.get("/__change_schema__/a/").status_code == 200
    assert browser.get("/owners/").content == b"default:a"


def test_groups_of_sockets_name_the_database(hosts):
    groups = pytest.importorskip("boardinghouse.contrib.channels").schema_group
    with override("a"), pytest.raises(NoActiveDatabase):
        groups("room", 1)

    with database("default"), override("a"):
        here = groups("room", 1)
    with database("other"), override("a"):
        assert groups("room", 1) not in (here, groups("room", 2))


def test_paths_of_files_name_the_database():
    schema = SimpleNamespace(schema="a")
    with database("other"):
        assert keys.pathname(schema) == "other.a"

    with pytest.raises(NoActiveDatabase):
        keys.pathname(schema)


@pytest.mark.django_db(databases=BOTH)
def test_a_file_is_not_served_to_the_people_of_another_customer(customers, settings, tmp_path):
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": STORAGE}}
    settings.MEDIA_ROOT, settings.MEDIA_URL = tmp_path, "/media/"
    settings.BOARDINGHOUSE_PATHNAME_FUNCTION = f"{KEYS}.pathname"
    settings.ROOT_URLCONF = __name__
    addresses = {}
    for alias in BOTH:
        with database(alias), override("a"):
            name = default_storage.save("secret.txt", ContentFile(alias))
            addresses[alias] = default_storage.url(name)

    for host, alias in CLIENTS.items():
        browser = log_in(Client, host)
        read = {other: browser.get(address) for other, address in addresses.items()}

        assert b"".join(read.pop(alias)) == alias.encode()
        assert [each.status_code for each in read.values()] == [404]


@pytest.mark.django_db(databases=BOTH)
def test_files_of_the_templates_of_two_customers_are_kept_apart(hosts, settings, tmp_path):
    """As a data migration saves them, before there is any schema."""
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": STORAGE}}
    settings.MEDIA_ROOT = tmp_path
    settings.BOARDINGHOUSE_PATHNAME_FUNCTION = f"{KEYS}.pathname"
    for alias in BOTH:
        with database(alias), working_in(TEMPLATE):
            assert default_storage.save("x.txt", ContentFile(alias)) == "x.txt"

    for alias in BOTH:
        with database(alias), working_in(TEMPLATE), default_storage.open("x.txt") as file:
            assert file.read() == alias.encode()
    with working_in(TEMPLATE), pytest.raises(NoActiveDatabase):
        default_storage.exists("x.txt")
