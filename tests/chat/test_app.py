"""The app in a project: what it needs, and what it says without."""

import os
import subprocess
import sys

import pytest
from django.apps import apps
from django.core.management import call_command

from boardinghouse.contrib.chat import checks
from boardinghouse.contrib.chat.models import Member, Message, Room
from boardinghouse.sharing import is_shared_model

NO_CHANNELS = """
import sys
from importlib.machinery import PathFinder

class Hidden:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in ("channels", "daphne", "channels_redis"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden)
import importlib.util
original = importlib.util.find_spec
def find_spec(name, package=None):
    try:
        return original(name, package)
    except ModuleNotFoundError:
        return None
importlib.util.find_spec = find_spec

import django
from django.conf import settings
settings.configure(
    DATABASES={"default": {"ENGINE": "boardinghouse.backends.postgres", "NAME": "unused"}},
    INSTALLED_APPS=[
        "django.contrib.contenttypes", "django.contrib.auth", "boardinghouse", *sys.argv[1:]
    ],
)
django.setup()
print("set up")
"""


def set_up_without_channels(*more):
    return subprocess.run(
        [sys.executable, "-c", NO_CHANNELS, *more],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_channels_it_says_what_to_install():
    done = set_up_without_channels("boardinghouse.contrib.chat")

    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("django.core.exceptions.ImproperlyConfigured:")
    assert "pip install django-boardinghouse[channels]" in last


def test_without_channels_the_rest_is_as_ever():
    done = set_up_without_channels("boardinghouse.contrib.admin_tools")

    assert (done.stdout, done.stderr) == ("set up\n", "")


def test_its_models_are_private():
    assert not any(is_shared_model(model) for model in (Room, Member, Message))


def test_nothing_is_to_complain_of():
    assert [*checks.check_channels(), *checks.check_privacy()] == []


def test_it_needs_our_channels(monkeypatch):
    monkeypatch.setattr(apps, "is_installed", lambda name: name != checks.CHANNELS)

    (error,) = checks.check_channels()

    assert error.id == "boardinghouse.E060"
    assert checks.CHANNELS in error.hint


@pytest.mark.parametrize("label", ["boardinghouse_chat.*", "boardinghouse_chat.Message"])
def test_it_may_not_be_shared(settings, label):
    settings.BOARDINGHOUSE_SHARED_MODELS = [label]

    (error,) = checks.check_privacy()

    assert error.id == "boardinghouse.E061"
    assert "boardinghouse_chat.Message" in error.msg


@pytest.mark.django_db(databases=["default", "other"])
def test_its_migrations_are_complete():
    call_command("makemigrations", "boardinghouse_chat", check=True, dry_run=True, verbosity=0)
