"""The system checks of an admin with schemata, and that Django's own find nothing."""

import subprocess
import sys
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core.checks import run_checks
from django.core.checks.registry import registry

from boardinghouse.contrib.admin import checks
from boardinghouse.contrib.admin.sites import SchemaAdminSite


def ids(check):
    return [found.id for found in check()]


def test_the_tests_own_project_has_no_fault():
    assert isinstance(admin.site, SchemaAdminSite)
    found = run_checks(tags=["admin", "boardinghouse"])
    found = [each.id for each in found if not each.is_silenced()]
    assert [each for each in found if each.startswith(("admin.", "boardinghouse"))] == []


def test_the_checks_run():
    registered = registry.get_checks()

    assert {checks.check_order_of_apps, checks.check_default_site} <= set(registered)


def test_our_app_after_the_admin_is_a_warning(monkeypatch):
    configs = list(apps.get_app_configs())
    ours = apps.get_app_config("boardinghouse_admin")
    configs.remove(ours)
    monkeypatch.setattr(checks.apps, "get_app_configs", lambda: [*configs, ours])

    (found,) = checks.check_order_of_apps()

    assert found.id == "boardinghouse.W020"
    assert "'django.contrib.admin' stands before" in found.msg
    assert found.hint


def test_djangos_site_is_a_warning(monkeypatch):
    monkeypatch.setattr(
        apps.get_app_config("admin"), "default_site", "django.contrib.admin.sites.AdminSite"
    )

    (found,) = checks.check_default_site()

    assert found.id == "boardinghouse.W021"
    assert "SchemaAdminConfig" in found.hint


LIST_MODELS = """
import sys
import boardinghouse.contrib.admin.apps
sys.modules.pop("django.db.models", None)
print([each for each in sys.modules if each.endswith(".models") and "django.forms" not in each])
"""


def test_the_module_of_the_configurations_imports_no_model():
    done = subprocess.run(
        [sys.executable, "-c", LIST_MODELS],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
    )

    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_the_order_that_the_documentation_names_is_the_tests_own():
    assert settings.INSTALLED_APPS.index("boardinghouse.contrib.admin") < (
        settings.INSTALLED_APPS.index("boardinghouse.contrib.admin.apps.SchemaAdminConfig")
    )
