"""Caches: what one schema keeps, no other one gets."""

import threading
import warnings
from itertools import product

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.cache import cache, caches
from django.core.cache.backends.base import (
    CacheKeyWarning,
    InvalidCacheKey,
    default_key_func,
)
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.memcached import BaseMemcachedCache
from django.test import Client

from boardinghouse.contrib.cache import make_key, reverse_key
from boardinghouse.schema import carry, override, working_in
from tests.browsers import AsyncBrowser
from tests.caches import BACKENDS, SITE_CACHE, connected_cache, rename_owners, running_redis

LONGEST = "s" * 63
NASTY = (
    *("", ":", "::", "%", "%3A", "%253A", "%25", "a", "a:", ":a", "a:1", ":1:", "1", " ", "\n"),
    *("\x00", "/", "é", "e\u0301", "\u2028", "🏫", "\udcff", "*", "[a]", "{}", "%s", "b::1:x"),
)


@pytest.fixture(scope="session")
def redis(tmp_path_factory):
    """The address of a Redis of the tests' own."""
    with running_redis(tmp_path_factory.mktemp("redis")) as address:
        yield address


@pytest.fixture
def connect(request, settings, tmp_path, schemata):
    """What makes a cache of a kind the default one."""
    opened = []

    def connect(kind, **options):
        location = {"file": tmp_path, "database": "kept", "locmem": "tests"}.get(kind)
        location = location or request.getfixturevalue("redis")
        opened.append(connected_cache(settings, kind, location, **options))
        return opened[-1].__enter__()

    yield connect
    for each in opened:
        each.__exit__(None, None, None)


@pytest.fixture(params=BACKENDS)
def kept(request, connect):
    """Each kind of cache, with our keys."""
    return connect(request.param)


class Visitor:
    """A member who looks at a page in one schema and in the other."""

    def __init__(self, browser, prefix):
        self.browser, self.prefix = browser, prefix

    def enter(self, schema):
        self.browser.post("/__change_schema__/", {"schema": schema})

    def see(self, page, **headers):
        return self.browser.get(f"/{self.prefix}{page}/", headers=headers)

    def read(self, page):
        response = self.see(page)
        content = response if response.streaming else [response.content]
        if getattr(response, "is_async", False):
            content = async_to_sync(all_of)(response)
        return b"".join(content).decode()

    def read_in(self, page, *schemata):
        found = []
        for schema in schemata:
            self.enter(schema)
            found.append(self.read(page))
        return found


async def all_of(response):
    return [each async for each in response]


@pytest.fixture(params=["wsgi", "wsgi, coroutine", "asgi", "asgi, coroutine"])
def visitor(request, settings, member):
    settings.ROOT_URLCONF = "tests.caches"
    browser = AsyncBrowser() if "asgi" in request.param else Client()
    browser.force_login(member)
    return Visitor(browser, "async/" if "coroutine" in request.param else "")


@pytest.fixture
def site_cache(settings):
    update, fetch = SITE_CACHE
    settings.MIDDLEWARE = [update, *settings.MIDDLEWARE, fetch]


def keys_in(name, *arguments):
    with working_in(name):
        return make_key(*arguments)


class TestKeys:
    def test_no_two_of_anything_share_a_key(self):
        schemata = (None, "a", "b", "ab", "a_1", "__template__", LONGEST)
        parts = list(product(schemata, NASTY, NASTY, (1, 2, 11, "1:a", "%", "")))

        keys = {keys_in(schema, key, prefix, version) for schema, key, prefix, version in parts}

        assert len(keys) == len(parts)

    def test_the_key_comes_back_as_it_was(self):
        for schema, key, prefix, version in product((None, "a"), NASTY, NASTY, (1, "1:a")):
            assert reverse_key(keys_in(schema, key, prefix, version)) == key

    @pytest.mark.parametrize("prefix", NASTY)
    def test_no_key_of_djangos_own_is_one_of_ours(self, prefix):
        """Both may be in one Redis with one prefix: sessions there, pages here."""
        djangos = {default_key_func(key, prefix, 1) for key in NASTY}

        ours = {
            keys_in(schema, key, prefix, 1)
            for schema, key in product((None, "a", "b", "x"), (*NASTY, *djangos))
        }

        assert ours & djangos == set()

    def test_what_is_no_string_is_kept_as_django_keeps_it(self):
        assert keys_in("a", 7, "", 1) == keys_in("a", "7", "", 1)

    def test_a_key_ends_with_what_was_asked_for(self):
        assert keys_in("a", "x:*", "site", 1) == "a:site:1:x:*"


