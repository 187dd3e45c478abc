"""The admin: whose objects a page shows, and no page of a private model without a schema."""

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.messages import get_messages
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import include, path

from boardinghouse.contrib.admin.fitting import fit
from boardinghouse.contrib.admin.options import PrivateModelAdmin, SchemaAwareAdmin
from boardinghouse.contrib.admin.sites import SchemaAdminSite
from boardinghouse.models import Schema
from boardinghouse.schema import override
from tests.browsers import JSON, enter
from tests.conftest import make_user
from tests.testapp.models import Account, Entry, Region, Team

CHANGELIST = "/admin/testapp/account/"
PAGES_OF_PRIVATE_MODEL = [
    CHANGELIST,
    f"{CHANGELIST}?q=a",
    f"{CHANGELIST}add/",
    f"{CHANGELIST}1/",
    f"{CHANGELIST}1/change/",
    f"{CHANGELIST}1/delete/",
    f"{CHANGELIST}1/history/",
    "/admin/testapp/entry/",
    "/admin/testapp/project/add/",
]
WHOSE = '<p class="boardinghouse-whose">{}</p>'
INLINE = 'id="entries-group"'


def log_in(client, user, schema=None):
    client.force_login(user)
    if schema:
        enter(client, schema)
    return client


def text_of(response):
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def change(client, address, expected=302, **values):
    """Send the form of a page as a browser does that runs no script."""
    response = client.post(address, values)
    assert response.status_code == expected, response.content.decode()
    return response


def make_rows(count):
    """Make rows of schemata that PostgreSQL does not have: quick, and enough to list them."""
    rows = [Schema(schema=f"school_{each:02}", name=f"school_{each:02}") for each in range(count)]
    return QuerySet(Schema).bulk_create(rows)


@pytest.fixture
def boss(client, superuser):
    """A superuser's browser, with no schema chosen."""
    superuser.is_staff = True
    superuser.save()
    return log_in(client, superuser)


@pytest.fixture
def boss_in_a(boss):
    enter(boss, "a")
    return boss


@pytest.fixture
def editor(client, schemata):
    """Staff of both schemata, who may edit accounts in a, and only look at them in b."""
    user = make_user("editor", *schemata, is_staff=True)
    for schema, actions in {"a": ["add", "change", "delete", "view"], "b": ["view"]}.items():
        group = Group.objects.create(name=f"role in {schema}")
        group.permissions.set(
            Permission.objects.filter(codename__in=[f"{each}_account" for each in actions])
        )
        with override(schema):
            user.groups.add(group)
    return log_in(client, user)


@pytest.mark.parametrize("address", PAGES_OF_PRIVATE_MODEL)
def test_with_no_schema_a_page_of_a_private_model_sends_to_the_chooser_and_says_why(boss, address):
    response = boss.get(address)

    assert response.status_code == 302
    assert response.url.startswith("/__change_schema__/?next=%2Fadmin%2Ftestapp%2F")
    (message,) = get_messages(response.wsgi_request)
    assert str(message).endswith("belong to a schema. Choose one to see them.")


def test_with_no_schema_who_has_no_rights_at_all_yet_is_sent_to_the_chooser_too(editor):
    response = editor.get(CHANGELIST)

    assert response.url == "/__change_schema__/?next=%2Fadmin%2Ftestapp%2Faccount%2F"


@pytest.mark.parametrize(("schema", "status"), [(None, 302), ("a", 200), ("b", 200)])
def test_the_list_of_an_app_sends_who_sees_nothing_of_it_to_the_chooser(editor, schema, status):
    if schema:
        enter(editor, schema)

    response = editor.get("/admin/testapp/")

    assert response.status_code == status
    if not schema:
        assert response.url == "/__change_schema__/?next=%2Fadmin%2Ftestapp%2F"
        (message,) = get_messages(response.wsgi_request)
        assert str(message) == "You must select a schema to access that resource"


def test_the_list_of_a_shared_app_of_which_one_sees_nothing_is_not_found_as_by_django(editor):
    assert editor.get("/admin/auth/").status_code == 404


def test_with_no_schema_who_sees_something_of_an_app_has_its_list(boss):
    assert boss.get("/admin/testapp/").status_code == 200


def test_with_no_schema_an_action_does_nothing_but_send_to_the_chooser(boss):
    response = boss.post(
        CHANGELIST, {"action": "delete_selected", "_selected_action": ["1"], "post": "yes"}
    )

    assert response.url.startswith("/__change_schema__/")
    with override("a"):
        assert Account.objects.filter(pk=1).exists()


