"""System checks of a site with a database per customer."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import file, signed_cookies
from django.core import checks
from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.core.checks import CheckMessage
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.http.request import split_domain_port, validate_host

from boardinghouse.checks import ENGINE, SITE_CACHE, cache_of_sessions, is_kind_of
from boardinghouse.conf import conf
from boardinghouse.contrib.databases.active import NO_ENGINE, begin_request, end_request
from boardinghouse.contrib.databases.hosts import databases_in_use
from boardinghouse.contrib.databases.routers import DatabaseRouter
from boardinghouse.contrib.storage.identifiers import is_name

MIDDLEWARE = "boardinghouse.contrib.databases.middleware.DatabaseMiddleware"
ROUTER = "boardinghouse.contrib.databases.routers.DatabaseRouter"
KEYS = "boardinghouse.contrib.databases.keys"
STORAGE = "boardinghouse.contrib.storage.SchemaStorageMixin"


def register_all() -> None:
    for check in (
        check_middleware,
        check_router,
        check_hosts,
        check_aliases,
        check_sameness,
        check_sessions,
        check_caches,
        check_files,
        check_allowed_hosts,
        check_atomic_requests,
        check_forwarded_host,
        check_test_databases,
    ):
        checks.register(check, "boardinghouse")


def check_middleware(**kwargs: Any) -> Iterator[CheckMessage]:
    if not any(is_kind_of(each, MIDDLEWARE) for each in settings.MIDDLEWARE[:1]):
        yield checks.Error(
            "DatabaseMiddleware is not the first of MIDDLEWARE: what stands before it has no "
            "database, or would answer hosts that are no customer's.",
            hint=f"Put {MIDDLEWARE!r} at the beginning of MIDDLEWARE.",
            id="boardinghouse.E040",
        )


def check_router(**kwargs: Any) -> Iterator[CheckMessage]:
    if not any(isinstance(each, DatabaseRouter) for each in router.routers):
        yield checks.Error(
            "DatabaseRouter is not in DATABASE_ROUTERS: every host would be served from the "
            "database 'default'.",
            hint=f"Add {ROUTER!r} to DATABASE_ROUTERS, after 'boardinghouse.routers.SchemaRouter'.",
            id="boardinghouse.E041",
        )


def check_hosts(**kwargs: Any) -> Iterator[CheckMessage]:
    if not conf.DATABASE_HOSTS:
        yield checks.Error(
            "BOARDINGHOUSE_DATABASE_HOSTS names no host: every request would be told 404.",
            hint="Name the database of each: "
            "BOARDINGHOUSE_DATABASE_HOSTS = {'client1.example.com': 'client1'}.",
            id="boardinghouse.E042",
        )
    for host in conf.DATABASE_HOSTS:
        if not is_exact_host(host):
            yield checks.Error(
                f"BOARDINGHOUSE_DATABASE_HOSTS names {host!r}, which no request's host equals.",
                hint="Write an exact host, in lower case, with no scheme, path, wildcard or dot "
                "at either end: 'client1.example.com', or for one port 'client1.example.com:8000'.",
                id="boardinghouse.E042",
            )


def is_exact_host(host: Any) -> bool:
    """Tell whether a host is written as requests' hosts are compared."""
    if not isinstance(host, str) or host.startswith("."):
        return False
    domain, port = split_domain_port(host)
    return bool(domain) and host == (f"{domain}:{port}" if port else domain)


def check_aliases(**kwargs: Any) -> Iterator[CheckMessage]:
    for alias in sorted(set(map(str, conf.DATABASE_HOSTS.values()))):
        if alias not in settings.DATABASES:
            yield checks.Error(
                f"BOARDINGHOUSE_DATABASE_HOSTS names the database {alias!r}, which DATABASES "
                "has not.",
                hint=f"Add {alias!r} to DATABASES, or correct it in BOARDINGHOUSE_DATABASE_HOSTS.",
                id="boardinghouse.E043",
            )
        elif not hasattr(connections[alias], "apply_schema"):
            engine = connections.settings[alias]["ENGINE"]
            yield checks.Error(
                f"The database {alias!r} of BOARDINGHOUSE_DATABASE_HOSTS has the ENGINE "
                f"{engine!r}.",
                hint=f"DATABASES[{alias!r}]['ENGINE'] = {ENGINE!r}.",
                id="boardinghouse.E043",
            )


def check_sameness(**kwargs: Any) -> Iterator[CheckMessage]:
    """Compare where the databases are: a copied entry would show one customer another's data."""
    seen: dict[tuple[Any, ...], str] = {}
    for alias in databases_in_use():
        entry = connections.settings.get(alias, {})
        place = tuple(str(entry.get(part, "")) for part in ("HOST", "PORT", "NAME"))
        service = entry.get("OPTIONS", {}).get("service")
        other = seen.setdefault((*place, service), alias)
        if other != alias:
            yield checks.Error(
                f"DATABASES[{other!r}] and DATABASES[{alias!r}] are one database: two customers "
                "would see each other's data.",
                hint=f"Give {alias!r} a NAME, HOST or PORT of its own; for two hosts of one "
                f"customer, name {other!r} twice in BOARDINGHOUSE_DATABASE_HOSTS.",
                id="boardinghouse.E044",
            )


