"""What the tests of queries over many schemata arrange."""

from boardinghouse.multi import MultiSchemaManager
from boardinghouse.schema import override
from tests.conftest import NAMES
from tests.testapp.models import Account, Region, Team


def many(model):
    """Return a manager as a model would have it."""
    manager = MultiSchemaManager()
    manager.model, manager.name = model, "many"
    return manager


def add_accounts_with_a_region():
    """Put a second account into each schema, in a region that has a team."""
    north = Region.objects.create(pk=7, name="north")
    Team.objects.create(pk=1, name="movers").regions.add(north)
    for name in NAMES:
        with override(name):
            Account.objects.create(pk=2, owner=f"{name}2", region=north)


def owners_of(accounts):
    return [account.owner for account in accounts]