def test_with_no_schema_a_form_is_not_saved(boss):
    response = boss.post(f"{CHANGELIST}1/change/", {"owner": "nobody"})

    assert response.url.startswith("/__change_schema__/")
    with override("a"):
        assert Account.objects.get(pk=1).owner == "a"


def test_with_no_schema_a_script_is_told_in_its_own_way(boss):
    response = boss.get(CHANGELIST, headers=JSON)

    assert response.status_code == 400


def test_somebody_who_is_not_logged_in_meets_the_login_page_first(client, schemata):
    response = client.get(CHANGELIST)

    assert response.url.startswith("/admin/login/")


@pytest.mark.parametrize("schema", ["a", "b"])
def test_with_a_schema_the_pages_show_its_objects_and_say_whose_they_are(boss, schema):
    Schema.objects.filter(pk=schema).update(name=f"School {schema} & Co")
    enter(boss, schema)

    for address in PAGES_OF_PRIVATE_MODEL[:3] + PAGES_OF_PRIVATE_MODEL[4:]:
        page = text_of(boss.get(address))
        assert WHOSE.format(f"School {schema} &amp; Co") in page
    assert f"account of {schema}" in text_of(boss.get(f"{CHANGELIST}1/change/"))


def test_a_page_of_a_shared_model_does_not_say_that_its_objects_are_a_schemas(boss_in_a):
    page = text_of(boss_in_a.get("/admin/testapp/region/"))

    assert "boardinghouse-whose" not in page


def test_the_index_says_that_a_schema_is_missing_and_not_when_there_is_one(boss):
    assert "You are in no schema" in text_of(boss.get("/admin/"))
    assert "You are in no schema" in text_of(boss.get("/admin/testapp/"))

    enter(boss, "a")

    assert "You are in no schema" not in text_of(boss.get("/admin/"))


def test_permissions_in_the_admin_are_those_in_the_active_schema(editor):
    enter(editor, "a")
    assert editor.get(f"{CHANGELIST}add/").status_code == 200

    enter(editor, "b")

    assert editor.get(f"{CHANGELIST}add/").status_code == 403
    assert editor.get(CHANGELIST).status_code == 200
    assert change(editor, f"{CHANGELIST}1/delete/", expected=403, post="yes")


def test_a_form_changes_the_object_of_the_active_schema_alone(editor):
    enter(editor, "a")
    prefix = "entries"
    management = {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}

    region, keeper = Region.objects.create(name="north"), get_user_model().objects.get()

    values = {"owner": "new", "region": region.pk, "keeper": keeper.pk, **management}
    change(editor, f"{CHANGELIST}1/change/", **values)

    with override("a"):
        assert Account.objects.get(pk=1).owner == "new"
    with override("b"):
        assert Account.objects.get(pk=1).owner == "b"


class TestAutocomplete:
    ACCOUNTS = "/admin/autocomplete/?app_label=testapp&model_name=entry&field_name=account"
    REGIONS = "/admin/autocomplete/?app_label=testapp&model_name=account&field_name=region"

    def test_of_a_private_model_with_no_schema_sends_to_the_chooser(self, boss):
        response = boss.get(self.ACCOUNTS)

        assert response.status_code == 302
        assert response.url.startswith("/__change_schema__/?next=")
        assert [str(each) for each in get_messages(response.wsgi_request)]

    def test_sends_who_has_no_rights_without_a_schema_to_the_chooser_too(self, editor):
        response = editor.get(self.ACCOUNTS)

        assert response.status_code == 302
        assert response.url.startswith("/__change_schema__/?next=")

    def test_of_a_private_model_with_no_schema_tells_the_widget_what_is_wrong(self, boss):
        response = boss.get(self.ACCOUNTS, headers={"X-Requested-With": "XMLHttpRequest"})

        assert response.status_code == 400
        assert b"You must select a schema" in response.content

    def test_of_a_private_model_finds_the_active_schemas_objects(self, boss_in_a):
        found = boss_in_a.get(self.ACCOUNTS).json()["results"]

        assert found == [{"id": "1", "text": "account of a"}]

    def test_of_a_shared_model_needs_no_schema(self, boss):
        Region.objects.create(name="north")

        assert len(boss.get(self.REGIONS).json()["results"]) == 1


