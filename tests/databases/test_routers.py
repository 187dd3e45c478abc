"""The router: the active database or an error, and nothing between two."""

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connections, router

from boardinghouse.contrib.databases import DatabaseRouter, database
from boardinghouse.exceptions import NoActiveDatabase, WrongDatabase, WrongSchema
from boardinghouse.schema import override
from tests.databases.conftest import BOTH
from tests.testapp.models import Account, Entry, Project, Region, Team

pytestmark = pytest.mark.django_db(databases=BOTH)


def load(alias, name="a"):
    with database(alias), override(name):
        return Account.objects.get()


@pytest.mark.parametrize("model", [Account, Region, User, ContentType])
def test_no_active_database_is_an_error_that_names_the_model(hosts, model):
    with pytest.raises(NoActiveDatabase, match=model._meta.label):
        model.objects.count()
    with pytest.raises(NoActiveDatabase, match=model._meta.label):
        model.objects.create()
    with pytest.raises(NoActiveDatabase, match="with_database ALIAS COMMAND"):
        model.objects.update()


def test_so_it_is_for_an_instance_of_a_database(customers):
    account = load("default")

    with override("a"), pytest.raises(NoActiveDatabase, match=r"testapp\.Account"):
        account.save()


def test_an_instance_of_another_database_is_refused(customers):
    account = load("default")

    with database("other"), override("a"):
        for act in (account.save, account.delete, account.refresh_from_db, account.entries.count):
            with pytest.raises(WrongDatabase, match="in the database 'default', and 'other'"):
                act()
        assert Account.objects.get().owner == "other:a"


def test_relations_stay_within_a_database(customers):
    with database("default"):
        here = Region.objects.create(pk=1, name="here")
    with database("other"):
        there = Region.objects.create(pk=1, name="there")
        team = Team.objects.create()
        team.regions.add(there)

        with pytest.raises(WrongDatabase):
            Account(region=here)
        with pytest.raises(ValueError, match='on database "other"'):
            team.regions.add(here)

    assert DatabaseRouter().allow_relation(here, there) is False
    assert DatabaseRouter().allow_relation(team, there) is None


def test_an_unsaved_object_counts_as_the_active_database_s(customers):
    account = load("default")

    with database("other"):
        assert DatabaseRouter().allow_relation(Entry(), account) is False
    with database("default"), override("a"):
        Entry.objects.create(account=account)
        project = Project.objects.create()
        project.accounts.add(account)
        assert project.accounts.get() == account


def test_the_schema_router_is_asked_too(customers):
    account = load("default", "a")

    with database("default"), override("b"), pytest.raises(WrongSchema):
        account.save()


def test_both_routers_together_choose_the_active_database(customers):
    with database("other"):
        assert router.db_for_read(Account) == router.db_for_write(User) == "other"
        assert ContentType.objects.get_for_model(Account)._state.db == "other"


def test_tables_are_made_where_the_engine_is_ours(hosts, settings):
    assert router.allow_migrate("other", "testapp") is True

    class Plain:
        pass

    before, connections["other"] = connections["other"], Plain()
    try:
        assert router.allow_migrate("other", "testapp") is False
    finally:
        connections["other"] = before
