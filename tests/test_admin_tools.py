"""django-admin-tools: its dashboard, menu and theming with our module and menu item."""

import os

import django
import pytest

from boardinghouse.contrib.admin_tools import checks
from tests.project import Project, empty_database

pytestmark = pytest.mark.django_db(transaction=True)

FILES = {
    "tools_project.py": """
from tests.projects.adopted import *
from tests.projects.adopted import INSTALLED_APPS, TEMPLATES
place = INSTALLED_APPS.index("boardinghouse.contrib.admin.apps.SchemaAdminConfig")
INSTALLED_APPS = [
    *INSTALLED_APPS[:place],
    "boardinghouse.contrib.admin_tools",
    "admin_tools",
    "admin_tools.theming",
    "admin_tools.menu",
    "admin_tools.dashboard",
    *INSTALLED_APPS[place:],
]
TEMPLATES[0]["APP_DIRS"] = False
TEMPLATES[0]["OPTIONS"]["loaders"] = [
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
    "admin_tools.template_loaders.Loader",
]
ROOT_URLCONF = "tools_urls"
ALLOWED_HOSTS = ["testserver"]
STATIC_URL = "/static/"
BOARDINGHOUSE_SHARED_MODELS = ["menu.*", "dashboard.*"]
ADMIN_TOOLS_INDEX_DASHBOARD = "tools_pages.Dashboard"
ADMIN_TOOLS_MENU = "tools_pages.Menu"
SILENCED_SYSTEM_CHECKS = ["boardinghouse.W051", "models.W042", "urls.W002"]
""",
    "tools_urls.py": """
from django.contrib import admin
from django.urls import include, path
urlpatterns = [path("admin_tools/", include("admin_tools.urls")), path("admin/", admin.site.urls)]
""",
    "tools_pages.py": """
from admin_tools.dashboard import Dashboard as BaseDashboard, modules as djangos
from admin_tools.menu import Menu as BaseMenu, items
from boardinghouse.contrib.admin_tools.menu import SchemataItem
from boardinghouse.contrib.admin_tools.modules import RecentActions, Schemata


class Dashboard(BaseDashboard):
    def init_with_context(self, context):
        self.children += [
            Schemata(),
            djangos.AppList("Applications"),
            RecentActions("Mine"),
            RecentActions("Accounts", include_list=["testapp.account"], limit=1),
            RecentActions("The rest", exclude_list=["testapp.account"]),
        ]


class Menu(BaseMenu):
    def init_with_context(self, context):
        self.children += [items.MenuItem("Home", "/admin/"), SchemataItem(), items.Bookmarks()]
""",
}

FILL = """
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.test import Client
from boardinghouse.models import Schema
from boardinghouse.schema import override
from tests.testapp.models import Account
Schema.objects.mass_create("a", "b")
Schema.objects.filter(pk="a").update(name="School <A>")
boss = User.objects.create_superuser("boss")
for name in "ab":
    with override(name):
        account = Account.objects.create(owner=name)
        LogEntry.objects.log_actions(boss.pk, [account], CHANGE)
group = Group.objects.create(name="the group")
LogEntry.objects.log_actions(boss.pk, [group], CHANGE)
client = Client()
client.force_login(boss)
def show(*facts):
    print("->", *facts)
"""

DASHBOARD = """
page = client.get("/admin/").content.decode()
show('<a href="/admin/?__schema=a">School &lt;A&gt;</a>' in page, "you are here" in page)
show(client.get("/admin/?__schema=a", follow=True).redirect_chain)
page = client.get("/admin/").content.decode()
module = page.split("<h2>Schemata</h2>")[1].split("</ul>")[0]
show('aria-current="true"' in module, "School &lt;A&gt; (you are here)" in module)
show('href="/admin/?__schema=b"' in module, "?__schema=b" in module)
mine, accounts, rest = page.split("<h2>Mine</h2>")[1].split('class="dashboard-module ')
show("account of a" in mine, "account of b" in page, "the group" in mine)
show("account of a" in accounts, "the group" in accounts)
show("account of a" in rest, "the group" in rest)
show('class="boardinghouse-switcher"' in page, "boardinghouse/boardinghouse.js" in page)
show("theming" in page)
"""

MENU = """
page = client.get("/admin/").content.decode()
menu = page.split('id="navigation-menu"')[1].split("boardinghouse-whose")[0]
show("Schemata</a>" in menu, "boardinghouse-current" in menu)
client.get("/__change_schema__/a/")
page = client.get("/admin/testapp/account/?q=x").content.decode()
menu = page.split('id="navigation-menu"')[1].split('id="main"')[0]
show('class="has-icon">School &lt;A&gt;</a>' in menu, menu.count("boardinghouse-current"))
show('href="/admin/testapp/account/?q=x&amp;__schema=b"' in menu)
page = client.get("/admin/testapp/account/1/change/").content.decode()
menu = page.split('id="navigation-menu"')[1].split('id="main"')[0]
show('href="/admin/?__schema=b"' in menu, "change/?__schema" in menu)
post = client.post("/admin/testapp/account/", {"action": "delete_selected", "_selected_action": 1})
show('href="/admin/testapp/account/?__schema=b"' in post.content.decode())
"""