class TestInlines:
    @pytest.fixture
    def region(self, schemata):
        region = Region.objects.create(name="north")
        with override("a"):
            Account.objects.update(region=region)
        return f"/admin/testapp/region/{region.pk}/change/"

    def test_of_private_models_are_left_out_of_shared_models_pages_with_no_schema(
        self, boss, region
    ):
        assert "account_set" not in text_of(boss.get(region))

    def test_of_private_models_are_there_with_a_schema(self, boss_in_a, region):
        assert "account of a" in text_of(boss_in_a.get(region))

    def test_say_on_a_shared_models_page_whose_they_are(self, boss_in_a, region):
        Schema.objects.filter(pk="a").update(name="School & Co")
        here = WHOSE.format("What belongs to a schema on this page is of School &amp; Co.")

        for address in (region, "/admin/testapp/region/add/"):
            assert here in text_of(boss_in_a.get(address))
        for address in ("/admin/testapp/region/", region.replace("change", "history")):
            assert "boardinghouse-whose" not in text_of(boss_in_a.get(address))

    def test_leave_people_free_to_switch_there(self, boss_in_a, region):
        page = text_of(boss_in_a.get(region))

        assert '<select name="schema"' in page

    def test_that_are_left_out_are_missed(self, boss, region):
        assert "You are in no schema" in text_of(boss.get(region))
        assert "You are in no schema" not in text_of(boss.get("/admin/auth/group/add/"))

    def test_a_shared_object_can_be_saved_without_them(self, boss, region):
        change(boss, region, name="south")

        assert Region.objects.get().name == "south"
        with override("a"):
            assert Account.objects.get(pk=1).region.name == "south"

    def test_of_a_private_models_own_page_are_the_active_schemas(self, boss_in_a):
        page = text_of(boss_in_a.get(f"{CHANGELIST}1/change/"))

        assert INLINE in page
        assert f'value="{ord("a")}"' in page
        assert f'value="{ord("b")}"' not in page


class TestRegistration:
    @pytest.fixture
    def site(self):
        return SchemaAdminSite(name="another")

    def test_a_private_models_class_gets_what_it_needs_and_stays_what_it_is(self, site):
        class AccountAdmin(admin.ModelAdmin):
            "Mine."

            list_display = ["owner"]

        site.register(Account, AccountAdmin)

        ours = site.get_model_admin(Account)
        assert isinstance(ours, AccountAdmin)
        assert isinstance(ours, PrivateModelAdmin)
        assert str(ours) == "testapp.AccountAdmin"
        assert (type(ours).__module__, type(ours).__doc__) == (__name__, "Mine.")
        assert not issubclass(AccountAdmin, PrivateModelAdmin)

    def test_a_shared_models_class_gets_less(self, site):
        site.register(Region)

        ours = site.get_model_admin(Region)
        assert isinstance(ours, SchemaAwareAdmin)
        assert not isinstance(ours, PrivateModelAdmin)

    def test_the_decorator_several_models_and_options_work(self, site):
        @admin.register(Account, Entry, Region, site=site)
        class AnyAdmin(admin.ModelAdmin):
            pass

        site.register([Team], list_display=["name"])

        assert isinstance(site.get_model_admin(Entry), PrivateModelAdmin)
        assert not isinstance(site.get_model_admin(Region), PrivateModelAdmin)
        assert site.get_model_admin(Team).list_display == ["name"]
        assert str(site.get_model_admin(Team)) == "testapp.TeamAdmin"

    def test_a_class_that_was_fitted_is_taken_as_it_is(self, site):
        fitted = fit(admin.ModelAdmin, Account)

        site.register(Account, fitted)

        assert type(site.get_model_admin(Account)) is fitted

    def test_a_model_can_be_unregistered_and_registered_again(self, site):
        site.register(Account)
        site.unregister(Account)
        assert not site.is_registered(Account)

        site.register(Account)

        assert isinstance(site.get_model_admin(Account), PrivateModelAdmin)

    def test_registering_twice_is_refused_as_by_django(self, site):
        site.register(Account)

        with pytest.raises(admin.exceptions.AlreadyRegistered, match="in app 'testapp'"):
            site.register(Account)

    def test_an_abstract_model_is_refused_as_by_django(self, site):
        from boardinghouse.models import AbstractSchema

        with pytest.raises(ImproperlyConfigured, match="abstract"):
            site.register(AbstractSchema)

    def test_addresses_of_ones_own_are_guarded_too(self, site, schemata, superuser, settings):
        class AccountAdmin(admin.ModelAdmin):
            def get_urls(self):
                mine = [
                    path("mine/", self.admin_site.admin_view(self.show), name="mine"),
                    path("more/", include([path("here/", self.show)])),
                ]
                return mine + super().get_urls()

            def show(self, request):
                return HttpResponse("reached")

        site.register(Account, AccountAdmin)
        request = RequestFactory().get("/")
        request.user = superuser
        superuser.is_staff = True
        views = [
            resolved.func
            for resolved in (
                find(site.get_model_admin(Account).get_urls(), "mine/"),
                find(site.get_model_admin(Account).get_urls(), "more/here/"),
            )
        ]

        assert [view(request).status_code for view in views] == [302, 302]
        with override("a"):
            assert [view(request).content for view in views] == [b"reached", b"reached"]

    def test_a_coroutine_is_left_to_the_middleware(self, site):
        class AccountAdmin(admin.ModelAdmin):
            def get_urls(self):
                return [path("mine/", self.show)]

            async def show(self, request):
                return HttpResponse("reached")

        site.register(Account, AccountAdmin)
        ours = site.get_model_admin(Account)

        assert find(ours.get_urls(), "mine/").func == ours.show


