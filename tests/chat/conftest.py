"""People who talk in two schemata."""

import pytest

from boardinghouse.contrib.chat.rooms import create_room
from boardinghouse.schema import override
from tests.conftest import make_user


@pytest.fixture
def anna(schemata):
    return make_user("anna", *schemata)


@pytest.fixture
def ben(schemata):
    return make_user("ben", *schemata)


@pytest.fixture
def rooms(anna, ben):
    """The room of the same two in each schema."""
    found = {}
    for name in ("a", "b"):
        with override(name):
            found[name] = create_room([anna, ben])
    return found
