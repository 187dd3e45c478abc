"""What a shared object has found of private rows is shown in their own schema alone."""

import pickle
from types import SimpleNamespace

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.core.exceptions import ObjectDoesNotExist
from django.core.serializers import serialize
from django.db.models import prefetch_related_objects

from boardinghouse.exceptions import NoActiveSchema
from boardinghouse.kept import KeptBySchema, Prefetched, forget_permissions, private_relations
from boardinghouse.schema import override
from tests.conftest import make_user
from tests.lending.models import Note, Reader
from tests.testapp.models import Account, Region

PERMISSION = "testapp.view_account"
User = get_user_model()


class TestPermissions:
    """``user.has_perm()``, whoever asks, and with whichever object."""

    @pytest.fixture
    def reader_in_a(self, member):
        """A user who may look at accounts in schema a and not in b, loaded anew."""
        group = Group.objects.create(name="readers")
        group.permissions.add(Permission.objects.get(codename="view_account"))
        with override("a"):
            member.groups.add(group)
        return User.objects.get(pk=member.pk)

    def test_one_object_is_asked_in_one_schema_after_another(self, reader_in_a):
        found = [may_read_in(reader_in_a, schema) for schema in ("a", "b", None, "a")]

        assert found == [True, False, False, True]

    def test_every_kind_of_question_is_answered_by_the_schema(self, reader_in_a):
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

    def test_async_code_is_answered_by_the_schema(self, reader_in_a):
        @async_to_sync
        async def ask():
            found = []
            for schema in ("a", "b"):
                with override(schema):
                    found.append(await reader_in_a.ahas_perm(PERMISSION))
            return found

        assert ask() == [True, False]

    def test_what_was_looked_up_in_a_schema_is_kept_there(
        self, reader_in_a, django_assert_num_queries
    ):
        for schema in ("a", "b"):
            may_read_in(reader_in_a, schema)

        with django_assert_num_queries(0):
            found = [may_read_in(reader_in_a, schema) for schema in ("a", "b")]

        assert found == [True, False]

    def test_a_pickled_user_keeps_schemata_apart(self, reader_in_a):
        may_read_in(reader_in_a, "a")

        loaded = pickle.loads(pickle.dumps(reader_in_a))

        assert [may_read_in(loaded, schema) for schema in ("a", "b")] == [True, False]

    def test_they_can_be_forgotten(self, reader_in_a):
        may_read_in(reader_in_a, "a")
        with override("a"):
            reader_in_a.groups.clear()

            forget_permissions(reader_in_a)

        assert not may_read_in(reader_in_a, "a")

    def test_deleting_what_is_not_there_is_an_error_as_ever(self, reader_in_a):
        with pytest.raises(AttributeError, match="_perm_cache"):
            del reader_in_a._perm_cache

    def test_the_class_shows_what_stands_there(self):
        assert isinstance(User._perm_cache, KeptBySchema)


def may_read_in(user, schema):
    with override(schema):
        return user.has_perm(PERMISSION)


class TestPrefetched:
    """``region.account_set.all()``, ``user.groups.all()``."""

    @pytest.fixture
    def region(self, schemata):
        """A region of which each schema has an account with the same key."""
        region = Region.objects.create(name="north")
        for schema in ("a", "b"):
            with override(schema):
                Account.objects.update(region=region)
        return region

    def test_rows_are_those_of_each_schema(self, region):
        with override("a"):
            loaded = Region.objects.prefetch_related("account_set").get()

        assert [owners_in(loaded, schema) for schema in ("a", "b", "a")] == [["a"], ["b"], ["a"]]

    def test_they_are_kept_where_they_are_from(self, region, django_assert_num_queries):
        with override("a"):
            loaded = Region.objects.prefetch_related("account_set").get()

        with django_assert_num_queries(0):
            assert owners_in(loaded, "a") == ["a"]

    def test_they_can_be_prefetched_in_one_schema_after_another(
        self, region, django_assert_num_queries
    ):
        for schema in ("a", "b"):
            with override(schema):
                prefetch_related_objects([region], "account_set")

        with django_assert_num_queries(0):
            assert [owners_in(region, schema) for schema in ("a", "b")] == [["a"], ["b"]]

    def test_joins_are_those_of_each_schema(self, member):
        for schema in ("a", "b"):
            with override(schema):
                member.groups.add(Group.objects.create(name=f"of {schema}"))
        with override("a"):
            loaded = User.objects.prefetch_related("groups").get(pk=member.pk)

        found = []
        for schema in ("a", "b"):
            with override(schema):
                found.append([each.name for each in loaded.groups.all()])

        assert found == [["of a"], ["of b"]]

    def test_joins_that_are_prefetched_from_their_other_end_are_too(self, member):
        group = Group.objects.create(name="readers")
        with override("a"):
            member.groups.add(group)
            loaded = Group.objects.prefetch_related("user_set").get()
            assert [each.username for each in loaded.user_set.all()] == ["member"]

        with override("b"):
            assert list(loaded.user_set.all()) == []

    def test_generic_relations_to_private_rows_are_too(self):
        class Relation:
            attname, related_model = "notes", Note

        options = SimpleNamespace(many_to_many=(), private_fields=[Relation], related_objects=())

        assert private_relations(SimpleNamespace(_meta=options)) == {"notes"}

    def test_shared_rows_are_the_same_everywhere(self, member, django_assert_num_queries):
        loaded = User.objects.prefetch_related("schemata", "groups__permissions").get()

        with override("a"), django_assert_num_queries(0):
            assert [each.pk for each in loaded.schemata.all()] == ["a", "b"]

    def test_what_is_added_or_taken_out_is_seen(self, member):
        group = Group.objects.create(name="readers")
        with override("a"):
            loaded = User.objects.prefetch_related("groups").get()
            loaded.groups.add(group)

            assert [each.name for each in loaded.groups.all()] == ["readers"]

    def test_a_pickled_object_keeps_them_apart(self, region):
        with override("a"):
            before = Region.objects.prefetch_related("account_set").get()

        loaded = pickle.loads(pickle.dumps(before))

        assert [owners_in(loaded, schema) for schema in ("a", "b")] == [["a"], ["b"]]

    def test_a_serializer_finds_them(self, member):
        group = Group.objects.create(name="readers")
        with override("a"):
            member.groups.add(group)
            loaded = User.objects.prefetch_related("groups").get()
            (here,) = serialize("python", [loaded], fields=["groups"])
        with override("b"):
            (there,) = serialize("python", [loaded], fields=["groups"])

        assert (here["fields"], there["fields"]) == ({"groups": [group.pk]}, {"groups": []})

    def test_loading_one_relation_anew_forgets_it_here(self, member):
        for schema in ("a", "b"):
            with override(schema):
                member.groups.add(Group.objects.create(name=f"of {schema}"))
                prefetch_related_objects([member], "groups")
        with override("a"):
            member.groups.through.objects.all().delete()

            member.refresh_from_db(fields=["groups"])

            assert list(member.groups.all()) == []
        with override("b"):
            assert [each.name for each in member.groups.all()] == ["of b"]

    def test_projects_may_delete_them(self, region):
        with override("a"):
            loaded = Region.objects.prefetch_related("account_set").get()
            Account.objects.update(owner="changed")

        del loaded._prefetched_objects_cache

        assert owners_in(loaded, "a") == ["changed"]
        with pytest.raises(AttributeError, match="_prefetched_objects_cache"):
            del loaded._prefetched_objects_cache

    def test_a_model_to_which_nothing_private_refers_is_left_alone(self):
        assert isinstance(User._prefetched_objects_cache, Prefetched)
        assert not hasattr(Session, "_prefetched_objects_cache")

    def test_loading_anew_forgets_them(self, region):
        with override("a"):
            loaded = Region.objects.prefetch_related("account_set").get()
            Account.objects.update(owner="changed")
            loaded.refresh_from_db()

        assert owners_in(loaded, "a") == ["changed"]