def find(urls, address):
    """Return the match of an address among URL patterns."""
    return next(match for url in urls if (match := url.resolve(address)))


class TestPlainAdminSite:
    """Django's own site, for a project that has not taken ours."""

    @pytest.fixture(autouse=True)
    def site(self, settings):
        settings.ROOT_URLCONF = "tests.plain_admin_urls"

    def test_shows_the_active_schemas_objects(self, boss_in_a):
        assert "account of a" in text_of(boss_in_a.get(f"{CHANGELIST}1/change/"))

    def test_with_no_schema_sends_to_the_chooser_all_the_same(self, boss):
        response = boss.get(CHANGELIST)

        assert response.url.startswith("/__change_schema__/?next=")

    def test_has_a_header_without_scripts_of_ours_that_need_our_site(self, boss_in_a):
        make_rows(20)

        assert "boardinghouse_admin/switcher.js" not in text_of(boss_in_a.get("/admin/"))


class TestSwitcher:
    FORM = 'class="boardinghouse-switcher"'

    def test_is_on_every_page_with_our_scripts(self, boss_in_a):
        for address in (
            "/admin/",
            "/admin/testapp/",
            "/admin/password_change/",
            CHANGELIST,
            f"{CHANGELIST}add/",
            f"{CHANGELIST}1/change/",
            f"{CHANGELIST}1/delete/",
            f"{CHANGELIST}1/history/",
            "/admin/auth/user/",
            "/admin/auth/group/add/",
            "/admin/boardinghouse/schema/a/delete/",
        ):
            page = text_of(boss_in_a.get(address))
            assert self.FORM in page, address
            assert "boardinghouse/boardinghouse.js" in page, address

    def test_is_not_on_the_login_page(self, client, schemata):
        assert self.FORM not in text_of(client.get("/admin/login/"))

    def test_is_not_in_a_popup_whose_page_still_says_whose_objects_it_shows(self, boss_in_a):
        page = text_of(boss_in_a.get(f"{CHANGELIST}add/?_popup=1"))

        assert self.FORM not in page
        assert WHOSE.format("a") in page

    def test_survives_a_projects_own_base_site(self, boss_in_a, settings, tmp_path):
        (tmp_path / "admin").mkdir()
        (tmp_path / "admin" / "base_site.html").write_text(
            '{% extends "admin/base.html" %}{% block branding %}Mine{% endblock %}'
            "{% block extrahead %}{% endblock %}{% block welcome-msg %}{% endblock %}"
            "{% block userlinks %}{% endblock %}{% block nav-global %}{% endblock %}"
        )
        settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]

        page = text_of(boss_in_a.get("/admin/"))

        assert "Mine" in page
        assert self.FORM in page
        assert "boardinghouse/boardinghouse.js" in page

    @pytest.mark.parametrize("page", ["change", "delete", "history"])
    def test_is_disabled_with_the_reason_at_an_object_of_a_schema(self, boss_in_a, page):
        html = text_of(boss_in_a.get(f"{CHANGELIST}1/{page}/"))

        assert "This account belongs here. Leave it to go elsewhere." in html
        assert '<select name="schema"' not in html

    @pytest.mark.parametrize(
        "address", [CHANGELIST, f"{CHANGELIST}add/", "/admin/testapp/region/add/"]
    )
    def test_is_not_disabled_anywhere_else(self, boss_in_a, address):
        assert '<select name="schema"' in text_of(boss_in_a.get(address))

    def test_is_not_disabled_at_a_shared_object(self, boss_in_a):
        region = Region.objects.create(name="north")

        page = text_of(boss_in_a.get(f"/admin/testapp/region/{region.pk}/change/"))

        assert '<select name="schema"' in page

    def test_switches_without_a_script(self, boss_in_a):
        change(boss_in_a, "/__change_schema__/", schema="b", next=CHANGELIST)

        assert WHOSE.format("b") in text_of(boss_in_a.get(CHANGELIST))

    def test_is_one_query(self, boss_in_a):
        boss_in_a.get(CHANGELIST)

        with CaptureQueriesContext(connection) as captured:
            text_of(boss_in_a.get(CHANGELIST))

        asked = [each["sql"] for each in captured if 'FROM "boardinghouse_schema"' in each["sql"]]
        entering = [sql for sql in asked if "set_config" in sql]
        assert (len(asked), len(entering)) == (2, 1)

    def test_and_the_header_cost_the_same_with_many_objects(
        self, boss_in_a, django_assert_max_num_queries
    ):
        with override("a"):
            Account.objects.bulk_create(
                Account(pk=number, owner=str(number)) for number in range(2, 50)
            )
        boss_in_a.get(CHANGELIST)

        # Session, user, entering, regions to filter by, two counts, the page, switcher, leaving.
        with django_assert_max_num_queries(9):
            text_of(boss_in_a.get(CHANGELIST))


