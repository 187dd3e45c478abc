"""The one room of a set of users."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, connection
from django.utils.functional import SimpleLazyObject

from boardinghouse.contrib.chat.models import Member, Room
from boardinghouse.contrib.chat.rooms import create_room
from boardinghouse.exceptions import Forbidden, NoActiveSchema
from boardinghouse.schema import override
from tests.conftest import make_user


def members_of(room_id):
    return sorted(Room.objects.get(pk=room_id).members.values_list("username", flat=True))


def test_makes_a_room_of_exactly_these(anna, ben):
    with override("a"):
        room_id = create_room([anna, ben])

        assert isinstance(room_id, uuid.UUID)
        assert members_of(room_id) == ["anna", "ben"]


def test_the_same_people_have_one_room_in_whichever_order(anna, ben):
    with override("a"):
        assert create_room([anna, ben]) == create_room((ben, anna)) == create_room({anna, ben})
        assert Room.objects.count() == 1
        assert Member.objects.count() == 2


def test_the_same_people_have_another_room_in_another_schema(rooms):
    assert rooms["a"] != rooms["b"]
    for name, room_id in rooms.items():
        with override(name):
            assert list(Room.objects.values_list("pk", flat=True)) == [room_id]


def test_fewer_or_more_people_have_a_room_of_their_own(anna, ben, member):
    with override("a"):
        made = {create_room(each) for each in ([anna], [anna, ben], [anna, ben, member])}

    assert len(made) == 3


def test_who_is_named_twice_counts_once(anna, ben):
    with override("a"):
        assert create_room([anna, anna, ben]) == create_room([anna, ben])


def test_a_lazy_user_is_the_user_that_it_wraps(anna, ben):
    lazy = SimpleLazyObject(lambda: User.objects.get(username="anna"))

    with override("a"):
        assert create_room([lazy, ben, anna]) == create_room([anna, ben])


def test_takes_a_queryset_and_a_generator(anna, ben):
    with override("a"):
        assert create_room(User.objects.filter(username__in=["anna", "ben"])) == create_room(
            user for user in (anna, ben)
        )


def test_nobody_is_refused(schemata):
    with override("a"), pytest.raises(ValueError, match="A room needs somebody"):
        create_room([])


@pytest.mark.parametrize("what", ["anna", 7, None, Room()])
def test_what_is_no_user_is_refused(anna, what):
    with override("a"), pytest.raises(TypeError, match="is no user"):
        create_room([anna, what])


def test_an_outsider_is_refused_by_name_and_nothing_is_made(anna, member_of_a, outsider):
    with override("b"):
        with pytest.raises(Forbidden, match=r"'member_of_a', 'outsider' may not enter schema 'b'"):
            create_room([anna, member_of_a, outsider])

        assert not Room.objects.exists()


def test_somebody_inactive_is_refused_also_when_the_object_does_not_know(anna, ben):
    User.objects.filter(pk=ben.pk).update(is_active=False)

    with override("a"), pytest.raises(Forbidden, match="'ben'"):
        create_room([anna, ben])


def test_somebody_deleted_is_refused(anna, ben):
    gone = User.objects.get(pk=ben.pk)
    with override("a"):
        ben.delete()

        with pytest.raises(Forbidden, match="'ben'"):
            create_room([anna, gone])


@pytest.mark.parametrize("stranger", [AnonymousUser(), User(username="unsaved")])
def test_somebody_who_is_in_no_database_is_refused(anna, stranger):
    with override("a"), pytest.raises(Forbidden, match="may not enter"):
        create_room([anna, stranger])


def test_a_superuser_may_be_wherever_they_may_enter(anna, superuser):
    with override("a"):
        assert members_of(create_room([anna, superuser])) == ["anna", "superuser"]


def test_without_a_schema_it_says_so(anna):
    with pytest.raises(NoActiveSchema, match="A room is in a schema"):
        create_room([anna])


def test_costs_the_same_for_two_and_for_twenty(anna, ben, schemata, django_assert_num_queries):
    crowd = [make_user(f"pupil{number}", schemata[0]) for number in range(20)]
    with override("a"):
        for people in ([anna, ben], crowd):
            create_room(people)
            with django_assert_num_queries(6):  # with a savepoint, here
                create_room(people)


def test_who_was_taken_out_is_in_it_again(anna, ben):
    with override("a"):
        room_id = create_room([anna, ben])
        Member.objects.filter(user=ben).delete()

        assert create_room([anna, ben]) == room_id
        assert members_of(room_id) == ["anna", "ben"]


def test_the_database_refuses_a_second_room_of_the_same_people(rooms):
    with override("a"):
        room = Room.objects.get()

        with pytest.raises(IntegrityError):
            Room.objects.create(key=room.key)


@pytest.mark.django_db(transaction=True)
def test_callers_at_once_get_the_same_room(committed_schemata):
    people = [make_user(name, *committed_schemata) for name in ("anna", "ben")]
    callers, rounds = 4, 10
    barrier = Barrier(callers)

    def call(number):
        crowd = [*people, User.objects.get(username=f"third{number}")]
        barrier.wait(30)
        return create_room(crowd)

    def caller(_):
        try:
            with override("a"):
                return [call(number) for number in range(rounds)]
        finally:
            connection.close()

    for number in range(rounds):
        make_user(f"third{number}", *committed_schemata)
    with ThreadPoolExecutor(callers) as executor:
        results = list(executor.map(caller, range(callers)))

    assert results == [results[0]] * callers
    assert len(set(results[0])) == rounds
    with override("a"):
        assert Room.objects.count() == rounds
        assert Member.objects.count() == 3 * rounds
