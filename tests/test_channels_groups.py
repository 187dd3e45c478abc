"""Names of groups: no two schemata share one, and every layer takes them."""

from hashlib import sha256
from itertools import product
from uuid import UUID

import pytest
from channels.layers import BaseChannelLayer

from boardinghouse.contrib.channels import schema_group
from boardinghouse.contrib.channels.groups import (
    group_of_schema,
    group_of_session,
    group_of_user,
)
from boardinghouse.exceptions import NoActiveSchema
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import override, working_in

LONGEST = "s" * 63
NASTY = (
    "",
    "room",
    "room.1",
    "1",
    '"',
    ",",
    '", "',
    "é",
    "\n",
    "\x00",
    "\udcff",
    "🏫",
    "a" * 500,
    "[1]",
)


def group_in(schema, *parts):
    with override(schema):
        return schema_group(*parts)


def test_every_layer_takes_any_name():
    for schema, first, second in product(("a", LONGEST), NASTY, NASTY):
        assert BaseChannelLayer().require_valid_group_name(group_in(schema, first, second))


def test_no_two_names_are_equal():
    names = [
        group_in(schema, *parts)
        for schema in ("a", "b", "a_1", LONGEST)
        for count in range(4)
        for parts in product(NASTY, repeat=count)
    ]

    assert len(set(names)) == len(names)


def test_a_number_in_an_address_means_the_primary_key():
    pk = UUID(int=1)

    assert group_in("a", "room", 1) == group_in("a", "room", "1")
    assert group_in("a", "room", pk) == group_in("a", "room", str(pk))


def test_a_name_is_the_same_in_every_process():
    expected = sha256(b'["default", "room", "1"]').hexdigest()

    assert group_in("a", "room", 1) == f"a.{expected[:32]}"


def test_schemata_of_two_databases_do_not_share_one(settings):
    class Other:
        def db_for_write(self, model, **hints):
            return "other"

    here = group_in("a", "room", 1)
    settings.DATABASE_ROUTERS = [Other()]

    assert group_in("a", "room", 1) != here


def test_without_a_schema_there_is_no_group():
    with pytest.raises(NoActiveSchema, match=r"'room', 1\? Call schema_group"):
        schema_group("room", 1)


def test_our_own_groups_are_nobodys(settings):
    databases = ("default", "other")
    ours = [
        group_of_session("key"),
        *(group_of_user("key", using) for using in databases),
        *(group_of_schema("key", using) for using in databases),
    ]

    assert len(set(ours)) == 5
    for name in ours:
        assert BaseChannelLayer().require_valid_group_name(name)
        assert name.startswith("boardinghouse-")
    with working_in(TEMPLATE):
        assert not schema_group("room").startswith("boardinghouse-")


def test_a_sessions_key_cannot_be_checked_against_its_group(settings):
    before = group_of_session("key")

    settings.SECRET_KEY = "another"

    assert group_of_session("key") != before
