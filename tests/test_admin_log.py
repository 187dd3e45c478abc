"""The admin's log: every entry knows its schema, and is seen there alone."""

# ruff: noqa: F811 (fixtures are imported, and then named as arguments)

import pytest
from django.apps import apps
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core import management
from django.core.serializers import deserialize, serialize
from django.db import connection
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from boardinghouse.contrib.admin.models import SchemaLogEntry
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import override, working_in
from tests.browsers import enter
from tests.conftest import run_sql
from tests.test_admin import boss, boss_in_a, text_of  # noqa: F401
from tests.testapp.models import Account, Region

HISTORY = "/admin/testapp/account/1/history/"


def entry(user, model=Account, text="", **fields):
    return LogEntry(
        user=user,
        content_type=ContentType.objects.get_for_model(model),
        object_id="1",
        object_repr=text,
        action_flag=CHANGE,
        **fields,
    )


def schemata_of_entries():
    return list(SchemaLogEntry.objects.order_by("pk").values_list("schema", flat=True))


def in_raw_sql(user):
    run_sql(
        "INSERT INTO django_admin_log (action_time, user_id, object_repr, action_flag,"
        " change_message) VALUES (now(), %s, 'x', 2, '')",
        [user.pk],
    )


WAYS = {
    "create": lambda user: LogEntry.objects.create(user=user, action_flag=CHANGE),
    "save": lambda user: entry(user).save(),
    "bulk_create": lambda user: LogEntry.objects.bulk_create([entry(user)]),
    "log_actions, one": lambda user: LogEntry.objects.log_actions(
        user.pk, Account.objects.all(), ADDITION
    ),
    "raw SQL": in_raw_sql,
    "update_or_create": lambda user: LogEntry.objects.update_or_create(
        user=user, defaults={"action_flag": CHANGE}
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_writing_an_entry_records_its_schema(superuser, way):
    for name in ("a", "b"):
        with override(name):
            WAYS[way](superuser)
        if way == "update_or_create":
            assert schemata_of_entries() == [name]
            LogEntry.objects.all().delete()

    if way != "update_or_create":
        assert schemata_of_entries() == ["a", "b"]


def test_several_actions_at_once_record_their_schema(superuser):
    with override("a"):
        Account.objects.create(pk=2, owner="second")
        LogEntry.objects.log_actions(superuser.pk, Account.objects.all(), CHANGE)

    assert schemata_of_entries() == ["a", "a"]


def test_with_no_schema_an_entry_has_none(superuser):
    entry(superuser).save()

    assert schemata_of_entries() == [None]


def test_the_template_is_no_schema(superuser):
    with working_in(TEMPLATE):
        entry(superuser).save()

    assert schemata_of_entries() == [None]


def test_what_the_admin_writes_itself_has_the_schema(boss_in_a):
    boss_in_a.post(
        "/admin/testapp/account/",
        {"action": "delete_selected", "_selected_action": ["1"], "post": "yes"},
    )

    assert schemata_of_entries() == ["a"]
    assert SchemaLogEntry.objects.get().is_deletion()


@pytest.fixture
def entries(superuser):
    """An entry on the account with the same key in each schema, and one on a shared object."""
    for name in ("a", "b"):
        with override(name):
            entry(superuser, text=f"changed in {name}").save()
    with override("b"):
        entry(superuser, Region, "region, from b").save()
    entry(superuser, text="long ago").save()


class TestRecentActions:
    def test_are_the_active_schemas_and_those_on_shared_objects(self, boss, entries):
        enter(boss, "a")

        page = text_of(boss.get("/admin/"))

        assert "changed in a" in page
        assert "region, from b" in page
        assert "changed in b" not in page
        assert "long ago" not in page

    def test_with_no_schema_are_those_on_shared_objects(self, boss, entries):
        page = text_of(boss.get("/admin/"))

        assert "region, from b" in page
        assert "changed in" not in page
        assert "long ago" not in page

    def test_link_to_a_schemas_object_with_its_schema(self, boss, entries):
        enter(boss, "a")

        page = text_of(boss.get("/admin/"))

        assert 'href="/admin/testapp/account/1/change/?__schema=a"' in page
        assert 'href="/admin/testapp/region/1/change/"' in page

    def test_a_link_leads_there_after_a_switch_in_another_tab(self, boss):
        enter(boss, "b")

        page = text_of(boss.get("/admin/testapp/account/1/change/?__schema=a", follow=True))

        assert "account of a" in page

    def test_cost_the_pages_without_them_no_query(self, boss_in_a, django_assert_num_queries):
        boss_in_a.get("/admin/testapp/region/add/")

        with django_assert_num_queries(5):  # session, user, entering, switcher, leaving
            text_of(boss_in_a.get("/admin/password_change/"))


class TestHistory:
    @pytest.mark.parametrize("schema", ["a", "b"])
    def test_of_a_private_object_is_its_schemas(self, boss, entries, schema):
        LogEntry.objects.filter(object_repr="long ago").update(change_message="said long ago")
        for name in ("a", "b"):
            LogEntry.objects.filter(object_repr=f"changed in {name}").update(
                change_message=f"said in {name}"
            )
        enter(boss, schema)

        page = text_of(boss.get(HISTORY))

        assert f"said in {schema}" in page
        assert page.count("said ") == 1

    def test_of_a_shared_object_is_everybodys(self, boss, entries):
        Region.objects.create(pk=1, name="north")
        LogEntry.objects.filter(object_repr="region, from b").update(change_message="said in b")

        for schema in ("", "a"):
            if schema:
                enter(boss, schema)
            assert "said in b" in text_of(boss.get("/admin/testapp/region/1/history/"))


class TestEntry:
    def test_looks_as_djangos(self, superuser):
        with override("a"):
            entry(superuser, text="x", change_message='[{"added": {}}]').save()
        ours, djangos = SchemaLogEntry.objects.get(), LogEntry.objects.get()

        assert str(ours) == str(djangos)
        assert ours.get_change_message() == djangos.get_change_message() == "Added."
        assert (ours.is_addition(), ours.is_change(), ours.is_deletion()) == (False, True, False)
        with override("a"):
            assert ours.get_edited_object() == djangos.get_edited_object()

    def test_about_nothing_has_no_address(self, superuser):
        in_raw_sql(superuser)

        ours = SchemaLogEntry.objects.get()

        assert ours.get_admin_url() is None
        assert not ours.is_about_private_object()

    def test_goes_with_its_user(self, superuser, entries):
        with override("a"):
            superuser.delete()

        assert schemata_of_entries() == []

    def test_survives_being_dumped_and_loaded(self, entries):
        text = serialize("json", [*LogEntry.objects.all(), *SchemaLogEntry.objects.all()])
        before = schemata_of_entries()
        LogEntry.objects.all().delete()

        for each in deserialize("json", text):
            each.save()

        assert schemata_of_entries() == before


def test_a_new_schema_of_the_same_name_does_not_inherit_the_log(boss, entries):
    Schema.objects.get(pk="a").delete(drop=True)

    Schema.objects.mass_create("a")

    enter(boss, "a")
    assert "changed in a" not in text_of(boss.get("/admin/"))
    assert schemata_of_entries() == [None, "b", "b", None]


class TestMigration:
    def columns(self):
        with connection.cursor() as cursor:
            return {
                each.name
                for each in connection.introspection.get_table_description(
                    cursor, "django_admin_log"
                )
            }

    @pytest.mark.django_db(transaction=True)
    def test_can_be_undone_and_done_again_and_old_entries_have_no_schema(self, django_user_model):
        user = django_user_model.objects.create_user("u")
        try:
            management.call_command("migrate", "boardinghouse_admin", "zero", verbosity=0)
            assert "schema" not in self.columns()
            entry(user).save()
        finally:
            management.call_command("migrate", "boardinghouse_admin", verbosity=0)

        assert "schema" in self.columns()
        assert schemata_of_entries() == [None]

    def test_none_is_missing(self):
        loader = MigrationLoader(None)
        models = ProjectState.from_apps(apps)

        changes = MigrationAutodetector(loader.project_state(), models).changes(loader.graph)

        assert "boardinghouse_admin" not in changes
