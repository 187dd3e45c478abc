"""Which models are shared, rule by rule; of installed models and of those of migrations."""

import pytest
from django.apps import apps
from django.conf import settings as project_settings
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import models
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ModelState, ProjectState
from django.test.utils import isolate_apps

from boardinghouse.base import SharedSchemaMixin, SharedSchemaModel
from boardinghouse.models import Schema
from boardinghouse.operations import is_shared_state
from boardinghouse.sharing import (
    find_model,
    is_private_join,
    is_shared_label,
    is_shared_model,
    is_shared_table,
    private_tables,
)
from tests.testapp.models import Account, Entry, Project, Region, Team
from tests.zoo.models import Animal, Elephant, Part, Show


@pytest.mark.parametrize(
    "model",
    [User, Group, Permission, ContentType, Session, Schema, MigrationRecorder.Migration],
    ids=str,
)
def test_what_django_needs_in_one_place_is_shared(model):
    assert is_shared_model(model)


@pytest.mark.parametrize("label", ["admin.LogEntry", "sites.Site", "migrations.Migration"])
def test_so_it_is_by_label_though_not_installed(label):
    assert is_shared_label(label)


@pytest.mark.parametrize("model", [Region, Team], ids=str)
def test_what_inherits_the_mixin_is_shared(model):
    assert is_shared_model(model)


@pytest.mark.parametrize("model", [Account, Entry, Project, Animal, Part, Show], ids=str)
def test_everything_else_is_private(model):
    assert not is_shared_model(model)


@pytest.mark.parametrize(
    ("join", "expected"),
    [
        (Group.permissions.through, True),
        (Team.regions.through, True),
        (Schema.users.through, True),
        (Project.teams.through, False),
        (Project.accounts.through, False),
        (Show.guests.through, False),
        (User.groups.through, False),
        (User.user_permissions.through, False),
    ],
    ids=str,
)
def test_a_join_is_shared_if_both_its_ends_are_and_it_authorises_nobody(join, expected):
    assert is_shared_model(join) is expected


@pytest.mark.parametrize(
    ("join", "expected"),
    [
        (User.groups.through, True),
        (User.user_permissions.through, True),
        (Project.teams.through, False),
        (Group.permissions.through, False),
        (Account, False),
    ],
    ids=str,
)
def test_a_private_join_is_one_between_shared_models(join, expected):
    assert is_private_join(join) is expected


@pytest.mark.parametrize("name", ["testapp.Account", "testapp.account", "testapp.*", "TESTAPP.*"])
def test_a_setting_shares_a_model_or_an_app(settings, name):
    settings.BOARDINGHOUSE_SHARED_MODELS = [name]

    assert is_shared_model(Account)
    assert not is_shared_model(Animal)
    assert "testapp_account" not in private_tables()


def test_a_setting_makes_a_join_private(settings):
    settings.BOARDINGHOUSE_PRIVATE_MODELS = ["testapp.Team_regions"]

    assert not is_shared_model(Team.regions.through)
    assert is_private_join(Team.regions.through)
    assert is_shared_model(Team)


def test_a_setting_shares_a_join_that_authorises(settings):
    settings.BOARDINGHOUSE_SHARED_MODELS = ["auth.User_groups"]

    assert is_shared_model(User.groups.through)
    assert not is_shared_model(User.user_permissions.through)


def test_a_setting_makes_what_inherits_the_mixin_private(settings):
    settings.BOARDINGHOUSE_PRIVATE_MODELS = ["testapp.Region"]

    assert not is_shared_model(Region)


def test_no_setting_makes_private_what_django_needs_in_one_place(settings):
    settings.BOARDINGHOUSE_PRIVATE_MODELS = ["auth.*", "boardinghouse.Schema"]

    assert is_shared_model(User)
    assert is_shared_model(Group)
    assert is_shared_model(Schema)


@isolate_apps("tests.testapp")
def test_proxies_and_children_follow_their_concrete_parent():
    class Proxy(Account):
        class Meta:
            app_label = "testapp"
            proxy = True

    class SharedProxy(Region):
        class Meta:
            app_label = "testapp"
            proxy = True

    class Child(Region):
        class Meta:
            app_label = "testapp"

    class Grandchild(Child):
        class Meta:
            app_label = "testapp"

    assert not is_shared_model(Proxy)
    assert is_shared_model(SharedProxy)
    assert is_shared_model(Child)
    assert is_shared_model(Grandchild)
    assert not is_shared_model(Elephant)


@isolate_apps("tests.testapp")
def test_an_abstract_shared_model_shares_what_inherits_it():
    class Base(SharedSchemaModel):
        class Meta:
            app_label = "testapp"
            abstract = True

    class Concrete(Base):
        class Meta:
            app_label = "testapp"

    assert is_shared_model(Concrete)


# The models of migrations


@pytest.fixture(scope="module")
def historical():
    """The installed models as a migration would see them."""
    return ProjectState.from_apps(apps).apps


@pytest.mark.parametrize(
    "model",
    [model for model in apps.get_models(include_auto_created=True) if not model._meta.proxy],
    ids=str,
)
def test_a_historical_model_is_what_the_model_is(historical, model):
    old = historical.get_model(model._meta.app_label, model._meta.model_name)

    assert old is not model
    assert is_shared_model(old) is is_shared_model(model)
    assert is_private_join(old) is is_private_join(model)


@pytest.mark.parametrize("model", apps.get_models(), ids=str)
def test_the_state_of_a_model_is_what_the_model_is(model):
    project = ProjectState.from_apps(apps)
    state = project.models[model._meta.app_label, model._meta.model_name]

    assert is_shared_state(state, project) is is_shared_model(model)


def test_the_state_of_a_child_follows_its_parent():
    project = ProjectState()
    key = ("id", models.AutoField(primary_key=True))
    project.add_model(ModelState("x", "Base", [key], bases=(SharedSchemaMixin, models.Model)))
    child = ModelState("x", "Child", [], bases=("x.base",))
    project.add_model(child)

    assert is_shared_state(child, project)


# Tables


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("auth_user", True),
        ("testapp_region", True),
        ("testapp_account", False),
        ("auth_user_groups", False),
        ("elsewhere", None),
    ],
)
def test_a_table_is_what_its_model_is(table, expected):
    assert is_shared_table(table) is expected


def test_a_table_is_looked_up_in_the_registry_that_is_given(historical):
    found = find_model("testapp_account", historical)

    assert found is historical.get_model("testapp", "Account")
    assert is_shared_table("testapp_region", historical) is True
    assert is_shared_table("testapp_region", ProjectState().apps) is None


def test_the_private_tables_are_those_of_the_private_models():
    private = private_tables()

    assert private["testapp_account"] is Account
    assert private["auth_user_groups"] is User.groups.through
    assert not {"auth_user", "testapp_region", "boardinghouse_schema"} & set(private)
    assert project_settings.AUTH_USER_MODEL == "auth.User"
