"""The page of a user: which schemata they belong to, and what they may do in this one."""

# ruff: noqa: F811 (fixtures are imported, and then named as arguments)

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from boardinghouse.contrib.admin import users
from boardinghouse.contrib.admin.sites import SchemaAdminSite
from boardinghouse.models import Schema
from boardinghouse.schema import override
from tests.browsers import enter
from tests.conftest import make_user
from tests.test_admin import boss, boss_in_a, change, log_in, text_of  # noqa: F401

GROUPS = 'name="groups"'


def page_of(user):
    return f"/admin/auth/user/{user.pk}/change/"


def fields_of(page):
    """Return what a browser would send with the form of a user's page, untouched."""
    values = {"username": page.context["original"].username}
    values |= dict(zip(["date_joined_0", "date_joined_1"], ["2026-11-20", "12:00"], strict=True))
    for inline in page.context["inline_admin_formsets"]:
        forms = [inline.formset.management_form, *inline.formset.initial_forms]
        values |= {each.html_name: each.value() for form in forms for each in form}
    return {name: value for name, value in values.items() if value not in (None, False)}


@pytest.fixture
def someone(schemata):
    return make_user("someone", schemata[0])


@pytest.fixture
def looker(client, schemata):
    """Staff of a who may look at users, and at no schemata."""
    user = make_user("looker", schemata[0], is_staff=True)
    with override("a"):
        user.user_permissions.add(Permission.objects.get(codename="view_user"))
    return log_in(client, user, "a")


class TestMemberships:
    def test_are_shown_each_as_a_link_to_this_page_there(self, boss, someone, schemata):
        someone.schemata.add(schemata[1])
        enter(boss, "b")

        page = text_of(boss.get(page_of(someone)))

        assert f'<a href="{page_of(someone)}?__schema=a">a</a>' in page
        assert "<strong>b</strong> (you are here)" in page

    def test_are_added_by_who_may_change_schemata(self, boss, someone):
        values = fields_of(boss.get(page_of(someone)))
        prefix = "Schema_users"

        change(
            boss,
            page_of(someone),
            **{
                **values,
                f"{prefix}-TOTAL_FORMS": 2,
                f"{prefix}-1-schema": "b",
                f"{prefix}-1-user": someone.pk,
            },
        )

        assert sorted(someone.schemata.values_list("pk", flat=True)) == ["a", "b"]

    def test_are_removed_by_who_may_change_schemata(self, boss, someone):
        values = fields_of(boss.get(page_of(someone)))

        change(boss, page_of(someone), **{**values, "Schema_users-0-DELETE": "on"})

        assert not someone.schemata.exists()

    def test_are_added_by_autocomplete(self, boss, someone):
        page = text_of(boss.get(page_of(someone)))

        assert 'data-field-name="schema"' in page

    def test_cost_the_same_however_many(self, boss, someone, django_assert_num_queries):
        boss.get(page_of(someone))
        with CaptureQueriesContext(connection) as few:
            text_of(boss.get(page_of(someone)))
        someone.schemata.add("b")

        with django_assert_num_queries(len(few)):
            text_of(boss.get(page_of(someone)))

    def test_are_only_read_by_others(self, looker, someone):
        page = looker.get(page_of(someone))

        assert "<strong>a</strong> (you are here)" in text_of(page)
        (memberships,) = page.context["inline_admin_formsets"]
        assert not memberships.has_add_permission
        assert not memberships.has_delete_permission

    def test_are_not_written_by_others(self, looker, someone):
        with override("a"):
            get_user_model().objects.get(username="looker").user_permissions.add(
                Permission.objects.get(codename="change_user")
            )
        values = fields_of(looker.get(page_of(someone)))

        change(looker, page_of(someone), **{**values, "Schema_users-0-DELETE": "on"})

        assert someone.schemata.exists()

    def test_in_schemata_that_one_may_not_know_of_are_not_shown(self, looker, someone, schemata):
        Schema.objects.filter(pk="b").update(name="Secret school")
        someone.schemata.add("b")

        assert "Secret school" not in text_of(looker.get(page_of(someone)))

    def test_in_all_schemata_are_shown_to_who_may_view_schemata(self, looker, someone):
        Schema.objects.filter(pk="b").update(name="Secret school")
        someone.schemata.add("b")
        with override("a"):
            get_user_model().objects.get(username="looker").user_permissions.add(
                Permission.objects.get(codename="view_schema")
            )

        assert "Secret school" in text_of(looker.get(page_of(someone)))

    def test_are_not_asked_for_when_a_user_is_made(self, boss):
        assert "Schema_users" not in text_of(boss.get("/admin/auth/user/add/"))

    def test_leave_a_projects_own_inline_in_its_place(self, rf, superuser):
        class Mine(admin.TabularInline):
            model = Schema.users.through

        class MyUserAdmin(UserAdmin):
            inlines = [Mine]

        site = SchemaAdminSite(name="another")
        site.register(User, MyUserAdmin)
        request = rf.get("/")
        request.user = superuser

        assert site.get_model_admin(User).get_inlines(request, superuser) == [Mine]