def owners_in(region, schema):
    with override(schema):
        return [each.owner for each in region.account_set.all()]


class TestOneToOne:
    """``user.reader``, of which Django keeps the first that it has found."""

    @pytest.fixture
    def user(self, member):
        """A user of whom each schema has a row with the same key."""
        for schema in ("a", "b"):
            with override(schema):
                Reader.objects.create(user_id=member.pk, card=f"of {schema}")
        return User.objects.get(pk=member.pk)

    def test_it_is_the_one_of_each_schema(self, user):
        assert [card_in(user, schema) for schema in ("a", "b", "a")] == ["of a", "of b", "of a"]

    def test_it_is_kept_in_each(self, user, django_assert_num_queries):
        for schema in ("a", "b"):
            card_in(user, schema)

        with django_assert_num_queries(0):
            found = [card_in(user, schema) for schema in ("a", "b")]

        assert found == ["of a", "of b"]

    def test_with_no_schema_there_is_none_to_be_had(self, user):
        card_in(user, "a")

        with pytest.raises(NoActiveSchema, match=r"lending\.Reader"):
            assert user.reader

    def test_where_one_schema_has_none_another_may_have_one(self, user):
        with override("a"):
            Reader.objects.all().delete()
            with pytest.raises(ObjectDoesNotExist):
                assert user.reader

        assert card_in(user, "b") == "of b"

    @pytest.mark.parametrize(
        "queryset",
        [User.objects.select_related("reader"), User.objects.prefetch_related("reader")],
        ids=["joined", "prefetched"],
    )
    def test_what_came_with_the_object_is_of_its_schema(
        self, user, queryset, django_assert_num_queries
    ):
        loaded = load_in_a(queryset)

        with django_assert_num_queries(0):
            assert card_in(loaded, "a") == "of a"
        assert card_in(loaded, "b") == "of b"

    def test_a_joined_row_that_is_fetched_late_is_of_the_schema_of_its_statement(self, user):
        before = make_user("before")
        users = User.objects.filter(pk__in=[before.pk, user.pk]).select_related("reader")
        with override("a"):
            rows = users.order_by("username").iterator()
            assert next(rows) == before

        with override("b"):
            (late,) = rows

        assert [card_in(late, schema) for schema in ("a", "b")] == ["of a", "of b"]

    def test_a_new_row_is_known_where_it_was_made(self, user):
        with override("b"):
            Reader.objects.all().delete()
            made = Reader(user=user, card="new in b")
            made.save()

        assert [card_in(user, schema) for schema in ("a", "b")] == ["of a", "new in b"]

    def test_a_pickled_object_keeps_them_apart(self, user):
        card_in(user, "a")

        loaded = pickle.loads(pickle.dumps(user))

        assert [card_in(loaded, schema) for schema in ("a", "b")] == ["of a", "of b"]

    def test_loading_anew_forgets_it(self, user):
        card_in(user, "a")
        with override("a"):
            Reader.objects.update(card="changed")

            user.refresh_from_db()

        assert card_in(user, "a") == "changed"


def card_in(user, schema):
    with override(schema):
        return user.reader.card


def load_in_a(queryset):
    with override("a"):
        return queryset.get(username="member")
