"""System checks: each with the fault, and silent without it."""

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.db import connection, models
from django.test import override_settings
from django.test.utils import isolate_apps
from psycopg import IsolationLevel

from boardinghouse import checks, ddl
from boardinghouse.base import SharedSchemaModel
from boardinghouse.middleware import SchemaMiddleware
from boardinghouse.models import AbstractSchema, Schema
from boardinghouse.names import TEMPLATE
from tests.conftest import connected_with
from tests.testapp.models import Account

OURS = "boardinghouse.middleware.SchemaMiddleware"


def by_key(schema):
    return schema.pk


def ids(check, **kwargs):
    return [found.id for found in check(**kwargs)]


def found_in_database():
    return list(checks.check_private_tables(databases=["default"]))


def move(table, source, target):
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{source}"."{table}" SET SCHEMA "{target}"')


@pytest.fixture
def registry():
    """An app registry of its own for the models that a test defines."""
    with isolate_apps("tests.testapp") as apps:
        yield apps


@pytest.mark.django_db
def test_the_tests_own_project_has_no_fault():
    found = [each for each in run_checks(databases=["default"]) if "boardinghouse" in each.id]

    assert [each for each in found if not each.is_silenced()] == []


def test_every_message_has_a_hint():
    with override_settings(MIDDLEWARE=[], TEMPLATES=[]):
        found = [*checks.check_middleware(), *checks.check_context_processor()]

    assert len(found) == 2
    assert all(each.hint for each in found)


def test_another_engine_is_an_error(monkeypatch):
    class Plain:
        pass

    monkeypatch.setattr(checks, "connections", {"default": Plain()})

    assert ids(checks.check_engine) == ["boardinghouse.E001"]


@pytest.mark.parametrize(
    ("level", "found"),
    [
        (None, []),
        (IsolationLevel.READ_COMMITTED, []),
        (IsolationLevel.REPEATABLE_READ, ["boardinghouse.E016"]),
        (IsolationLevel.SERIALIZABLE, ["boardinghouse.E016"]),
    ],
)
def test_transactions_that_do_not_see_what_others_did_are_an_error(level, found):
    with connected_with({"isolation_level": level} if level else {}):
        assert ids(checks.check_isolation) == found


def test_a_missing_middleware_is_an_error():
    with override_settings(MIDDLEWARE=[each for each in settings.MIDDLEWARE if each != OURS]):
        assert ids(checks.check_middleware) == ["boardinghouse.E002"]


class Subclass(SchemaMiddleware):
    """A project's own middleware."""


def test_a_subclass_of_the_middleware_does_as_well():
    others = [each for each in settings.MIDDLEWARE if each != OURS]

    with override_settings(MIDDLEWARE=[*others, f"{__name__}.Subclass"]):
        assert ids(checks.check_middleware) == []
    with override_settings(MIDDLEWARE=[f"{__name__}.Subclass", *others]):
        assert ids(checks.check_middleware) == ["boardinghouse.E003", "boardinghouse.E003"]


@pytest.mark.parametrize("needed", [checks.SESSION, checks.AUTHENTICATION])
def test_a_middleware_before_what_it_needs_is_an_error(needed):
    order = [each for each in settings.MIDDLEWARE if each != needed]

    with override_settings(MIDDLEWARE=[*order, needed]):
        assert ids(checks.check_middleware) == ["boardinghouse.E003"]


@pytest.mark.parametrize("name", ["django.contrib.auth", "django.contrib.sessions"])
def test_a_missing_app_is_an_error(name, monkeypatch):
    monkeypatch.setattr(checks.apps, "is_installed", lambda app: app != name)

    assert ids(checks.check_installed_apps) == ["boardinghouse.E004"]


class SessionStore:
    """A project's own engine, whose rows are of a model that nobody has shared."""

    @classmethod
    def get_model_class(cls):
        return Account


def test_sessions_that_are_private_rows_are_an_error():
    with override_settings(SESSION_ENGINE=__name__):
        (found,) = checks.check_session_model()

    assert found.id == "boardinghouse.E075"
    assert "testapp.Account" in found.msg


@pytest.mark.parametrize("engine", ["db", "cached_db", "cache", "file", "signed_cookies"])
def test_djangos_own_sessions_are_no_error(engine):
    with override_settings(SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}"):
        assert ids(checks.check_session_model) == []


@pytest.mark.parametrize("backend", ["DjangoTemplates", "Jinja2"])
def test_a_missing_context_processor_is_a_warning(backend):
    engine = {"BACKEND": f"django.template.backends.{backend.lower()}.{backend}"}
    if backend == "DjangoTemplates":
        engine["BACKEND"] = "django.template.backends.django.DjangoTemplates"

    with override_settings(TEMPLATES=[engine]):
        assert ids(checks.check_context_processor) == ["boardinghouse.W005"]


def test_a_shared_model_that_points_at_a_private_one_is_an_error(monkeypatch, registry):
    class Pupil(models.Model):
        class Meta:
            app_label = "testapp"

    class Badge(SharedSchemaModel):
        pupil = models.ForeignKey(Pupil, on_delete=models.CASCADE)

        class Meta:
            app_label = "testapp"

    monkeypatch.setattr(checks, "apps", registry)
    (found,) = checks.check_shared_models()

    assert found.id == "boardinghouse.E006"
    assert "testapp.Badge points at the private model testapp.Pupil" in found.msg