class TestMemcachedLimits:
    def page_keys(self, connect, settings, visitor):
        settings.TIME_ZONE = "America/Argentina/ComodRivadavia"
        kept = connect("locmem")
        visitor.read("page")
        return [key.removeprefix("a:") for key in kept._cache]

    def test_a_page_in_the_longest_schema_fits(self, connect, settings, visitor):
        visitor.enter("a")
        keys = self.page_keys(connect, settings, visitor)

        for key in keys:
            BaseMemcachedCache.validate_key(None, f"{LONGEST}:{key}")
        assert len(keys) == 2

    @pytest.mark.parametrize("key", ["k" * 250, "a key", "a\x7fkey"])
    def test_what_does_not_fit_is_refused_as_django_refuses_it(self, key):
        with pytest.raises(InvalidCacheKey):
            BaseMemcachedCache.validate_key(None, keys_in("a", key, "", 1))

    def test_elsewhere_it_is_a_warning(self, connect):
        connect("locmem")

        with override("a"), pytest.warns(CacheKeyWarning):
            cache.set("a key", 1)

    def test_letters_of_other_alphabets_are_no_fault(self, connect):
        connect("locmem", KEY_PREFIX="école")

        with override("a"), warnings.catch_warnings():
            warnings.simplefilter("error")
            cache.set("élève", 1)

            assert cache.get("élève") == 1


class TestLowLevel:
    def test_each_schema_and_none_has_its_own(self, kept):
        for name in (None, "a", "b"):
            with override(name):
                cache.set("key", name or "nobody's")

        found = []
        for name in (None, "a", "b"):
            with override(name):
                found.append(cache.get("key"))

        assert found == ["nobody's", "a", "b"]

    def test_many_at_once_come_back_under_their_own_keys(self, kept):
        keys = {"x": 1, "y:z": 2, "élève": 3}

        with override("a"):
            cache.set_many(keys)
            cache.incr("x")

            assert cache.get_many(keys) == {**keys, "x": 2}
        with override("b"):
            assert cache.get_many(keys) == {}

    def test_deleting_is_in_one_schema(self, kept):
        for name in ("a", "b"):
            with override(name):
                cache.set("key", name)

        with override("a"):
            cache.delete("key")

        with override("b"):
            assert cache.get("key") == "b"

    def test_a_new_version_is_in_one_schema(self, kept):
        for name in ("a", "b"):
            with override(name):
                cache.set("key", name)

        with override("a"):
            cache.incr_version("key")

            assert cache.get("key") is None
            assert cache.get("key", version=2) == "a"
        with override("b"):
            assert cache.get("key") == "b"

    def test_async_code_and_its_threads_have_the_tasks_schema(self, connect):
        connect("locmem")

        async def remember(name):
            with override(name):
                await cache.aset("key", name)
                return await cache.aget("key"), await sync_to_async(cache.get)("key")

        @async_to_sync
        async def main():
            return [await remember(name) for name in ("a", "b")]

        assert main() == [("a", "a"), ("b", "b")]

    def test_a_thread_that_carries_the_schema_finds_its_keys(self, connect):
        connect("locmem")
        found = []

        with override("a"):
            cache.set("key", "a")
            for look in (
                carry(lambda: found.append(cache.get("key"))),
                lambda: found.append(cache.get("key")),
            ):
                thread = threading.Thread(target=look)
                thread.start()
                thread.join()

        assert found == ["a", None]


