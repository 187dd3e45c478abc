"""The admin of schemata: making, deactivating, and dropping behind a typed name."""

# ruff: noqa: F811 (fixtures are imported, and then named as arguments)

import os

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import OperationalError, connection
from psycopg.errors import LockNotAvailable

from boardinghouse import ddl
from boardinghouse.contrib.admin import schemata as module
from boardinghouse.contrib.admin.schemata import SchemaAdmin
from boardinghouse.contrib.admin.sites import SchemaAdminSite
from boardinghouse.exceptions import LockBudgetExceeded, UncopiableObject
from boardinghouse.models import Schema
from boardinghouse.schema import override
from tests.conftest import make_user, owners, run_sql, schemata_in_postgresql
from tests.project import Project, empty_database
from tests.test_admin import boss, boss_in_a, change, log_in, make_rows, text_of  # noqa: F401
from tests.testapp.models import Account

LIST = "/admin/boardinghouse/schema/"
ADD = f"{LIST}add/"


def address(schema, page="change"):
    return f"{LIST}{schema}/{page}/"


def errors_in(response):
    return response.context["adminform"].form.errors


def grant(user, *codenames, schema="a"):
    """Give a user permissions on schemata, in one schema."""
    with override(schema):
        user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))


@pytest.fixture
def manager(client, schemata):
    """Staff of schema a who may do there what a test grants."""
    user = make_user("manager", schemata[0], is_staff=True)
    return log_in(client, user, "a")


class TestMaking:
    def test_makes_the_schema_with_its_row(self, boss, member):
        change(boss, ADD, schema="new", name="New school", is_active="on", users=[member.pk])

        made = Schema.objects.get(pk="new")
        assert (made.name, list(made.users.all())) == ("New school", [member])
        with override("new"):
            assert Account.objects.count() == 0

    @pytest.mark.parametrize(
        "name",
        ["Upper", "pg_x", "public", "1st", "with space", "a" * 64, "__template__", 'x"y', ""],
    )
    def test_shows_a_name_that_no_schema_may_have_as_an_error(self, boss, name):
        response = change(boss, ADD, expected=200, schema=name, name="n")

        assert "schema" in errors_in(response)
        assert Schema.objects.count() == 2

    @pytest.mark.parametrize(
        ("schema", "name", "field"), [("a", "n", "schema"), ("n", "a", "name")]
    )
    def test_shows_a_name_that_is_taken_as_an_error(self, boss, schema, name, field):
        response = change(boss, ADD, expected=200, schema=schema, name=name)

        assert list(errors_in(response)) == [field]

    def test_shows_a_schema_that_postgresql_has_already_as_an_error(self, boss):
        run_sql('CREATE SCHEMA "orphan"')

        response = change(boss, ADD, expected=200, schema="orphan", name="n")

        (error,) = errors_in(response)["schema"]
        assert "'orphan' exists already" in error
        assert not Schema.objects.filter(pk="orphan").exists()
        assert LogEntry.objects.count() == 0

    def test_shows_what_cannot_be_copied_as_an_error(self, boss, monkeypatch):
        def refuse(*args):
            raise UncopiableObject("There is a thing.")

        monkeypatch.setattr(ddl, "create", refuse)

        response = change(boss, ADD, expected=200, schema="new", name="n")

        assert list(errors_in(response)["schema"]) == ["There is a thing."]

    def test_shows_that_there_is_no_room_for_it_as_an_error(self, boss, monkeypatch):
        def refuse(*args):
            raise LockBudgetExceeded("There is no room.")

        monkeypatch.setattr(ddl, "create", refuse)

        response = change(boss, ADD, expected=200, schema="new", name="n")

        assert list(errors_in(response)["schema"]) == ["There is no room."]

    def test_offers_users_by_autocomplete(self, boss):
        page = text_of(boss.get(ADD))

        assert 'class="admin-autocomplete"' in page
        assert 'data-field-name="users"' in page

    def test_offers_users_as_a_list_where_users_cannot_be_searched(self, rf, superuser):
        site = SchemaAdminSite(name="another")
        site.register(Schema, SchemaAdmin)
        request = rf.get("/")
        request.user = superuser

        form = site.get_model_admin(Schema).get_form(request)()

        assert "admin-autocomplete" not in str(form["users"])


class TestChanging:
    def test_the_name_in_the_database_cannot_be_changed(self, boss):
        change(boss, address("a"), schema="other", name="Renamed", is_active="on")

        assert Schema.objects.get(pk="a").name == "Renamed"
        assert not Schema.objects.filter(pk="other").exists()

    def test_the_page_shows_it_as_text(self, boss):
        assert 'id="id_schema"' in text_of(boss.get(ADD))
        assert 'id="id_schema"' not in text_of(boss.get(address("a")))

    def test_deactivating_by_its_page_keeps_its_members_out(self, boss, member_of_a, client):
        change(boss, address("a"), name="a", users=[member_of_a.pk])

        assert not Schema.objects.get(pk="a").is_active
        client.force_login(member_of_a)
        assert client.get("/__change_schema__/a/").status_code == 403