class TestRoles:
    @pytest.fixture
    def roles(self, someone):
        """Groups of the same person, one in each schema."""
        groups = {}
        for name in ("a", "b"):
            groups[name] = Group.objects.create(name=f"role {name}")
            with override(name):
                someone.groups.add(groups[name])
        return groups

    @pytest.mark.parametrize("schema", ["a", "b"])
    def test_are_those_in_the_active_schema_and_the_page_says_so(
        self,
        boss,
        someone,
        roles,
        schema,
    ):
        Schema.objects.filter(pk=schema).update(name="<School>")
        enter(boss, schema)

        page = boss.get(page_of(someone))

        assert "Groups and permissions are those in <strong>&lt;School&gt;</strong>" in text_of(
            page
        )
        assert page.context["adminform"].form["groups"].value() == [roles[schema].pk]

    def test_are_changed_in_the_active_schema_alone(self, boss_in_a, someone, roles):
        values = fields_of(boss_in_a.get(page_of(someone)))

        change(boss_in_a, page_of(someone), **{**values, "groups": [roles["b"].pk]})

        for schema in ("a", "b"):
            with override(schema):
                assert list(someone.groups.all()) == [roles["b"]]

    def test_are_read_only_with_no_schema_and_the_page_says_why(self, boss, someone, roles):
        page = boss.get(page_of(someone))

        assert GROUPS not in text_of(page)
        assert 'name="user_permissions"' not in text_of(page)
        assert "Groups and permissions belong to a schema, and you are in none." in text_of(page)
        assert f"/__change_schema__/?next=%2Fadmin%2Fauth%2Fuser%2F{someone.pk}" in text_of(page)

    def test_are_left_alone_when_a_user_is_saved_with_no_schema(self, boss, someone, roles):
        values = fields_of(boss.get(page_of(someone)))

        change(boss, page_of(someone), **{**values, "first_name": "Some", "groups": []})

        assert get_user_model().objects.get(pk=someone.pk).first_name == "Some"
        for schema in ("a", "b"):
            with override(schema):
                assert list(someone.groups.all()) == [roles[schema]]

    def test_a_projects_own_class_keeps_its_fields_and_what_it_says(self, rf, superuser):
        class MyUserAdmin(UserAdmin):
            fieldsets = [
                (None, {"fields": ["username"]}),
                ("Rights", {"fields": [("is_staff", "groups")], "description": "<b>Mine.</b>"}),
            ]
            readonly_fields = ["last_login"]

        site = SchemaAdminSite(name="another")
        site.register(User, MyUserAdmin)
        ours = site.get_model_admin(User)
        request = rf.get("/")
        request.user = superuser

        (_, plain), (_, rights) = ours.get_fieldsets(request, superuser)

        assert isinstance(ours, MyUserAdmin)
        assert "description" not in plain
        assert rights["description"].startswith("<b>Mine.</b><p>")
        assert "description" in MyUserAdmin.fieldsets[1][1]
        assert MyUserAdmin.fieldsets[1][1]["description"] == "<b>Mine.</b>"
        assert ours.get_readonly_fields(request, superuser) == [
            "last_login",
            "groups",
            "user_permissions",
        ]
        with override("a"):
            assert ours.get_readonly_fields(request, superuser) == ["last_login"]

    def test_a_user_is_made_as_ever(self, boss):
        change(
            boss,
            "/admin/auth/user/add/",
            username="newcomer",
            usable_password="true",
            password1="a long one 1",
            password2="a long one 1",
        )

        assert get_user_model().objects.filter(username="newcomer").exists()


def test_the_inline_is_made_once():
    through = users.memberships()

    assert users.membership_inline(through) is users.membership_inline(through)
