"""Checks of the settings that say what is shared: each with the fault, and silent without it."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import migrations as m
from django.db import models
from django.db.migrations.loader import MigrationLoader

from boardinghouse import sharing_checks
from boardinghouse.conf import conf
from boardinghouse.schema import get_schema_model

SHARED, PRIVATE = "BOARDINGHOUSE_SHARED_MODELS", "BOARDINGHOUSE_PRIVATE_MODELS"


@pytest.fixture
def find(settings):
    """What is found where a setting names a model."""

    def find(setting, label):
        setattr(settings, setting, [label])
        return list(sharing_checks.check_labels())

    return find


@pytest.mark.parametrize(
    ("setting", "label"),
    [
        (SHARED, "testapp.Account"),
        (SHARED, "testapp.*"),
        (SHARED, "TESTAPP.account"),
        (SHARED, "auth.User_groups"),
        (SHARED, "auth.Group"),
        (PRIVATE, "testapp.Team_regions"),
        (PRIVATE, "testapp.Region"),
        (PRIVATE, "auth.*"),
        (PRIVATE, "zoo.Elephant"),
    ],
)
def test_models_and_apps_that_there_are_may_be_named(find, setting, label):
    assert find(setting, label) == []


@pytest.mark.parametrize("setting", [SHARED, PRIVATE])
@pytest.mark.parametrize("label", ["testapp.Nope", "nope.*", "Account", "nope.Account", ""])
def test_a_model_that_there_is_not_is_an_error(find, setting, label):
    (found,) = find(setting, label)

    assert found.id == "boardinghouse.E071"
    assert f"{setting} names {label!r}" in found.msg
    assert "'app.Model'" in found.hint


def test_a_misspelt_one_is_told_what_may_be_meant(find):
    (found,) = find(SHARED, "testapp.Acount")

    assert "Did you mean 'testapp.account'?" in found.hint


@pytest.mark.parametrize(
    ("setting", "label", "hint"),
    [
        (SHARED, "zoo.Elephant", "child is where zoo.Animal is"),
        (PRIVATE, "auth.Group", "what Django needs is shared always"),
    ],
)
def test_a_model_that_stays_what_it_was_is_an_error(find, setting, label, hint):
    (found,) = find(setting, label)

    assert found.id == "boardinghouse.E072"
    assert "all the same" in found.msg
    assert hint in found.hint


def test_models_that_only_migrations_know_may_be_named(settings, monkeypatch):
    class Migration(m.Migration):
        operations = [
            m.CreateModel("Old", [("friends", models.ManyToManyField("old.old"))]),
            m.AddField("old", "regions", models.ManyToManyField("testapp.region")),
            m.RenameModel("Old", "Newer"),
            m.RunSQL("SELECT 1"),
        ]

    def load_disk(loader):
        loader.disk_migrations = {("gone", "0001"): Migration("0001", "gone")}

    monkeypatch.setattr(MigrationLoader, "load_disk", load_disk)
    settings.BOARDINGHOUSE_PRIVATE_MODELS = [
        *("gone.Old", "gone.Old_friends", "gone.old_regions", "gone.Newer", "gone.Nope"),
    ]

    (found,) = sharing_checks.check_labels()

    assert "'gone.Nope'" in found.msg


@pytest.mark.parametrize("setting", [SHARED, PRIVATE])
@pytest.mark.parametrize("value", ["testapp.Account", None, 7, [None], [object]])
def test_what_is_no_list_of_labels_is_refused(settings, setting, value):
    setattr(settings, setting, value)

    with pytest.raises(ImproperlyConfigured, match=rf"{setting} is .*Write {setting} = \['app"):
        getattr(conf, setting.removeprefix("BOARDINGHOUSE_"))


@pytest.mark.parametrize("label", ["nope.Nope", "Org", "boardinghouse.Nope", ""])
def test_a_schema_model_that_there_is_not_is_refused(settings, label):
    settings.BOARDINGHOUSE_SCHEMA_MODEL = label

    with pytest.raises(ImproperlyConfigured, match=f"BOARDINGHOUSE_SCHEMA_MODEL is {label!r}"):
        get_schema_model()
