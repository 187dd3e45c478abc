"""The checks of a site with a database per customer: each with the fault, silent without."""

import pytest
from django.contrib.sessions.backends import file
from django.core.checks import Error
from django.db import connections

from boardinghouse import checks as core
from boardinghouse.contrib.databases import DatabaseMiddleware, checks
from boardinghouse.contrib.databases.active import NO_ENGINE
from tests.databases.conftest import CLIENTS, MIDDLEWARE, ROUTERS
from tests.databases.test_keys import KEYS, LOCMEM, STORAGE

HOST1, HOST2 = CLIENTS
CACHED = "django.contrib.sessions.backends.cache"


class SessionStore(file.SessionStore):
    """Of a project that has changed something."""


@pytest.fixture(autouse=True)
def site(hosts, monkeypatch):
    monkeypatch.setitem(connections.settings["other"], "NAME", "elsewhere")


def found(check):
    return [each.id.removeprefix("boardinghouse.") for each in check()]


def all_checks():
    return [getattr(checks, name) for name in dir(checks) if name.startswith("check_")]


def test_a_site_as_it_should_be_has_no_fault():
    assert len(all_checks()) == 12
    assert [fault for check in all_checks() for fault in check()] == []


@pytest.mark.parametrize("position", [None, 1, 3])
def test_the_middleware_stands_first(settings, position):
    _ours, *others = settings.MIDDLEWARE
    settings.MIDDLEWARE = others
    if position:
        settings.MIDDLEWARE = [*others[:position], MIDDLEWARE, *others[position:]]

    (fault,) = checks.check_middleware()

    assert (fault.id, fault.level) == ("boardinghouse.E040", Error("").level)
    assert MIDDLEWARE in fault.hint


@pytest.mark.parametrize(
    "path",
    ["boardinghouse.contrib.databases.DatabaseMiddleware", "tests.databases.test_checks.Own"],
)
def test_the_middleware_may_be_named_otherwise_or_inherited(settings, path):
    settings.MIDDLEWARE = [path, *settings.MIDDLEWARE[1:]]

    assert found(checks.check_middleware) == []


class Own(DatabaseMiddleware):
    pass


def test_the_router_is_needed(settings):
    settings.DATABASE_ROUTERS = ROUTERS[:1]

    (fault,) = checks.check_router()

    assert fault.id == "boardinghouse.E041"
    assert ROUTERS[1] in fault.hint


def test_no_host_is_a_fault(settings):
    del settings.BOARDINGHOUSE_DATABASE_HOSTS

    assert found(checks.check_hosts) == ["E042"]


@pytest.mark.parametrize(
    "host",
    [
        "Client1.example.com",
        ".example.com",
        "*",
        "*.example.com",
        "client1.example.com.",
        "client1.example.com:",
        "http://client1.example.com",
        "client1.example.com/",
        "",
        None,
    ],
)
def test_what_is_no_exact_host_is_a_fault(settings, host):
    settings.BOARDINGHOUSE_DATABASE_HOSTS = {host: "default", HOST2: "other"}

    (fault,) = checks.check_hosts()

    assert fault.id == "boardinghouse.E042"
    assert repr(host) in fault.msg
    assert found(checks.check_allowed_hosts) == []


@pytest.mark.parametrize("host", ["localhost", "client-1.example.com:8000", "10.0.0.1", "[::1]:80"])
def test_other_ways_to_write_a_host_are_none(settings, host):
    settings.BOARDINGHOUSE_DATABASE_HOSTS = {host: "default"}

    assert found(checks.check_hosts) == []


def test_an_unknown_alias_is_a_fault(settings):
    settings.BOARDINGHOUSE_DATABASE_HOSTS = {HOST1: "client9"}

    (fault,) = checks.check_aliases()

    assert fault.id == "boardinghouse.E043"
    assert "'client9', which DATABASES has not" in fault.msg


def test_so_is_another_engine(monkeypatch):
    class Plain:
        pass

    monkeypatch.setitem(connections.settings["other"], "ENGINE", "django.db.backends.postgresql")
    before, connections["other"] = connections["other"], Plain()
    try:
        (fault,) = checks.check_aliases()
    finally:
        connections["other"] = before

    assert fault.id == "boardinghouse.E043"
    assert "'django.db.backends.postgresql'" in fault.msg


def test_one_database_under_two_names_is_a_fault(monkeypatch):
    name = connections.settings["default"]["NAME"]
    monkeypatch.setitem(connections.settings["other"], "NAME", name)

    (fault,) = checks.check_sameness()

    assert fault.id == "boardinghouse.E044"
    assert "DATABASES['default'] and DATABASES['other'] are one database" in fault.msg