class TestActions:
    def act(self, client, action, *names):
        response = client.post(LIST, {"action": action, "_selected_action": names}, follow=True)
        return text_of(response)

    def test_deleting_several_deactivates_them_and_says_so(self, boss):
        assert "Deactivate selected schemata (deletes nothing)" in text_of(boss.get(LIST))

        page = self.act(boss, "delete_selected", "a", "b")

        assert "2 were deactivated" in page
        assert "Nothing was deleted." in page
        assert not Schema.objects.active().exists()
        for name in ("a", "b"):
            with override(name):
                assert owners() == [name]

    def test_activating_them_again(self, boss):
        Schema.objects.all().delete()

        page = self.act(boss, "activate_selected", "a")

        assert "1 was activated." in page
        assert [each.pk for each in Schema.objects.active()] == ["a"]

    def test_are_logged_for_those_that_changed(self, boss):
        Schema.objects.filter(pk="a").delete()

        self.act(boss, "delete_selected", "a", "b")

        assert [each.object_id for each in LogEntry.objects.all()] == ["b"]
        assert LogEntry.objects.get().get_change_message() == "Changed Active."

    def test_on_none_that_change_do_nothing(self, boss):
        assert "0 were activated." in self.act(boss, "activate_selected", "a")
        assert LogEntry.objects.count() == 0

    @pytest.mark.parametrize("action", ["delete_selected", "activate_selected"])
    def test_are_for_those_who_may_change_schemata(self, manager, action):
        grant_all_but(manager, "change_schema")

        self.act(manager, action, "b")

        assert Schema.objects.active().count() == 2
        assert f'value="{action}"' not in text_of(manager.get(LIST))


def grant_all_but(client, *left_out):
    user = user_of(client)
    grant(user, *({"view_schema", "delete_schema", "add_schema", "change_schema"} - {*left_out}))


def user_of(client):
    return get_user_model().objects.get(pk=client.session["_auth_user_id"])


class TestDropping:
    def test_asks_for_the_name_and_drops_nothing_yet(self, boss):
        page = text_of(boss.get(address("a", "delete")))

        assert "Type its name to confirm" in page
        assert Schema.objects.filter(pk="a").exists()

    @pytest.mark.parametrize("typed", ["", "b", "A", "a b", "yes"])
    def test_another_name_drops_nothing(self, boss, typed):
        page = text_of(change(boss, address("a", "delete"), expected=200, typed=typed, post="yes"))

        assert "Nothing was dropped." in page
        with override("a"):
            assert owners() == ["a"]

    def test_the_name_in_the_address_drops_nothing(self, boss):
        text_of(boss.get(address("a", "delete"), {"typed": "a"}))

        assert Schema.objects.filter(pk="a").exists()

    def test_its_name_drops_it_with_everything_in_it(self, boss):
        response = change(boss, address("a", "delete"), typed="a")

        assert response.url == LIST
        assert [each.pk for each in Schema.objects.all()] == ["b"]
        assert not ddl.schema_exists(connection, "a")
        with override("b"):
            assert owners() == ["b"]
        assert LogEntry.objects.get().is_deletion()

    def test_the_one_that_one_is_in_is_left_first(self, boss_in_a):
        make_rows(1)  # so that not one alone is left, which would be entered

        change(boss_in_a, address("a", "delete"), typed="a")

        page = text_of(boss_in_a.get(LIST))

        assert "was deleted successfully" in page
        assert "schema" not in boss_in_a.session

    def test_another_one_leaves_one_where_one_is(self, boss_in_a):
        change(boss_in_a, address("b", "delete"), typed="b")

        assert boss_in_a.session["schema"] == "a"

    def test_what_has_no_room_in_one_transaction_is_said_in_the_form(self, boss, monkeypatch):
        monkeypatch.setattr(ddl, "lock_budget", lambda connection: 3)

        page = text_of(change(boss, address("a", "delete"), expected=200, typed="a"))

        assert "Nothing was dropped." in page
        assert "its budget is 3 locks" in page
        assert LogEntry.objects.count() == 0
        with override("a"):
            assert owners() == ["a"]

    def test_what_somebody_else_works_in_is_said_in_the_form(self, boss_in_a, monkeypatch):
        def wait(*args):
            raise OperationalError("canceling statement") from LockNotAvailable()

        monkeypatch.setattr(ddl, "drop", wait)

        page = text_of(change(boss_in_a, address("a", "delete"), expected=200, typed="a"))

        assert "canceling statement" in page
        assert boss_in_a.session["schema"] == "a"
        with override("a"):
            assert owners() == ["a"]

    def test_what_nobody_can_help_is_an_error(self, boss, monkeypatch):
        def fail(*args):
            raise OperationalError("server closed the connection")

        monkeypatch.setattr(ddl, "drop", fail)

        with pytest.raises(OperationalError):
            boss.post(address("a", "delete"), {"typed": "a"})

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("atomic", [False, True])
    def test_a_large_one_goes_in_steps(self, boss, monkeypatch, atomic):
        monkeypatch.setattr(ddl, "lock_budget", lambda connection: 20)
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic)

        change(boss, address("a", "delete"), typed="a")

        assert [each.pk for each in Schema.objects.all()] == ["b"]
        assert schemata_in_postgresql() == {"b"}
        assert LogEntry.objects.get().is_deletion()

    def test_is_for_superusers_and_who_has_the_permission(self, manager):
        grant_all_but(manager, "delete_schema")
        assert manager.get(address("b", "delete")).status_code == 403
        assert manager.post(address("b", "delete"), {"typed": "b"}).status_code == 403
        assert Schema.objects.filter(pk="b").exists()

        grant(user_of(manager), "delete_schema")

        change(manager, address("b", "delete"), typed="b")
        assert not Schema.objects.filter(pk="b").exists()

    def test_is_checked_against_forgery(self, boss, superuser):
        boss.handler.enforce_csrf_checks = True

        assert boss.post(address("a", "delete"), {"typed": "a"}).status_code == 403
        assert Schema.objects.filter(pk="a").exists()

    def test_what_does_not_exist_is_said_so(self, boss):
        response = boss.get(address("nowhere", "delete"), follow=True)

        assert "Perhaps it was deleted?" in text_of(response)