MANY = """
rows = [Schema(schema=f"s{each:02}", name=f"s{each:02}") for each in range(20)]
QuerySet(Schema).bulk_create(rows)
page = client.get("/admin/").content.decode()
module = page.split("<h2>Schemata</h2>")[1].split("</ul>")[0]
show(module.count("<li"), "All of them" in module, "/__change_schema__/?next=%2Fadmin%2F" in module)
Schema.objects.mass_create("z")
client.get("/__change_schema__/z/")
page = client.get("/admin/").content.decode()
module = page.split("<h2>Schemata</h2>")[1].split("</ul>")[0]
show(module.count("<li"), "Z (you are here)" in module, module.count('aria-current="true"'))
from django.contrib.auth.models import User
User.objects.create_user("nobody", is_staff=True)
client.force_login(User.objects.get(username="nobody"))
page = client.get("/admin/").content.decode()
menu = page.split('id="navigation-menu"')[1].split('id="main"')[0]
show("Schemata" in menu, "No recent actions" in page)
"""

needs_admin_tools = pytest.mark.skipif(
    django.VERSION >= (6,), reason="django-admin-tools 0.9.3 does not import on Django 6"
)


@pytest.fixture(scope="module")
def project(django_db_setup, django_db_blocker, tmp_path_factory):
    pytest.importorskip("admin_tools")
    directory = tmp_path_factory.mktemp("tools")
    for name, text in FILES.items():
        (directory / name).write_text(text)
    with (
        django_db_blocker.unblock(),
        empty_database(f"test_tools_{os.getpid()}") as database,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("PYTHONPATH", str(directory))
        project = Project("tools_project", database)
        project.manage("migrate", "--verbosity=0")
        yield project


@pytest.fixture
def look(project):
    """What runs code in the project on fresh rows, and returns what it shows."""

    def look(code):
        project.manage("flush", "--schemata", "--no-input", "--verbosity=0")
        printed = project.shell(FILL + code)
        return [line[3:] for line in printed.splitlines() if line.startswith("-> ")]

    return look


@needs_admin_tools
def test_the_dashboard_lists_the_schemata_with_links_that_switch(look):
    assert look(DASHBOARD) == [
        "True False",
        "[('/admin/', 302)]",
        "True True",
        "True True",
        "True False True",
        "True False",
        "False True",
        "True True",
        "True",
    ]


@needs_admin_tools
def test_the_menu_lists_them_on_every_page_and_leaves_objects_of_a_schema(look):
    assert look(MENU) == ["True False", "True 1", "True", "True False", "True"]


@needs_admin_tools
def test_many_schemata_are_left_to_the_chooser_and_none_show_no_menu(look):
    assert look(MANY) == ["16 True True", "16 True 1", "False True"]


@needs_admin_tools
def test_the_checks_find_nothing(project):
    assert "no issues" in project.manage("check", "--fail-level=WARNING")


@needs_admin_tools
def test_bookmarks_of_each_schema_are_a_warning(project):
    code = """
from django.core.checks import run_checks
from django.test import override_settings
with override_settings(BOARDINGHOUSE_SHARED_MODELS=[]):
    print(*(found.id + ": " + found.msg for found in run_checks(tags=["boardinghouse"])))
"""

    said = project.shell(code)

    assert "W023: menu.Bookmark and dashboard.DashboardPreferences are private" in said


@needs_admin_tools
def test_the_check_of_the_import_finds_nothing():
    pytest.importorskip("admin_tools")

    assert list(checks.check_admin_tools()) == []


def test_what_does_not_import_is_a_warning(monkeypatch):
    def fail(name):
        raise ModuleNotFoundError("No module named 'django.utils.itercompat'")

    monkeypatch.setattr(checks, "import_module", fail)

    (found,) = checks.check_admin_tools()

    assert found.id == "boardinghouse.W022"
    assert "No module named 'django.utils.itercompat'" in found.msg
    assert "needs Django 5.2 or older" in found.hint


ON_DJANGO_6 = """
from tests.projects.adopted import *
from tests.projects.adopted import INSTALLED_APPS
INSTALLED_APPS = [*INSTALLED_APPS, "boardinghouse.contrib.admin_tools"]
SILENCED_SYSTEM_CHECKS = ["boardinghouse.W051", "urls.W002"]
"""


@pytest.mark.skipif(django.VERSION < (6,), reason="on Django 6 only")
def test_on_django_6_the_check_says_so_and_nothing_else_breaks(tmp_path):
    (tmp_path / "tools_six.py").write_text(ON_DJANGO_6)
    environment = {"PYTHONPATH": str(tmp_path)}

    with empty_database(f"test_tools_six_{os.getpid()}") as database:
        project = Project("tools_six", database)
        project.manage("migrate", "--verbosity=0", **environment)
        said = project.manage("check", **environment)

    assert "boardinghouse.W022" in said
    assert "1 issue" in said
