"""A user may do other things in another schema, whoever asks, and with whichever object."""

import pickle

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission

from boardinghouse.permissions import PermissionCache, forget_permissions
from boardinghouse.schema import override

PERMISSION = "testapp.view_account"
User = get_user_model()


@pytest.fixture
def reader_in_a(member):
    """A user who may look at accounts in schema a and not in b, loaded anew."""
    group = Group.objects.create(name="readers")
    group.permissions.add(Permission.objects.get(codename="view_account"))
    with override("a"):
        member.groups.add(group)
    return User.objects.get(pk=member.pk)


def may_read_in(user, schema):
    with override(schema):
        return user.has_perm(PERMISSION)


def test_one_object_is_asked_in_one_schema_after_another(reader_in_a):
    found = [may_read_in(reader_in_a, schema) for schema in ("a", "b", None, "a")]

    assert found == [True, False, False, True]


def test_every_kind_of_question_is_answered_by_the_schema(reader_in_a):
    def ask():
        return [
            reader_in_a.get_all_permissions(),
            reader_in_a.get_group_permissions(),
            reader_in_a.has_module_perms("testapp"),
        ]

    with override("a"):
        here = ask()
    with override("b"):
        there = ask()

    assert here == [{PERMISSION}, {PERMISSION}, True]
    assert there == [set(), set(), False]


def test_async_code_is_answered_by_the_schema(reader_in_a):
    @async_to_sync
    async def ask():
        found = []
        for schema in ("a", "b"):
            with override(schema):
                found.append(await reader_in_a.ahas_perm(PERMISSION))
        return found

    assert ask() == [True, False]


def test_what_was_looked_up_in_a_schema_is_kept_there(reader_in_a, django_assert_num_queries):
    for schema in ("a", "b"):
        may_read_in(reader_in_a, schema)

    with django_assert_num_queries(0):
        found = [may_read_in(reader_in_a, schema) for schema in ("a", "b")]

    assert found == [True, False]


def test_a_pickled_user_keeps_schemata_apart(reader_in_a):
    may_read_in(reader_in_a, "a")

    loaded = pickle.loads(pickle.dumps(reader_in_a))

    assert [may_read_in(loaded, schema) for schema in ("a", "b")] == [True, False]


def test_they_can_be_forgotten(reader_in_a):
    may_read_in(reader_in_a, "a")
    with override("a"):
        reader_in_a.groups.clear()

        forget_permissions(reader_in_a)

    assert not may_read_in(reader_in_a, "a")


def test_deleting_what_is_not_there_is_an_error_as_ever(reader_in_a):
    with pytest.raises(AttributeError, match="_perm_cache"):
        del reader_in_a._perm_cache


def test_the_class_shows_what_stands_there():
    assert isinstance(User._perm_cache, PermissionCache)