class TestSearchableSwitcher:
    ADDRESS = "/admin/schemata.json"

    @pytest.fixture
    def many(self, schemata):
        return make_rows(30)

    def test_above_fifteen_is_a_search_with_the_admins_autocomplete(self, boss, many):
        page = text_of(boss.get("/admin/"))

        assert "boardinghouse_admin/switcher.js" in page
        assert f'data-address="{self.ADDRESS}"' in page

    def test_up_to_fifteen_is_a_list(self, boss):
        make_rows(13)

        page = text_of(boss.get("/admin/"))

        assert page.count("<option") == 16
        assert "boardinghouse_admin/switcher.js" not in page

    def test_without_a_script_searches_in_the_chooser(self, boss, many):
        page = text_of(boss.get("/admin/"))

        assert '<input type="search" name="q"' in page

    def test_finds_what_the_person_may_enter_and_nothing_else(self, client, many):
        user = make_user("staff", many[3], many[4], is_staff=True)
        log_in(client, user)

        found = client.get(self.ADDRESS, {"term": "school"}).json()

        assert found["results"] == [
            {"id": "school_03", "text": "school_03"},
            {"id": "school_04", "text": "school_04"},
        ]
        assert found["pagination"] == {"more": False}

    def test_pages_through_many(self, boss, many):
        first = boss.get(self.ADDRESS).json()
        second = boss.get(self.ADDRESS, {"page": 2}).json()

        assert (len(first["results"]), first["pagination"]["more"]) == (20, True)
        assert (len(second["results"]), second["pagination"]["more"]) == (12, False)

    def test_bears_any_text(self, boss, many):
        assert boss.get(self.ADDRESS, {"term": "\x00'%_\\"}).json()["results"] == []

    def test_is_for_staff_only(self, client, member, many):
        log_in(client, member)

        assert client.get(self.ADDRESS).status_code == 302


class TestStaleTabs:
    """The admin's forms say which schema they were made in, with no script too."""

    @pytest.mark.parametrize(
        "address",
        [CHANGELIST, f"{CHANGELIST}add/", f"{CHANGELIST}1/change/", f"{CHANGELIST}1/delete/"],
    )
    def test_a_form_has_the_field(self, boss_in_a, address):
        page = text_of(boss_in_a.get(address))

        assert '<input type="hidden" name="__expected_schema" value="a">' in page

    def test_the_confirmation_of_deleting_several_has_it(self, boss_in_a):
        response = boss_in_a.post(
            CHANGELIST, {"action": "delete_selected", "_selected_action": ["1"]}
        )

        assert '<input type="hidden" name="__expected_schema" value="a">' in text_of(response)


def test_an_error_page_in_the_admins_looks_needs_no_request(boss_in_a):
    from django.template.loader import render_to_string

    assert "Server error" in render_to_string("admin/500.html")
