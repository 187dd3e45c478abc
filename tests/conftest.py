"""What several test modules arrange."""

from contextlib import contextmanager, suppress
from importlib.util import find_spec

import pytest
from django.contrib.auth import get_user_model
from django.db import DataError, connection, connections, transaction
from django.db.models import QuerySet
from django.test import Client

from boardinghouse.ddl import rename
from boardinghouse.models import Schema
from boardinghouse.schema import abandon_requests, deactivate_schema, override
from tests.browsers import AsyncBrowser
from tests.testapp.models import Account, Entry

NAMES = ("a", "b")

HAS_CHANNELS = find_spec("channels") is not None
collect_ignore = [] if HAS_CHANNELS else ["chat"]
collect_ignore_glob = [] if HAS_CHANNELS else ["test_channels*"]


def pytest_report_header():
    """Name what is left out."""
    return None if HAS_CHANNELS else "channels is not installed: no tests of it, and of the chat"


def fill(name):
    """Put rows into a schema whose primary keys every schema has, and whose values say where."""
    with override(name):
        account = Account.objects.create(pk=1, owner=name)
        Entry.objects.create(pk=1, account=account, amount=ord(name[0]))


def owners():
    """Return whose accounts the active schema has."""
    return sorted(Account.objects.values_list("owner", flat=True))


def make_schemata():
    made = Schema.objects.mass_create(*NAMES)
    for name in NAMES:
        fill(name)
    return made


@pytest.fixture(scope="session")
def ready_schemata(django_db_setup, django_db_blocker):
    """What `schemata` has, made once, under names that nobody asks for."""
    with django_db_blocker.unblock():
        for schema in make_schemata():
            rename(connection, schema.pk, f"_ready_{schema.pk}")
        QuerySet(Schema).all().delete()


@pytest.fixture
def schemata(ready_schemata, db):
    """Two schemata that hold rows with equal primary keys."""
    if not connection.in_atomic_block:
        return make_schemata()
    for name in NAMES:
        rename(connection, f"_ready_{name}", name)
    QuerySet(Schema).bulk_create([Schema(schema=name, name=name) for name in NAMES])
    return list(Schema.objects.order_by("pk"))


@pytest.fixture
def committed_schemata(transactional_db):
    """The same, committed, so that other connections see them."""
    return make_schemata()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Let no test find a request that the one before it has left behind."""
    abandon_requests()


@contextmanager
def connected_with(options=None, alias="default", **settings):
    """Use a fresh connection for an alias, with other settings."""
    before = connections[alias]
    other = before.copy()
    other.settings_dict.update(settings)
    other.settings_dict["OPTIONS"].update(options or {})
    connections[alias] = other
    try:
        yield other
    finally:
        other.close()
        other.close_pool()
        connections[alias] = before


def run_sql(sql, params=None):
    """Run raw SQL on the default connection."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


class Boom(Exception):
    """Something in the middle of a block."""


@contextmanager
def rolled_back():
    """Run a block in a transaction, or a savepoint, that an error rolls back."""
    with suppress(Boom), transaction.atomic():
        yield
        raise Boom


def break_transaction():
    with pytest.raises(DataError):
        run_sql("SELECT 1 / 0")


def schemata_in_postgresql():
    """Return the names of the schemata that PostgreSQL has, the template and public aside."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^(?!pg_)[a-z]'")
        return {name for (name,) in cursor.fetchall()} - {"public", "information_schema"}


def count_sets(captured):
    """Return how many of the captured statements set the search path."""
    return sum("set_config('search_path'" in query["sql"] for query in captured)


@pytest.fixture(
    params=[
        pytest.param(True, marks=pytest.mark.django_db, id="in a test's transaction"),
        pytest.param(False, marks=pytest.mark.django_db(transaction=True), id="in autocommit"),
    ]
)
def level(request, schemata):
    """The schemata, with a transaction around the test and without."""
    assert connection.in_atomic_block == request.param
    yield
    deactivate_schema()


@pytest.fixture
def reported_path(db):
    """PostgreSQL that reports the search path: 18."""
    if connection.pg_version < 180000:
        pytest.skip("PostgreSQL reports the search path from 18 on")


@pytest.fixture
def tracked_path(db):
    """PostgreSQL that does not report the search path."""
    if connection.pg_version >= 180000:
        pytest.skip("PostgreSQL reports the search path from 18 on")


def make_user(username, *schemata, **fields):
    """Create a user who may enter some schemata."""
    user = get_user_model().objects.create_user(username, **fields)
    user.schemata.set(schemata)
    return user


@pytest.fixture
def member(schemata):
    return make_user("member", *schemata)


@pytest.fixture
def member_of_a(schemata):
    return make_user("member_of_a", schemata[0])


@pytest.fixture
def outsider(schemata):
    return make_user("outsider")


@pytest.fixture
def superuser(schemata):
    return make_user("superuser", is_superuser=True)


@pytest.fixture(params=["wsgi", "asgi"])
def make_browser(request, settings):
    """What makes a test client: over WSGI with ordinary views, over ASGI with coroutines."""
    if request.param == "wsgi":
        return Client
    settings.ROOT_URLCONF = "tests.async_urls"
    return AsyncBrowser


@pytest.fixture
def browser(make_browser):
    return make_browser()


@pytest.fixture
def visitor(browser, member):
    """A browser in which a member of both schemata is logged in, and has chosen none."""
    browser.force_login(member)
    return browser


@pytest.fixture
def connect():
    """What connects a receiver to a signal for one test."""
    connected = []

    def connect(signal, receiver):
        signal.connect(receiver, weak=False)
        connected.append((signal, receiver))

    yield connect
    for signal, receiver in connected:
        signal.disconnect(receiver)
