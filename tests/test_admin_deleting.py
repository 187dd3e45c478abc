"""The admin's confirmation pages: deleting a shared object tells what goes in each schema."""

import pytest
from django.contrib import admin
from django.contrib.admin.utils import get_deleted_objects
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from boardinghouse import ddl
from boardinghouse.contrib.admin.fitting import fit
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import get_active_schema_name, override, working_in
from tests.browsers import enter
from tests.conftest import NAMES, make_user
from tests.lending.models import Loan, Note, Reminder, Title
from tests.testapp.models import Account

pytestmark = pytest.mark.django_db

CHANGELIST = "/admin/lending/title/"
ELSEWHERE = "objects in schemata that you may not enter"


@pytest.fixture
def title(schemata):
    Title.objects.create(pk=1, code="first", name="first")
    return Title.objects.create(pk=2, code="second", name="second")


@pytest.fixture
def boss(client, title):
    client.force_login(make_user("boss", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def librarian(client, title, schemata):
    """May delete in a and in b, and enter a only."""
    user = make_user("librarian", schemata[0], is_staff=True)
    for name in NAMES:
        with override(name):
            user.user_permissions.set(
                Permission.objects.filter(codename__in=("delete_title", "delete_loan"))
            )
    client.force_login(user)
    enter(client, "a")
    return client


def lend(schema, key="cascade", pk=1, **fields):
    with override(schema):
        return Loan.objects.create(pk=pk, reader=f"{schema}'s reader", **{key: fields.pop("to")})


def page(client, pk=2):
    response = client.get(f"{CHANGELIST}{pk}/delete/")
    assert response.status_code == 200
    return response.content.decode()


def has_loans(schema):
    with override(schema):
        return Loan.objects.exists()


class TestOneObject:
    @pytest.mark.parametrize("active", [None, "a", "b"])
    def test_what_goes_is_listed_with_its_schema(self, boss, title, active):
        for name in NAMES:
            lend(name, to=title)
        if active:
            enter(boss, active)

        shown = page(boss)

        for name in NAMES:
            link = f'<a href="/admin/lending/loan/1/change/?__schema={name}">'
            assert f"<li>Loan: {link}loan to {name}&#x27;s reader</a> (in {name})" in shown
        assert "<li>Loans: 2</li>" in shown

    def test_text_that_asks_its_own_schema(self, boss, title):
        for name in NAMES:
            with working_in(name):
                Reminder.objects.create(pk=1, loan=lend(name, to=title))
        enter(boss, "a")

        shown = page(boss)

        for name in NAMES:
            assert f"reminder to {name}&#x27;s reader" in shown
        assert shown.index("loan to b") < shown.index("reminder to b")

    @pytest.mark.parametrize("key", ["protect", "restrict"])
    def test_what_prevents_it_is_shown_and_nothing_is_deleted(self, boss, title, key):
        lend("a", to=title)
        lend("b", key=key, to=title)

        shown = page(boss)
        boss.post(f"{CHANGELIST}2/delete/", {"post": "yes"})

        assert "Cannot delete title" in shown
        assert "b&#x27;s reader</a> (in b)" in shown.split("protected related objects")[1]
        assert has_loans("a")
        assert Title.objects.filter(pk=2).exists()

    @pytest.mark.parametrize("active", [None, "a"])
    def test_it_is_deleted(self, boss, title, active):
        for name in NAMES:
            lend(name, to=title)
        if active:
            enter(boss, active)

        boss.post(f"{CHANGELIST}2/delete/", {"post": "yes"})

        assert not has_loans("a")
        assert not has_loans("b")
        assert not Title.objects.filter(pk=2).exists()

    def test_a_generic_relation(self, boss, title):
        for name in NAMES:
            with override(name):
                Note.objects.create(pk=1, text=f"note of {name}", about=title)

        shown = page(boss)

        for name in NAMES:
            assert f"Note: note of {name} (in {name})" in shown

    def test_rows_of_the_template(self, boss, title):
        with working_in(TEMPLATE):
            Loan.objects.create(reader="everybody", cascade=title)

        assert "loan to everybody</a> (in the template of new schemata)" in page(boss)

    def test_a_user(self, boss):
        user = make_user("ann")
        for name in NAMES:
            with override(name):
                Account.objects.update(keeper=user)

        address = f"/admin/auth/user/{user.pk}/delete/"
        shown = boss.get(address).content.decode()
        boss.post(address, {"post": "yes"})

        for name in NAMES:
            assert f"account of {name}</a> (in {name})" in shown
        assert not User.objects.filter(pk=user.pk).exists()

    def test_more_than_fits_is_told_and_not_done(self, boss, title, monkeypatch):
        lend("a", to=title)
        monkeypatch.setattr("boardinghouse.references.FEW", 0)
        monkeypatch.setattr(ddl, "lock_budget", lambda connection: 10)

        shown = page(boss)
        boss.post(f"{CHANGELIST}2/delete/", {"post": "yes"})

        assert "ALTER SYSTEM SET max_locks_per_transaction" in shown
        assert has_loans("a")


class TestPermissions:
    def test_rows_here_are_shown(self, librarian, title):
        lend("a", to=title)

        assert "a&#x27;s reader" in page(librarian)
        librarian.post(f"{CHANGELIST}2/delete/", {"post": "yes"})

        assert not has_loans("a")

    def test_rows_in_schemata_that_one_may_not_enter_are_neither_shown_nor_deleted(
        self, librarian, title
    ):
        lend("a", to=title)
        lend("b", to=title)

        shown = page(librarian)
        refused = librarian.post(f"{CHANGELIST}2/delete/", {"post": "yes"})

        assert ELSEWHERE in shown
        assert "b&#x27;s reader" not in shown
        assert "(in b)" not in shown
        assert refused.status_code == 403
        assert has_loans("a")
        assert has_loans("b")

    def test_what_protects_elsewhere_is_not_shown(self, librarian, title):
        lend("b", key="protect", to=title)

        shown = page(librarian)

        assert ELSEWHERE in shown
        assert "b&#x27;s reader" not in shown

    def test_each_schema_has_permissions_of_its_own(self, librarian, title, schemata):
        user = User.objects.get(username="librarian")
        user.schemata.set(schemata)
        with override("b"):
            user.user_permissions.clear()
        lend("b", to=title)

        shown = page(librarian)
        refused = librarian.post(f"{CHANGELIST}2/delete/", {"post": "yes"})

        assert "your account doesn't have permission" in shown.replace("&#x27;", "'")
        assert refused.status_code == 403
        assert has_loans("b")


class TestSelected:
    def test_what_goes_is_listed_and_then_deleted(self, boss, title):
        lend("a", to=title)
        lend("b", to=Title.objects.get(pk=1))
        chosen = {"action": "delete_selected", "_selected_action": ["1", "2"]}

        shown = boss.post(CHANGELIST, chosen).content.decode()
        boss.post(CHANGELIST, {**chosen, "post": "yes"})

        assert "a&#x27;s reader</a> (in a)" in shown
        assert "b&#x27;s reader</a> (in b)" in shown
        assert not Title.objects.exists()
        assert not has_loans("a")
        assert not has_loans("b")

    def test_what_protects_one_keeps_all(self, boss, title):
        lend("b", key="protect", to=title)
        chosen = {"action": "delete_selected", "_selected_action": ["1", "2"], "post": "yes"}

        shown = boss.post(CHANGELIST, chosen).content.decode()

        assert "b&#x27;s reader</a> (in b)" in shown
        assert Title.objects.count() == 2


class TestOtherAdmins:
    def request(self, user):
        request = RequestFactory().get("/")
        request.user = user
        return request

    def test_djangos_own_list_has_the_rows_of_all_schemata(self, title):
        for name in NAMES:
            lend(name, to=title)
        request = self.request(make_user("boss", is_superuser=True))

        tree, count, lacking, protected = get_deleted_objects([title], request, admin.site)

        assert [line.split(">")[1] for line in tree[1]] == [
            "loan to a&#x27;s reader</a",
            "loan to b&#x27;s reader</a",
        ]
        assert (count, lacking, protected) == ({"titles": 1, "loans": 2}, set(), [])

    def test_djangos_own_list_has_what_protects(self, title):
        lend("b", key="protect", to=title)
        request = self.request(make_user("boss", is_superuser=True))

        _tree, _count, _lacking, protected = get_deleted_objects([title], request, admin.site)

        assert len(protected) == 1

    def test_a_projects_own_method_comes_first(self, title):
        class Own(admin.ModelAdmin):
            def get_deleted_objects(self, objs, request):
                return ["mine"], {}, set(), []

        page = fit(Own, Title)(Title, admin.site)

        assert page.get_deleted_objects([title], None)[0] == ["mine"]

    def test_nothing_selected(self, title):
        page = fit(admin.ModelAdmin, Title)(Title, admin.site)

        assert page.get_deleted_objects(Title.objects.none(), None) == ([], {}, set(), [])

    def test_a_private_objects_page_costs_what_it_costs_in_django(self, title):
        loan = lend("a", to=title)
        request = self.request(make_user("boss", is_superuser=True))

        with override("a"), CaptureQueriesContext(connection) as captured:
            tree, *_rest = admin.site.get_model_admin(Loan).get_deleted_objects([loan], request)

        assert "(in a)" not in str(tree)
        assert not [each for each in captured if "UNION ALL" in each["sql"]]

    def test_an_object_without_a_page_has_no_link(self, title, monkeypatch):
        lend("a", to=title)
        request = self.request(make_user("boss", is_superuser=True))
        site = admin.AdminSite(name="nowhere")
        site.register(Loan)
        page = fit(admin.ModelAdmin, Title)(Title, site)

        tree, *_rest = page.get_deleted_objects([title], request)

        assert tree == ["Title: second", ["Loan: loan to a&#x27;s reader (in a)"]]
        assert get_active_schema_name() is None