class TestRegistration:
    def test_our_class_stands_for_the_schema_model(self):
        assert isinstance(admin.site.get_model_admin(Schema), SchemaAdmin)

    def test_a_projects_own_class_is_left_alone(self, monkeypatch):
        class Mine(SchemaAdmin):
            pass

        site = SchemaAdminSite()
        site.register(Schema, Mine)
        monkeypatch.setattr(module.admin, "site", site)

        module.register_schema_model()

        assert isinstance(site.get_model_admin(Schema), Mine)


SWAPPED = {
    "swapped_admin.py": """
from tests.projects.adopted import *
INSTALLED_APPS = [each for each in INSTALLED_APPS if not each.startswith("tests.")]
INSTALLED_APPS += ["organisations", "people"]
BOARDINGHOUSE_SCHEMA_MODEL = "organisations.Organisation"
AUTH_USER_MODEL = "people.Person"
ROOT_URLCONF = "organisations.urls"
ALLOWED_HOSTS = ["testserver"]
""",
    "organisations/models.py": """
from django.db import models
from boardinghouse.models import AbstractSchema
class Organisation(AbstractSchema):
    plan = models.CharField(max_length=9, default="free", db_default="free")
""",
    "organisations/urls.py": """
from django.contrib import admin
from django.urls import path
urlpatterns = [path("admin/", admin.site.urls)]
""",
    "people/models.py": """
from django.contrib.auth.models import AbstractUser
class Person(AbstractUser):
    pass
""",
    "people/admin.py": """
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from people.models import Person
admin.site.register(Person, UserAdmin)
""",
}

USE_SWAPPED = """
from django.test import Client
from organisations.models import Organisation
from people.models import Person
boss = Person.objects.create_superuser("boss")
client = Client()
client.force_login(boss)
ADD = "/admin/organisations/organisation/add/"
values = {"schema": "one", "name": "One", "is_active": "on", "plan": "free", "users": boss.pk}
print("taken", client.post(ADD, {**values, "schema": "public"}).status_code)
print("made", client.post(ADD, values).status_code, *Organisation.objects.values_list("pk"))
page = client.get(f"/admin/people/person/{boss.pk}/change/").content.decode()
print("member", "Organisation_users" in page, "<strong>One</strong> (you are here)" in page)
DELETE = "/admin/organisations/organisation/one/delete/"
print("kept", client.post(DELETE, {"typed": "two"}).status_code, Organisation.objects.count())
print("dropped", client.post(DELETE, {"typed": "one"}).status_code, Organisation.objects.count())
"""


@pytest.mark.django_db(transaction=True)
def test_models_of_schemata_and_users_of_a_projects_own_work(tmp_path):
    for name, text in SWAPPED.items():
        path = tmp_path / name
        (path.parent / "migrations").mkdir(parents=True, exist_ok=True)
        for package in (path.parent, path.parent / "migrations"):
            (package / "__init__.py").touch()
        path.write_text(text)
    environment = {"PYTHONPATH": str(tmp_path), "PYTHONWARNINGS": "error"}

    with empty_database(f"test_swapped_admin_{os.getpid()}") as name:
        project = Project("swapped_admin", name)
        project.manage("makemigrations", "organisations", "people", **environment)
        project.manage("migrate", "--verbosity=0", **environment)
        missing = project.manage("makemigrations", "--check", **environment)
        checked = project.manage("check", "--fail-level=WARNING", **environment)
        used = project.manage("shell", "--no-imports", "--command", USE_SWAPPED, **environment)

    assert "No changes detected" in missing
    assert "no issues" in checked
    assert used.splitlines()[-5:] == [
        "taken 200",
        "made 302 ('one',)",
        "member True True",
        "kept 200 1",
        "dropped 302 0",
    ]