class TestPages:
    @pytest.mark.parametrize("page", ["page", "fragment", "remembered"])
    def test_no_schema_gets_what_another_one_kept(self, page, kept, visitor):
        if visitor.prefix and page == "page" and isinstance(kept, DatabaseCache):
            pytest.skip("Django's cache_page asks the database cache in the event loop")

        first = visitor.read_in(page, "a", "b", "a", "b")
        rename_owners(", later")
        second = visitor.read_in(page, "a", "b")

        assert first == ["a", "b", "a", "b"]
        assert second == ["a", "b"], "nothing was kept"

    def test_a_page_that_is_rendered_late_is_kept_in_its_schema(self, connect, visitor):
        connect("locmem")
        visitor.prefix = ""

        first = visitor.read_in("late", "a", "b")
        rename_owners(", later")

        assert visitor.read_in("late", "a", "b") == first == ["a", "b"]

    @pytest.mark.parametrize("page", ["page", "fragment", "remembered"])
    def test_djangos_own_keys_would_mix_them(self, page, connect, visitor):
        connect("locmem", KEY_FUNCTION=None)

        assert visitor.read_in(page, "a", "b") == ["a", "a"]

    def test_who_has_no_schema_gets_nobodys_page(self, connect, visitor):
        connect("locmem")
        visitor.enter("a")
        visitor.read("page")

        visitor.enter("")

        assert visitor.see("page").status_code == 302

    def test_who_lost_the_membership_does_not_get_the_page(self, connect, visitor, member):
        connect("locmem")
        visitor.enter("a")
        visitor.read("page")

        member.schemata.remove("a")

        assert visitor.see("page").status_code == 403


def sync_only(get_response):
    return lambda request: get_response(request)


class TestSiteCache:
    @pytest.fixture(autouse=True)
    def _site_cache(self, site_cache):
        """Every page is kept."""

    def test_a_page_is_kept_in_the_schema_that_made_it(self, kept, visitor):
        first = visitor.read_in("row", "a", "a", "a", "b", "b", "b")
        rename_owners(", later")

        assert first == ["a", "a", "a", "b", "b", "b"]
        assert visitor.read("row") == "b", "nothing was kept"
        assert visitor.read_in("row", "a") == ["a"]

    def test_every_key_says_its_schema(self, connect, visitor):
        kept = connect("locmem")

        visitor.read_in("row", "a", "a", "b", "b")

        assert {key.split(":")[0] for key in kept._cache} == {"a", "b"}

    def test_so_it_does_through_a_sync_middleware(self, connect, visitor, settings):
        """Under ASGI it puts a thread between the cache and us, on both ways."""
        kept = connect("locmem")
        place = settings.MIDDLEWARE.index("boardinghouse.middleware.SchemaMiddleware")
        settings.MIDDLEWARE = [
            *settings.MIDDLEWARE[:place],
            "tests.test_cache.sync_only",
            *settings.MIDDLEWARE[place:],
        ]

        first = visitor.read_in("row", "a", "a", "b", "b")
        rename_owners(", later")

        assert first == ["a", "a", "b", "b"]
        assert visitor.read("row") == "b", "nothing was kept"
        assert {key.split(":")[0] for key in kept._cache} == {"a", "b"}

    def test_a_stream_is_not_kept(self, connect, visitor):
        connect("locmem")
        visitor.read_in("stream", "a", "a")

        rename_owners(", later")

        assert visitor.read_in("stream", "a", "b") == ["a, later", "b, later"]


class TestSessions:
    @pytest.fixture(params=["cache", "cached_db"])
    def engine(self, request, settings):
        settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"
        return request.param

    def test_two_caches_keep_the_session_and_the_pages_apart(
        self, connect, settings, engine, visitor, member
    ):
        connect("locmem")
        settings.SESSION_CACHE_ALIAS = "sessions"
        settings.CACHES = {
            **settings.CACHES,
            "sessions": {"BACKEND": BACKENDS["locmem"], "LOCATION": "sessions"},
        }
        visitor.browser.force_login(member)

        first = visitor.read_in("page", "a", "b", "a")
        rename_owners(", later")

        assert first == ["a", "b", "a"]
        assert visitor.read_in("page", "b", "a") == ["b", "a"]

    def test_one_redis_may_hold_both(self, connect, settings, engine, visitor, member):
        connect("redis")
        settings.SESSION_CACHE_ALIAS = "sessions"
        same = {"BACKEND": BACKENDS["redis"], "LOCATION": settings.CACHES["default"]["LOCATION"]}
        settings.CACHES = {**settings.CACHES, "sessions": same}
        visitor.browser.force_login(member)

        assert visitor.read_in("page", "a", "b", "a") == ["a", "b", "a"]
        for pool in caches["sessions"]._cache._pools.values():
            pool.disconnect()

    def test_our_keys_would_lose_the_session(self, connect, settings, visitor, member):
        """What the check is for: a session begun without a schema is not there in one."""
        connect("locmem")
        settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
        visitor.browser.force_login(member)

        assert visitor.see("page", **{"X-Change-Schema": "a"}).status_code == 400