def test_a_shared_model_may_point_at_a_shared_one(monkeypatch, registry):
    class Badge(SharedSchemaModel):
        other = models.ForeignKey("self", on_delete=models.CASCADE)

        class Meta:
            app_label = "testapp"

    monkeypatch.setattr(checks, "apps", registry)

    assert ids(checks.check_shared_models) == []


def test_a_schema_model_of_another_kind_is_an_error(monkeypatch, registry):
    class School(models.Model):
        class Meta:
            app_label = "testapp"

    monkeypatch.setattr(checks, "get_schema_model", lambda: School)

    assert ids(checks.check_schema_model) == ["boardinghouse.E009"]


def test_a_schema_model_without_the_constraint_is_an_error(monkeypatch, registry):
    class School(AbstractSchema):
        users = None

        class Meta:
            app_label = "testapp"

    monkeypatch.setattr(checks, "get_schema_model", lambda: School)

    assert ids(checks.check_schema_model) == ["boardinghouse.E010"]


@pytest.mark.django_db
class TestPrivateTables:
    def test_private_tables_in_public_before_adoption_are_a_warning(self):
        with connection.cursor() as cursor:
            cursor.execute(f'DROP SCHEMA "{TEMPLATE}" CASCADE')
            cursor.execute("CREATE TABLE public.testapp_account ()")

        (found,) = found_in_database()

        assert found.id == "boardinghouse.W007"
        assert "testapp_account" in found.msg
        assert "adopt_public NAME" in found.hint

    def test_a_model_that_a_setting_made_private_is_an_error(self):
        move("testapp_account", TEMPLATE, "public")

        (found,) = found_in_database()

        assert found.id == "boardinghouse.E008"
        assert "private now, but their tables are in public: testapp_account" in found.msg

    def test_a_model_that_a_setting_made_shared_is_an_error(self, settings):
        settings.BOARDINGHOUSE_SHARED_MODELS = ["testapp.Account"]

        (found,) = found_in_database()

        assert found.id == "boardinghouse.E008"
        assert "shared now, but their tables are in the schemata: testapp_account" in found.msg

    def test_a_private_table_that_is_in_public_too_is_an_error(self):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE public.testapp_account ()")

        (found,) = found_in_database()

        assert found.id == "boardinghouse.E014"
        assert "in public as well: testapp_account" in found.msg

    def test_a_model_that_is_not_migrated_yet_is_none(self):
        with connection.cursor() as cursor:
            cursor.execute(f'DROP TABLE "{TEMPLATE}".testapp_entry')

        assert found_in_database() == []

    def test_no_database_is_asked_when_none_is_named(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert ids(checks.check_private_tables, databases=None) == []

    def test_it_is_one_query(self, django_assert_num_queries):
        found_in_database()  # the path is known from here on, before PostgreSQL 18 too

        with django_assert_num_queries(1):
            found_in_database()

    def test_a_view_for_a_private_join_is_no_table(self):
        assert ddl.table_exists(connection, "public", "auth_user_groups")

        assert found_in_database() == []


def test_a_middleware_that_ours_needs_and_nobody_has_is_an_error():
    with override_settings(MIDDLEWARE=[OURS]):
        assert ids(checks.check_middleware) == ["boardinghouse.E003", "boardinghouse.E003"]


class TestPathnames:
    @pytest.mark.parametrize("function", [None, by_key, f"{__name__}.by_key", str])
    def test_a_function_is_fine(self, settings, function):
        settings.BOARDINGHOUSE_PATHNAME_FUNCTION = function

        assert ids(checks.check_pathnames) == []

    @pytest.mark.parametrize(
        ("function", "text"),
        [
            ("no.such.function", "cannot be imported"),
            ("by_key", "cannot be imported"),
            ("", "cannot be imported"),
            (f"{__name__}.OURS", "cannot be called"),
            (1, "cannot be called"),
        ],
    )
    def test_what_is_none_is_an_error(self, settings, function, text):
        settings.BOARDINGHOUSE_PATHNAME_FUNCTION = function

        (found,) = [each for each in run_checks(tags=["boardinghouse"]) if not each.is_silenced()]

        assert found.id == "boardinghouse.E034"
        assert text in found.msg

    def test_a_method_is_fine_and_a_field_is_not(self, monkeypatch):
        monkeypatch.setattr(Schema, "schema_pathname", by_key, raising=False)
        assert ids(checks.check_pathnames) == []

        monkeypatch.setattr(Schema, "schema_pathname", property(by_key))
        assert ids(checks.check_pathnames) == ["boardinghouse.E034"]


@pytest.mark.parametrize(
    ("seconds", "ids"),
    [(1, []), (0.5, []), (0, ["E015"]), (-1, ["E015"]), ("1", ["E015"]), (True, ["E015"])],
)
def test_the_time_to_wait_for_a_lock_is_a_number_of_seconds(settings, seconds, ids):
    settings.BOARDINGHOUSE_LOCK_TIMEOUT = seconds

    assert [each.id for each in checks.check_lock_timeout()] == [
        f"boardinghouse.{each}" for each in ids
    ]
