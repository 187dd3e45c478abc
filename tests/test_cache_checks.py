"""The checks of caches: each with the fault, and silent without it."""

from pathlib import Path

import pytest
from django.conf import settings as current
from django.contrib.sessions.backends import cached_db
from django.core.checks import run_checks

from boardinghouse.checks import check_caches
from boardinghouse.schema import get_active_schema_name
from tests.caches import BACKENDS, OUR_KEYS, SITE_CACHE
from tests.test_docs import blocks_of

PLAIN = {"BACKEND": BACKENDS["locmem"]}
OURS = {**PLAIN, "KEY_FUNCTION": OUR_KEYS["KEY_FUNCTION"]}
DUMMY = {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
COMMON = {**PLAIN, "KEY_FUNCTION": "django.core.cache.backends.base.default_key_func"}
IN_CACHE = "django.contrib.sessions.backends.cache"
IN_BOTH = "django.contrib.sessions.backends.cached_db"


class SessionStore(cached_db.SessionStore):
    """Of a project that keeps more in its sessions' table."""


def own_keys(key, key_prefix, version):
    return f"{key_prefix}/{get_active_schema_name()}/{version}/{key}"


def found():
    return [each.id.removeprefix("boardinghouse.") for each in check_caches()]


@pytest.mark.parametrize("engine", [IN_CACHE, IN_BOTH])
@pytest.mark.parametrize("alias", ["default", "sessions"])
def test_sessions_under_our_keys_are_an_error(settings, engine, alias):
    settings.SESSION_ENGINE, settings.SESSION_CACHE_ALIAS = engine, alias
    settings.CACHES = {"default": OURS, alias: OURS}

    (fault,) = check_caches()

    assert fault.id == "boardinghouse.E012"
    assert f"The cache '{alias}' keeps the sessions" in fault.msg
    assert "SESSION_CACHE_ALIAS = 'sessions'" in fault.hint


def test_an_engine_that_inherits_djangos_is_looked_at_too(settings):
    settings.SESSION_ENGINE = "tests.test_cache_checks"
    settings.CACHES = {"default": OURS}

    assert found() == ["E012"]


@pytest.mark.parametrize("engine", [IN_CACHE, IN_BOTH])
def test_the_recipe_of_the_hint_has_no_fault(settings, engine):
    settings.SESSION_ENGINE, settings.SESSION_CACHE_ALIAS = engine, "sessions"
    settings.CACHES = {"default": OURS, "sessions": PLAIN}

    assert found() == []


@pytest.mark.parametrize("engine", ["db", "file", "signed_cookies"])
def test_sessions_elsewhere_need_no_cache(settings, engine):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.CACHES = {"default": OURS}

    assert found() == []


def test_a_configured_cache_with_djangos_keys_is_a_warning(settings):
    settings.CACHES = {"default": OURS, "pages": PLAIN}

    (fault,) = check_caches()

    assert fault.id == "boardinghouse.W011"
    assert "The keys of the cache 'pages' do not say" in fault.msg
    assert "boardinghouse.contrib.cache.make_key" in fault.hint


def test_so_is_the_site_cache_without_any_configured(settings):
    settings.MIDDLEWARE = [SITE_CACHE[0], *settings.MIDDLEWARE, SITE_CACHE[1]]

    assert found() == ["W011"]


def test_djangos_own_setting_is_no_fault():
    assert not current.is_overridden("CACHES")
    assert found() == []


def test_one_cache_for_sessions_and_all_else_is_a_warning(settings):
    settings.SESSION_ENGINE = IN_CACHE
    settings.CACHES = {"default": PLAIN}

    (fault,) = check_caches()

    assert fault.id == "boardinghouse.W011"
    assert "SESSION_CACHE_ALIAS = 'sessions'" in fault.hint


def test_so_is_the_sessions_cache_where_the_site_cache_keeps_pages(settings):
    settings.SESSION_ENGINE, settings.SESSION_CACHE_ALIAS = IN_CACHE, "sessions"
    settings.CACHE_MIDDLEWARE_ALIAS = "sessions"
    settings.CACHES = {"default": OURS, "sessions": PLAIN}

    assert found() == ["W011"]


@pytest.mark.parametrize(
    "cache",
    [OURS, DUMMY, COMMON, {**PLAIN, "KEY_FUNCTION": "tests.test_cache_checks.own_keys"}],
    ids=["ours", "dummy", "said to be common", "keys of one's own"],
)
def test_what_keeps_schemata_apart_or_may_mix_them_is_no_fault(settings, cache):
    settings.CACHES = {"default": OURS, "other": cache}

    assert found() == []


def test_the_recipes_of_the_documentation_have_no_fault(settings):
    page = Path(__file__).parent.parent / "docs" / "contrib" / "cache.rst"
    blocks = [text for _, caption, text in blocks_of(page) if "settings.py" in (caption or "")]
    assert len(blocks) == 3
    names = {}
    for text in blocks:
        exec(text, names)

        for name in filter(str.isupper, names):
            setattr(settings, name, names[name])
        assert found() == []


def test_the_check_is_run(settings):
    settings.CACHES = {"default": PLAIN}

    assert "boardinghouse.W011" in [each.id for each in run_checks(tags=["boardinghouse"])]
