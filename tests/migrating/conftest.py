"""One farm for all tests of this package; what a test does to it is rolled back."""

import pytest
from django.db import transaction

from tests.migrating.farm import Farm, make_schemata, make_twin, start


@pytest.fixture(scope="package")
def begun_farm(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        make_schemata()
        make_twin()
        farm = Farm()
        farm.apply(*start())
        yield farm
        transaction.set_rollback(True)


@pytest.fixture
def farm(begun_farm, db):
    """A farm, and the schemata a and b, before any migration but the first."""
    return begun_farm.copy()