def check_sessions(**kwargs: Any) -> Iterator[CheckMessage]:
    """Look for sessions that one customer's host would give out and another's would take."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    cache = cache_of_sessions()
    if issubclass(store, file.SessionStore | signed_cookies.SessionStore):
        yield checks.Error(
            f"Sessions of the engine {settings.SESSION_ENGINE!r} are in no database: a session of "
            "one customer's host would be valid on another's.",
            hint="SESSION_ENGINE = 'django.contrib.sessions.backends.db'.",
            id="boardinghouse.E045",
        )
    elif cache is not None and not has_keys_by_database(cache):
        yield checks.Error(
            f"The cache {cache!r} keeps the sessions, and its keys do not say for which database: "
            "a session of one customer's host would be valid on another's.",
            hint=f"CACHES[{cache!r}]['KEY_FUNCTION'] = '{KEYS}.make_shared_key'.",
            id="boardinghouse.E045",
        )


def has_keys_by_database(alias: str) -> bool:
    keys = set()
    for database in ("a", "b"):
        begin_request(database)
        keys.add(caches[alias].make_key("key"))
        end_request()
    return len(keys) == 2


def check_caches(**kwargs: Any) -> Iterator[CheckMessage]:
    # django-stubs look for it among the settings.
    is_set = settings.is_overridden("CACHES")  # type: ignore[misc]
    if not is_set and SITE_CACHE not in settings.MIDDLEWARE:
        return
    for alias in settings.CACHES:
        is_looked_at = alias != cache_of_sessions() and not isinstance(caches[alias], DummyCache)
        if is_looked_at and not has_keys_by_database(alias):
            yield checks.Warning(
                f"The keys of the cache {alias!r} do not say for which database they were made: "
                "what one customer puts there, every other one gets.",
                hint=f"CACHES[{alias!r}]['KEY_FUNCTION'] = '{KEYS}.make_key'. Silence this for a "
                "cache of what is common to all customers.",
                id="boardinghouse.W046",
            )


def check_files(**kwargs: Any) -> Iterator[CheckMessage]:
    """Look for a folder of files that schemata of the same name would share.

    What a project's own function or ``schema_pathname()`` returns, it knows itself.
    """
    for alias, entry in settings.STORAGES.items():
        if is_name() and is_kind_of(entry["BACKEND"], STORAGE):
            yield checks.Error(
                f"The files of STORAGES[{alias!r}] are kept by the schema's name alone: where two "
                "customers have a schema of the same name, each would read the other's files.",
                hint=f"BOARDINGHOUSE_PATHNAME_FUNCTION = '{KEYS}.pathname'.",
                id="boardinghouse.E070",
            )


def check_allowed_hosts(**kwargs: Any) -> Iterator[CheckMessage]:
    if settings.DEBUG and not settings.ALLOWED_HOSTS:
        return  # Django then allows localhost and what is below it.
    for host in filter(is_exact_host, conf.DATABASE_HOSTS):
        if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
            yield checks.Warning(
                f"BOARDINGHOUSE_DATABASE_HOSTS names {host!r}, which ALLOWED_HOSTS does not "
                "allow: its requests would be told 404.",
                hint="ALLOWED_HOSTS = list(BOARDINGHOUSE_DATABASE_HOSTS), without the ports.",
                id="boardinghouse.W047",
            )


def check_atomic_requests(**kwargs: Any) -> Iterator[CheckMessage]:
    for alias in connections:
        if connections.settings[alias]["ATOMIC_REQUESTS"]:
            yield checks.Warning(
                f"DATABASES[{alias!r}] has ATOMIC_REQUESTS: every request, whichever its host, "
                "would open a transaction in this database too.",
                hint="Leave it out, and write transaction.atomic(using=get_active_database()) "
                "where a view needs one.",
                id="boardinghouse.W048",
            )


def check_forwarded_host(**kwargs: Any) -> Iterator[CheckMessage]:
    if settings.USE_X_FORWARDED_HOST:
        yield checks.Warning(
            "USE_X_FORWARDED_HOST is set: the database is chosen by the header X-Forwarded-Host, "
            "which whoever sends a request can write.",
            hint="Let the proxy pass the header Host on, and leave this setting out. Silence this "
            "if the proxy overwrites X-Forwarded-Host in every request.",
            id="boardinghouse.W049",
        )


def check_test_databases(**kwargs: Any) -> Iterator[CheckMessage]:
    """Look for test databases that Django would make after the default one, which is none."""
    if connections.settings[DEFAULT_DB_ALIAS]["ENGINE"] != NO_ENGINE:
        return
    for alias in databases_in_use():
        test = connections.settings.get(alias, {}).get("TEST", {})
        if DEFAULT_DB_ALIAS in test.get("DEPENDENCIES", [DEFAULT_DB_ALIAS]):
            yield checks.Warning(
                f"In tests the database {alias!r} depends on {DEFAULT_DB_ALIAS!r}, which is empty: "
                "Django could make none, and would run no test.",
                hint=f"DATABASES[{alias!r}]['TEST'] = {{'DEPENDENCIES': []}}.",
                id="boardinghouse.W091",
            )
