"""Saying something: who may, how much, in which order, and who is told."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from boardinghouse.contrib.chat.messages import group_of, say
from boardinghouse.contrib.chat.models import Message, Room
from boardinghouse.contrib.chat.rooms import create_room
from boardinghouse.exceptions import Forbidden, NoActiveSchema
from boardinghouse.schema import override
from tests.conftest import make_user
from tests.waiting import wait_for_lock


def texts():
    return list(Message.objects.values_list("text", flat=True))


def test_stays_in_the_schema(rooms, anna):
    with override("a"):
        say(rooms["a"], anna, "hello")
        assert texts() == ["hello"]

    with override("b"):
        assert texts() == []


def test_a_room_of_another_schema_is_none(rooms, anna):
    with override("b"), pytest.raises(Forbidden):
        say(rooms["a"], anna, "hello")


def test_without_a_schema_nothing_is_said(rooms, anna):
    with pytest.raises(NoActiveSchema):
        say(rooms["a"], anna, "hello")


def leave_room(user, schema):
    Room.objects.get().members.remove(user)


def leave_schema(user, schema):
    schema.users.remove(user)


def fall_asleep(user, schema):
    User.objects.filter(pk=user.pk).update(is_active=False)


def close_schema(user, schema):
    type(schema).objects.filter(pk=schema.pk).update(is_active=False)


@pytest.mark.parametrize("end", [leave_room, leave_schema, fall_asleep, close_schema])
def test_who_may_not_any_more_is_refused(rooms, anna, schemata, end):
    with override("a"):
        say(rooms["a"], anna, "before")
        end(anna, schemata[0])

        with pytest.raises(Forbidden):
            say(rooms["a"], anna, "after")

        assert texts() == ["before"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  two\r\nlines \n", "two\nlines"),
        ("a\0b", "ab"),
        ("\ud800x", "?x"),
        ("<b>&amp;</b>", "<b>&amp;</b>"),
        ("x" * 4000, "x" * 4000),
    ],
)
def test_a_text_is_kept_as_it_was_written(rooms, anna, given, kept):
    with override("a"):
        say(rooms["a"], anna, given)

        assert texts() == [kept]


@pytest.mark.parametrize("text", ["", " \n\t", "\0", "x" * 4001])
def test_nothing_and_too_much_are_refused(rooms, anna, text):
    with override("a"):
        with pytest.raises(ValidationError):
            say(rooms["a"], anna, text)

        assert texts() == []


def test_how_much_is_too_much_is_a_setting(rooms, anna, settings):
    settings.BOARDINGHOUSE_CHAT_MAX_LENGTH = 3
    with override("a"):
        say(rooms["a"], anna, "abc")

        with pytest.raises(ValidationError, match="3 characters"):
            say(rooms["a"], anna, "abcd")


def test_the_database_keeps_no_empty_message(rooms):
    with override("a"), pytest.raises(IntegrityError):
        Message.objects.create(room_id=rooms["a"], text="")


def test_who_says_too_much_at_once_is_refused_in_every_room(rooms, anna, ben, settings):
    settings.BOARDINGHOUSE_CHAT_RATE = (2, 600)
    with override("a"):
        alone = create_room([anna])
        say(rooms["a"], anna, "one")
        say(alone, anna, "two")

        for room_id in (rooms["a"], alone):
            with pytest.raises(ValidationError, match="Not so fast"):
                say(room_id, anna, "three")
        say(rooms["a"], ben, "others may go on")
    with override("b"):
        say(rooms["b"], anna, "and so may she elsewhere")


def test_what_was_said_long_ago_does_not_count(rooms, anna, settings):
    settings.BOARDINGHOUSE_CHAT_RATE = (2, 600)
    with override("a"):
        for text in ("one", "two"):
            say(rooms["a"], anna, text)
        Message.objects.filter(text="one").update(sent_at="2020-01-01T00:00Z")

        say(rooms["a"], anna, "three")

        assert texts() == ["one", "two", "three"]


def test_costs_the_same_in_a_room_of_two_and_of_twenty(
    rooms, anna, schemata, django_assert_num_queries
):
    crowd = [make_user(f"pupil{number}", schemata[0]) for number in range(19)]
    with override("a"):
        for room_id in (rooms["a"], create_room([anna, *crowd])):
            with django_assert_num_queries(9):  # two of them a savepoint here
                say(room_id, anna, "hello")


def test_what_is_sent_again_is_said_once(rooms, anna, ben, settings):
    settings.BOARDINGHOUSE_CHAT_RATE = (2, 600)
    key = uuid.uuid4()
    with override("a"):
        first = say(rooms["a"], anna, "hello", once=key)
        say(rooms["a"], ben, "hello", once=key)
        other = say(rooms["a"], anna, "another text, from a page gone back to", once=key)

        for text, message in (("hello", first), (other.text, other)):
            assert say(rooms["a"], anna, text, once=key).pk == message.pk
        assert texts() == ["hello", "hello", other.text]
    with override("b"):
        say(rooms["b"], anna, "hello", once=key)
        assert texts() == ["hello"]


def test_the_database_says_nothing_twice(rooms, anna):
    said = {"sender": anna, "text": "hello", "once": uuid.uuid4()}
    with override("a"):
        Message.objects.create(room_id=rooms["a"], **said)

        with pytest.raises(IntegrityError):
            Message.objects.create(room_id=rooms["a"], **said)


@pytest.mark.django_db(transaction=True)
class TestCommitted:
    @pytest.fixture
    def schemata(self, committed_schemata):
        return committed_schemata

    def test_keys_grow_in_the_order_of_commits(self, rooms, anna, ben, settings):
        settings.BOARDINGHOUSE_CHAT_RATE = (1000, 10)
        seen, barrier, deadline = [], Barrier(3), time.monotonic() + 30

        def talk(user):
            try:
                barrier.wait(30)
                with override("a"):
                    for number in range(20):
                        say(rooms["a"], user, f"{user} {number}")
            finally:
                connection.close()

        def look():
            try:
                barrier.wait(30)
                with override("a"):
                    while len(seen) < 40 and time.monotonic() < deadline:
                        latest = seen[-1] if seen else 0
                        found = Message.objects.filter(pk__gt=latest)
                        seen.extend(found.order_by("pk").values_list("pk", flat=True))
            finally:
                connection.close()

        with ThreadPoolExecutor(3) as executor:
            working = [executor.submit(talk, anna), executor.submit(talk, ben)]
            for each in (*working, executor.submit(look)):
                each.result(60)

        with override("a"):
            assert seen == list(Message.objects.order_by("pk").values_list("pk", flat=True))

    def test_who_speaks_in_two_rooms_at_once_says_no_more_than_in_one(self, rooms, anna, settings):
        settings.BOARDINGHOUSE_CHAT_RATE = (1, 600)

        def talk():
            try:
                with override("a"):
                    say(rooms["a"], anna, "two")
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as executor, override("a"):
            alone = create_room([anna])
            with transaction.atomic():
                say(alone, anna, "one")
                other = executor.submit(talk)
                wait_for_lock("transactionid")
            with pytest.raises(ValidationError, match="Not so fast"):
                other.result(30)
            assert texts() == ["one"]

    @pytest.fixture
    def heard(self, rooms):
        """What a page of each room would hear."""
        layer = get_channel_layer()
        names = {}
        for name, room_id in rooms.items():
            with override(name):
                names[name] = async_to_sync(layer.new_channel)()
                async_to_sync(layer.group_add)(group_of(room_id), names[name])

        def heard(name):
            waiting = layer.channels.get(names[name])
            return [waiting.get_nowait()[1] for _ in range(waiting.qsize())] if waiting else []

        yield heard
        async_to_sync(layer.flush)()

    def test_the_room_is_told_and_no_other_schemas(self, rooms, anna, ben, heard):
        with override("a"):
            message = say(rooms["a"], anna, "hello")

        (event,) = heard("a")
        assert event["message"] == {
            "id": message.pk,
            "sender": "anna",
            "text": "hello",
            "sent_at": message.sent_at.isoformat(),
        }
        assert set(event["for"]) == {str(anna.pk), str(ben.pk)}
        assert heard("b") == []

    def test_it_is_told_when_it_is_committed(self, rooms, anna, heard):
        with override("a"), transaction.atomic():
            say(rooms["a"], anna, "hello")
            assert heard("a") == []

        assert len(heard("a")) == 1

    def test_nothing_is_told_of_what_was_rolled_back(self, rooms, anna, heard):
        with override("a"), transaction.atomic():
            say(rooms["a"], anna, "hello")
            transaction.set_rollback(True)

        assert heard("a") == []

    def test_it_is_meant_for_who_may_be_there_now(self, rooms, anna, ben, schemata, heard):
        schemata[0].users.remove(ben)
        with override("a"):
            say(rooms["a"], anna, "hello")

        assert heard("a")[0]["for"] == [str(anna.pk)]

    def test_it_is_said_although_nobody_can_be_told(self, rooms, anna, settings, caplog):
        settings.CHANNEL_LAYERS = {}
        with override("a"):
            say(rooms["a"], anna, "hello")

            assert texts() == ["hello"]
        assert "Error calling" in caplog.text


def test_a_message_stays_when_its_sender_is_deleted(rooms, anna, ben):
    with override("b"):
        Room.objects.all().delete()
    with override("a"):
        say(rooms["a"], anna, "remember me")
        anna.delete()

        message = Message.objects.get()
        assert (message.text, message.sender) == ("remember me", None)
        assert list(Room.objects.get().members.all()) == [ben]


def test_who_is_deleted_leaves_their_messages_in_every_schema(rooms, anna, ben):
    for name, room_id in rooms.items():
        with override(name):
            say(room_id, anna, f"said in {name}")

    anna.delete()

    for name in rooms:
        with override(name):
            assert list(Message.objects.values_list("text", "sender")) == [
                (f"said in {name}", None)
            ]
            assert list(Room.objects.get().members.all()) == [ben]
