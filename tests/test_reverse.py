"""A shared object to which a private one refers finds in each schema the one that is there."""

import pickle

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist

from boardinghouse.exceptions import NoActiveSchema
from boardinghouse.schema import override
from tests.conftest import make_user
from tests.lending.models import Reader

User = get_user_model()


@pytest.fixture
def user(member):
    """A user of whom each schema has a row with the same key."""
    for schema in ("a", "b"):
        with override(schema):
            Reader.objects.create(user_id=member.pk, card=f"of {schema}")
    return User.objects.get(pk=member.pk)


def card_in(user, schema):
    with override(schema):
        return user.reader.card


def load_in_a(queryset):
    with override("a"):
        return queryset.get(username="member")


def test_it_is_the_one_of_each_schema(user):
    assert [card_in(user, schema) for schema in ("a", "b", "a")] == ["of a", "of b", "of a"]


def test_it_is_kept_in_each(user, django_assert_num_queries):
    for schema in ("a", "b"):
        card_in(user, schema)

    with django_assert_num_queries(0):
        found = [card_in(user, schema) for schema in ("a", "b")]

    assert found == ["of a", "of b"]


def test_with_no_schema_there_is_none_to_be_had(user):
    card_in(user, "a")

    with pytest.raises(NoActiveSchema, match=r"lending\.Reader"):
        assert user.reader


def test_where_one_schema_has_none_another_may_have_one(user):
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
def test_what_came_with_the_object_is_of_its_schema(user, queryset, django_assert_num_queries):
    loaded = load_in_a(queryset)

    with django_assert_num_queries(0):
        assert card_in(loaded, "a") == "of a"
    assert card_in(loaded, "b") == "of b"


def test_a_joined_row_that_is_fetched_late_is_of_the_schema_of_its_statement(user):
    before = make_user("before")
    users = User.objects.filter(pk__in=[before.pk, user.pk]).select_related("reader")
    with override("a"):
        rows = users.order_by("username").iterator()
        assert next(rows) == before

    with override("b"):
        (late,) = rows

    assert [card_in(late, schema) for schema in ("a", "b")] == ["of a", "of b"]


def test_a_new_row_is_known_where_it_was_made(user):
    with override("b"):
        Reader.objects.all().delete()
        made = Reader(user=user, card="new in b")
        made.save()

    assert [card_in(user, schema) for schema in ("a", "b")] == ["of a", "new in b"]


def test_a_pickled_object_keeps_them_apart(user):
    card_in(user, "a")

    loaded = pickle.loads(pickle.dumps(user))

    assert [card_in(loaded, schema) for schema in ("a", "b")] == ["of a", "of b"]


def test_loading_anew_forgets_it(user):
    card_in(user, "a")
    with override("a"):
        Reader.objects.update(card="changed")

        user.refresh_from_db()

    assert card_in(user, "a") == "changed"
