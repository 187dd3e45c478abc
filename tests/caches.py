"""Caches to try things on, and pages that they keep."""

import shutil
import subprocess
from contextlib import contextmanager

import pytest
from asgiref.sync import sync_to_async
from django.core.cache import cache, caches
from django.core.management import call_command
from django.http import HttpResponse, StreamingHttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.urls import path
from django.views.decorators.cache import cache_page

from boardinghouse.schema import override
from tests.conftest import owners
from tests.testapp.models import Account

SITE_CACHE = (
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
)
OUR_KEYS = {
    "KEY_FUNCTION": "boardinghouse.contrib.cache.make_key",
    "REVERSE_KEY_FUNCTION": "boardinghouse.contrib.cache.reverse_key",
}
BACKENDS = {
    "locmem": "django.core.cache.backends.locmem.LocMemCache",
    "file": "django.core.cache.backends.filebased.FileBasedCache",
    "database": "django.core.cache.backends.db.DatabaseCache",
    "redis": "django.core.cache.backends.redis.RedisCache",
}


@contextmanager
def running_redis(directory):
    """Run a Redis for a block, and give its address."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed (Debian: apt install redis-server)")
    socket = directory / "socket"
    command = [program, "--port", "0", "--unixsocket", socket, "--save", "", "--dir", directory]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            said = ""
            for line in server.stdout:
                said += line
                if "ready to accept connections" in line.lower():
                    break
            else:
                raise RuntimeError(f"redis-server did not start: {said}")
            yield f"unix://{socket}"
        finally:
            server.terminate()
            server.communicate()


@contextmanager
def connected_cache(settings, kind, location, **options):
    """Use a cache of a kind as the default one, with our keys."""
    settings.CACHES = {
        "default": {"BACKEND": BACKENDS[kind], "LOCATION": str(location), **OUR_KEYS, **options}
    }
    if kind == "database":
        call_command("createcachetable", verbosity=0)
    caches["default"].clear()
    yield caches["default"]
    if kind == "redis":
        for pool in caches["default"]._cache._pools.values():
            pool.disconnect()


def rename_owners(suffix):
    """Change the rows of both schemata behind the pages that are kept."""
    for name in ("a", "b"):
        with override(name):
            Account.objects.update(owner=f"{name}{suffix}")


def show_row(request):
    return HttpResponse(Account.objects.get(pk=1).owner)


async def show_row_async(request):
    return HttpResponse((await Account.objects.aget(pk=1)).owner)


def show_row_late(request):
    template = engines["django"].from_string("{{ account.owner }}")
    return TemplateResponse(request, template, {"account": Account.objects.get(pk=1)})


def show_fragment(request):
    """Keep a part of a page, by the primary key of what it shows."""
    template = engines["django"].from_string(
        "{% load cache %}{% cache 60 account account.pk %}{{ account.owner }}{% endcache %}"
    )
    return HttpResponse(template.render({"account": Account.objects.get(pk=1)}, request))


async def show_fragment_async(request):
    return await sync_to_async(show_fragment)(request)


def show_remembered(request):
    """Keep a value, through the low-level API."""
    return HttpResponse(",".join(cache.get_or_set("owners", owners)))


async def show_remembered_async(request):
    return HttpResponse(",".join(await cache.aget_or_set("owners", await sync_to_async(owners)())))


def stream_row(request):
    return StreamingHttpResponse([Account.objects.get(pk=1).owner])


async def stream_row_async(request):
    async def rows():
        yield (await Account.objects.aget(pk=1)).owner

    return StreamingHttpResponse(rows())


urlpatterns = [
    path("row/", show_row),
    path("async/row/", show_row_async),
    path("page/", cache_page(60)(show_row)),
    path("async/page/", cache_page(60)(show_row_async)),
    path("late/", cache_page(60)(show_row_late)),
    path("fragment/", show_fragment),
    path("async/fragment/", show_fragment_async),
    path("remembered/", show_remembered),
    path("async/remembered/", show_remembered_async),
    path("stream/", stream_row),
    path("async/stream/", stream_row_async),
]
