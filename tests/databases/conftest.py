"""Two customers, each with a database that holds schemata of the same names and equal keys."""

import pytest
from django.contrib.auth import get_user_model
from django.db import connections, transaction
from django.test import AsyncClient, Client

from boardinghouse.contrib.databases import database
from boardinghouse.models import Schema
from boardinghouse.schema import override
from tests.browsers import AsyncBrowser
from tests.testapp.models import Account

CLIENTS = {"client1.example.com": "default", "client2.example.com": "other"}
MIDDLEWARE = "boardinghouse.contrib.databases.middleware.DatabaseMiddleware"
ROUTERS = [
    "boardinghouse.routers.SchemaRouter",
    "boardinghouse.contrib.databases.routers.DatabaseRouter",
]
BOTH = ["default", "other"]


class HostClient(AsyncClient):
    """An AsyncClient that may be told the host; Django's always adds its own."""

    def _base_scope(self, **request):
        scope = super()._base_scope(**request)
        hosts = [each for each in scope["headers"] if each[0] == b"host"]
        scope["headers"] = [each for each in scope["headers"] if each not in hosts[:-1]]
        return scope


class HostBrowser(AsyncBrowser):
    def __init__(self, headers):
        # As Django's own takes a header for all requests.
        self.client = HostClient(**headers)


@pytest.fixture(params=[Client, HostBrowser], ids=["wsgi", "asgi"])
def make_browser(request):
    """What makes a test client that is told its host, over WSGI and over ASGI."""
    return request.param


@pytest.fixture
def hosts(settings):
    """The settings of a site with a database per customer."""
    settings.BOARDINGHOUSE_DATABASE_HOSTS = dict(CLIENTS)
    settings.ALLOWED_HOSTS = [*CLIENTS, "unknown.example.com"]
    settings.MIDDLEWARE = [MIDDLEWARE, *settings.MIDDLEWARE]
    settings.DATABASE_ROUTERS = ROUTERS


@pytest.fixture
def customers(hosts):
    """Rows with equal keys in the schemata a and b of both; the test has the mark `both`."""
    for alias in BOTH:
        with database(alias):
            fill(alias)
        connections[alias].reset_path()


def fill(alias):
    with transaction.atomic(using=alias):
        ann = get_user_model().objects.create_user(pk=10**6, username="ann", first_name=alias)
        for schema in Schema.objects.mass_create("a", "b"):
            schema.users.add(ann)
            with override(schema):
                Account.objects.create(pk=1, owner=f"{alias}:{schema.schema}")