@pytest.mark.parametrize("part", ["HOST", "PORT"])
def test_the_same_name_on_two_servers_is_none(monkeypatch, part):
    monkeypatch.setitem(
        connections.settings["other"], "NAME", connections.settings["default"]["NAME"]
    )
    monkeypatch.setitem(connections.settings["other"], part, "another")

    assert found(checks.check_sameness) == []


@pytest.mark.parametrize(
    "engine",
    [
        "django.contrib.sessions.backends.file",
        "django.contrib.sessions.backends.signed_cookies",
        "tests.databases.test_checks",
    ],
)
def test_sessions_in_no_database_are_a_fault(settings, engine):
    settings.SESSION_ENGINE = engine

    (fault,) = checks.check_sessions()

    assert fault.id == "boardinghouse.E045"
    assert "sessions.backends.db" in fault.hint


@pytest.mark.parametrize(
    ("keys", "faults"),
    [({}, ["E045"]), ({"KEY_FUNCTION": f"{KEYS}.make_shared_key"}, [])],
    ids=["Django's", "ours"],
)
def test_so_are_sessions_in_a_cache_without_our_keys(settings, keys, faults):
    settings.SESSION_ENGINE, settings.SESSION_CACHE_ALIAS = CACHED, "sessions"
    settings.CACHES = {"default": LOCMEM, "sessions": {**LOCMEM, **keys}}

    assert found(checks.check_sessions) == faults


@pytest.mark.parametrize(
    ("function", "faults"),
    [
        ("boardinghouse.contrib.cache.make_key", ["W046"]),
        ("django.core.cache.backends.base.default_key_func", ["W046"]),
        (f"{KEYS}.make_key", []),
        (f"{KEYS}.make_shared_key", []),
    ],
)
def test_a_cache_whose_keys_do_not_say_the_database_is_warned_of(settings, function, faults):
    settings.CACHES = {"default": {**LOCMEM, "KEY_FUNCTION": function}}

    assert found(checks.check_caches) == faults


def test_the_recipe_for_caches_has_no_fault_for_the_core_either(settings):
    settings.SESSION_ENGINE, settings.SESSION_CACHE_ALIAS = CACHED, "sessions"
    settings.CACHES = {
        "default": {**LOCMEM, "KEY_FUNCTION": f"{KEYS}.make_key"},
        "sessions": {**LOCMEM, "KEY_FUNCTION": f"{KEYS}.make_shared_key"},
    }

    assert found(core.check_caches) == []
    assert found(checks.check_caches) == []


def test_a_host_that_is_not_allowed_is_warned_of(settings):
    settings.ALLOWED_HOSTS = [HOST1]

    (fault,) = checks.check_allowed_hosts()

    assert fault.id == "boardinghouse.W047"
    assert repr(HOST2) in fault.msg


def test_in_debug_mode_django_allows_localhost_by_itself(settings):
    settings.DEBUG, settings.ALLOWED_HOSTS = True, []

    assert found(checks.check_allowed_hosts) == []


def test_transactions_in_every_database_are_warned_of(monkeypatch):
    monkeypatch.setitem(connections.settings["other"], "ATOMIC_REQUESTS", True)

    assert found(checks.check_atomic_requests) == ["W048"]


def test_a_forwarded_host_that_is_believed_is_warned_of(settings):
    settings.USE_X_FORWARDED_HOST = True

    assert found(checks.check_forwarded_host) == ["W049"]


def test_the_core_asks_no_router_that_has_not_chosen_yet():
    assert found(core.check_engine) == []


def test_files_are_kept_by_database(settings):
    settings.STORAGES = {**settings.STORAGES, "private": {"BACKEND": STORAGE}}

    (fault,) = checks.check_files()

    assert (fault.id, fault.level) == ("boardinghouse.E070", Error("").level)
    assert "STORAGES['private']" in fault.msg
    assert f"{KEYS}.pathname" in fault.hint
    settings.BOARDINGHOUSE_PATHNAME_FUNCTION = f"{KEYS}.pathname"
    assert found(checks.check_files) == []


@pytest.mark.parametrize(
    ("test", "faults"),
    [
        ({}, ["W091"]),
        ({"DEPENDENCIES": ["default"]}, ["W091"]),
        ({"DEPENDENCIES": []}, []),
        ({"DEPENDENCIES": ["client1"]}, []),
    ],
)
def test_a_test_database_that_depends_on_an_empty_one_is_warned_of(
    settings, monkeypatch, test, faults
):
    settings.BOARDINGHOUSE_DATABASE_HOSTS = {HOST2: "other"}
    monkeypatch.setitem(connections.settings["other"], "TEST", test)
    assert found(checks.check_test_databases) == []

    monkeypatch.setitem(connections.settings["default"], "ENGINE", NO_ENGINE)

    assert found(checks.check_test_databases) == faults
