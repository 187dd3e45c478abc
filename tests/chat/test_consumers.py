"""Open pages: told at once, in their schema only, and by who may speak only."""

import json
import uuid

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User

from boardinghouse.contrib.chat import consumers, messages
from boardinghouse.contrib.chat.messages import say
from boardinghouse.contrib.chat.models import Member, Message, Room
from boardinghouse.contrib.chat.rooms import create_room
from boardinghouse.schema import override
from tests.chat.sockets import cookies_of, opened, ready
from tests.test_async import run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def schemata(committed_schemata):
    return committed_schemata


@pytest.fixture(autouse=True)
def layer():
    """A layer for each event loop: one in memory belongs to the first that uses it."""
    from channels.layers import channel_layers

    channel_layers.backends.clear()
    yield
    channel_layers.backends.clear()


def texts(schema):
    with override(schema):
        return list(Message.objects.values_list("text", flat=True))


def in_schema(schema, function, *args):
    """Call a function in a schema, from async code."""

    def call():
        with override(schema):
            return function(*args)

    return sync_to_async(call)()


def test_a_message_comes_to_all_pages_of_the_room(rooms, anna, ben):
    of_anna, of_ben = cookies_of(anna), cookies_of(ben)

    async def main():
        async with (
            ready(rooms["a"], of_anna) as annas,
            ready(rooms["a"], of_anna) as annas_other,
            ready(rooms["a"], of_ben) as bens,
        ):
            await annas.say("hello", mark="x")
            saved = await annas.hear("saved")
            heard = [await each.hear("message") for each in (annas_other, bens)]
            return saved, heard

    saved, (annas, bens) = run(main)

    assert saved["mark"] == "x"
    assert {"text": "hello", "sender": "anna", "id": saved["id"]}.items() <= bens.items()
    assert (annas.pop("own"), bens.pop("own")) == (True, False)
    assert annas == bens
    assert texts("a") == ["hello"]
    assert texts("b") == []


def test_nothing_comes_to_the_same_two_in_another_schema(rooms, anna, ben):
    of_anna, of_ben = cookies_of(anna, "a"), cookies_of(ben, "b")

    async def main():
        async with ready(rooms["a"], of_anna) as annas, ready(rooms["b"], of_ben) as bens:
            await annas.say("in a")
            await annas.hear("saved")
            assert await bens.hears_nothing()
            await bens.say("in b")
            return await bens.hear("message")

    assert run(main)["text"] == "in b"
    assert (texts("a"), texts("b")) == (["in a"], ["in b"])


def test_nothing_comes_to_another_room_of_the_schema(rooms, anna, ben):
    with override("a"):
        alone = create_room([ben])
    of_anna, of_ben = cookies_of(anna), cookies_of(ben)

    async def main():
        async with ready(rooms["a"], of_anna) as annas, ready(alone, of_ben) as bens:
            await annas.say("hello")
            await annas.hear("saved")
            return await bens.hears_nothing()

    assert run(main)


def test_what_a_form_says_comes_to_open_pages_too(rooms, anna, ben):
    of_ben = cookies_of(ben)

    async def main():
        async with ready(rooms["a"], of_ben) as bens:
            await in_schema("a", say, rooms["a"], anna, "by a form")
            return await bens.hear("message")

    assert run(main)["text"] == "by a form"


def not_in_it(rooms, member):
    return rooms["a"], cookies_of(member)


def of_another_schema(rooms, member):
    user = User.objects.get(username="anna")
    return rooms["b"], cookies_of(user, "a")


def missing(rooms, member):
    return "12345678-1234-1234-1234-123456789abc", cookies_of(member)


def no_schema(rooms, member):
    return rooms["a"], cookies_of(User.objects.get(username="anna"), None)


def nobody(rooms, member):
    return rooms["a"], []


@pytest.mark.parametrize("case", [not_in_it, of_another_schema, missing, no_schema, nobody])
def test_a_room_that_one_is_not_in_is_closed_with_4403(rooms, member, case):
    room_id, cookies = case(rooms, member)

    async def main():
        async with opened(room_id, cookies) as page:
            return await page.is_closed()

    assert run(main) == 4403


def test_who_was_not_let_in_says_nothing(rooms, member):
    cookies = cookies_of(member)

    async def main():
        async with opened(rooms["a"], cookies) as page:
            await page.say("let me in")
            assert await page.is_closed() == 4403
            await page.say("let me in")
            await page.send({"read": 1})

    run(main)
    assert texts("a") == []


def leave_room(user, schema):
    with override("a"):
        Room.objects.get().members.remove(user)


def leave_schema_unseen(user, schema):
    """No signal tells of this."""
    type(schema).users.through.objects.filter(user=user).delete()


def fall_asleep_unseen(user, schema):
    User.objects.filter(pk=user.pk).update(is_active=False)


ENDS = [leave_room, leave_schema_unseen, fall_asleep_unseen]


@pytest.mark.parametrize("end", ENDS)
def test_who_may_not_any_more_is_refused_while_the_page_is_open(rooms, anna, schemata, end):
    cookies = cookies_of(anna)

    async def main():
        async with ready(rooms["a"], cookies) as page:
            await sync_to_async(end)(anna, schemata[0])
            await page.say("still here?")
            return await page.is_closed()

    assert run(main) == 4403
    assert texts("a") == []


@pytest.mark.parametrize("end", ENDS)
def test_who_may_not_any_more_hears_nothing_while_the_page_is_open(rooms, anna, ben, schemata, end):
    of_anna, of_ben = cookies_of(anna), cookies_of(ben)

    async def main():
        async with ready(rooms["a"], of_anna) as annas, ready(rooms["a"], of_ben) as bens:
            await sync_to_async(end)(ben, schemata[0])
            await annas.say("among us")
            await annas.hear("saved")
            return await bens.hears_nothing()

    assert run(main)


def test_who_is_taken_out_of_the_schema_is_closed_with_4409(rooms, anna, schemata):
    cookies = cookies_of(anna)

    async def main():
        async with ready(rooms["a"], cookies) as page:
            await sync_to_async(schemata[0].users.remove)(anna)
            return await page.is_closed()

    assert run(main) == 4409


def test_a_page_stays_in_its_schema_when_the_session_moves_and_it_opens_anew(rooms, anna):
    cookies = cookies_of(anna, "b")

    async def main():
        async with ready(rooms["a"], cookies, "?__schema=a") as page:
            await page.say("said in a")
            return await page.hear("message")

    assert run(main)["text"] == "said in a"
    assert (texts("a"), texts("b")) == (["said in a"], [])


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ({"say": "", "mark": 7}, "Write something"),
        ({"say": "x" * 4001, "mark": 7}, "too long"),
        ({"mark": 7}, "understood"),
        ({"say": ["x"], "mark": 7}, "understood"),
    ],
)
def test_what_is_refused_is_answered_and_the_page_stays(rooms, anna, frame, reason):
    cookies = cookies_of(anna)

    async def main():
        async with ready(rooms["a"], cookies) as page:
            await page.send(frame)
            refused = await page.hear()
            await page.say("fine")
            await page.hear("saved")
            return refused

    refused = run(main)
    assert refused["type"] == "refused"
    assert refused["mark"] == 7
    assert reason in refused["reason"]
    assert texts("a") == ["fine"]


@pytest.mark.parametrize(
    "data",
    [
        {"text_data": "no json"},
        {"text_data": "[" * 100_000},
        {"text_data": "[1]"},
        {"text_data": " "},
        {"text_data": '{"read": 1e400}'},
        {"text_data": json.dumps({"say": "x" * 60_000})},
        {"bytes_data": b"\x00\xff"},
    ],
)
def test_what_is_no_frame_is_refused(rooms, anna, data):
    cookies = cookies_of(anna)

    async def main():
        async with ready(rooms["a"], cookies) as page:
            await page.communicator.send_to(**data)
            return await page.hear()

    assert run(main)["type"] == "refused"
    assert texts("a") == []


def test_the_longest_message_passes_however_json_writes_it(rooms, anna):
    cookies = cookies_of(anna)

    async def main():
        async with ready(rooms["a"], cookies) as page:
            await page.say("\U0001f3eb" * 4000)
            return await page.hear("saved", "refused")

    assert run(main)["type"] == "saved"
    assert texts("a") == ["\U0001f3eb" * 4000]


def test_too_many_messages_are_refused(rooms, anna, settings):
    settings.BOARDINGHOUSE_CHAT_RATE = (2, 600)
    cookies = cookies_of(anna)

    async def main():
        async with ready(rooms["a"], cookies) as page, ready(rooms["a"], cookies) as other:
            for text in ("one", "two"):
                await page.say(text)
                await page.hear("saved")
            await other.say("three")
            return await other.hear("refused")

    assert "Not so fast" in run(main)["reason"]
    assert texts("a") == ["one", "two"]


def test_a_flood_of_frames_is_cut_off(rooms, anna):
    cookies = cookies_of(anna)

    async def main():
        async with ready(rooms["a"], cookies) as page:
            for _ in range(consumers.FRAMES + 1):
                await page.send({"read": 0})
            return await page.is_closed()

    assert run(main) == 4429


def test_what_is_read_is_noted(rooms, anna, ben):
    with override("a"):
        said = [say(rooms["a"], ben, text) for text in ("one", "two")]
    cookies = cookies_of(anna)

    async def main():
        async with ready(rooms["a"], cookies) as page:
            await page.send({"read": said[0].pk})
            await page.send({"read": 10**30})
            await page.say("")  # what comes after it is answered after it
            await page.hear("refused")

    run(main)
    with override("a"):
        assert Member.objects.get(user=anna).read_up_to == said[0].pk
    with override("b"):
        assert Member.objects.get(user=anna).read_up_to == 0


def test_what_a_page_sends_again_is_said_once(rooms, anna):
    cookies, mark = cookies_of(anna), uuid.uuid4().hex

    async def main():
        saved = []
        for _ in range(2):
            async with ready(rooms["a"], cookies) as page:
                await page.say("hello", mark=mark)
                saved.append(await page.hear("saved"))
        return saved

    first, second = run(main)
    assert first == second
    assert texts("a") == ["hello"]


class TestAsking:
    def test_brings_what_the_layer_has_lost_and_joins_again(self, rooms, anna, ben):
        of_anna, of_ben = cookies_of(anna), cookies_of(ben)

        async def main():
            async with ready(rooms["a"], of_anna) as annas, ready(rooms["a"], of_ben) as bens:
                get_channel_layer().groups.clear()  # as Redis does when it starts again
                await annas.say("lost")
                saved = await annas.hear("saved")
                assert await bens.hears_nothing()
                await bens.send({"after": saved["id"] - 1})
                heard = [await bens.hear(), await bens.hear()]
                await annas.say("not lost")
                return [*heard, await bens.hear("message")]

        heard = run(main)
        assert [(each["type"], each.get("text")) for each in heard] == [
            ("message", "lost"),
            ("ready", None),
            ("message", "not lost"),
        ]

    @pytest.mark.parametrize("end", ENDS)
    def test_brings_nothing_to_who_may_not_any_more(self, rooms, anna, ben, schemata, end):
        cookies = cookies_of(ben)

        async def main():
            async with ready(rooms["a"], cookies) as page:
                await sync_to_async(end)(ben, schemata[0])
                await in_schema("a", say, rooms["a"], anna, "among us")
                await page.send({"after": 0})
                return await page.communicator.receive_output(10)

        assert run(main) == {"type": "websocket.close", "code": 4403}

    @pytest.mark.parametrize("after", [10**30, -(10**30), True])
    def test_is_answered_whatever_is_asked(self, rooms, anna, after):
        cookies = cookies_of(anna)

        async def main():
            async with ready(rooms["a"], cookies) as page:
                await page.send({"after": after})
                return await page.hear()

        assert run(main)["type"] == "ready"


class TestReconnecting:
    @pytest.fixture
    def said(self, rooms, anna):
        with override("a"):
            return [say(rooms["a"], anna, f"number {number}") for number in range(4)]

    def frames_after(self, room_id, cookies, query):
        async def main():
            heard = []
            async with opened(room_id, cookies, query) as page:
                while not heard or heard[-1]["type"] != "ready":
                    heard.append(await page.hear())
            return heard

        return run(main)

    def test_brings_what_was_missed(self, rooms, said, ben):
        frames = self.frames_after(rooms["a"], cookies_of(ben), f"?after={said[1].pk}")

        assert [each.get("text") for each in frames] == ["number 2", "number 3", None]
        assert [each.get("own") for each in frames] == [False, False, None]

    def test_says_so_when_it_was_too_much(self, rooms, said, ben, monkeypatch):
        monkeypatch.setattr(messages, "CATCH_UP", 2)

        frames = self.frames_after(rooms["a"], cookies_of(ben), "?after=0")

        assert [each["type"] for each in frames] == ["gap", "ready"]

    @pytest.mark.parametrize(
        "query", ["", "?after=", "?after=x", "?after=-1", "?after=" + "9" * 40]
    )
    def test_brings_nothing_that_was_not_asked_for(self, rooms, said, ben, query):
        frames = self.frames_after(rooms["a"], cookies_of(ben), query)

        assert [each["type"] for each in frames] == ["ready"]

    def test_brings_nothing_to_who_is_not_in_the_room(self, rooms, said, member):
        cookies = cookies_of(member)

        async def main():
            async with opened(rooms["a"], cookies, "?after=0") as page:
                return await page.communicator.receive_output(10)

        assert run(main) == {"type": "websocket.close", "code": 4403}


def test_markup_comes_as_it_was_written(rooms, anna):
    User.objects.filter(pk=anna.pk).update(first_name="<i>Anna</i>")
    cookies = cookies_of(anna)

    async def main():
        async with ready(rooms["a"], cookies) as page:
            await page.say("<script>alert(1)</script>")
            return await page.hear("message")

    heard = run(main)

    assert (heard["sender"], heard["text"]) == ("<i>Anna</i>", "<script>alert(1)</script>")


def test_a_router_without_our_middleware_says_what_to_do(rooms):
    from django.core.exceptions import ImproperlyConfigured

    async def main():
        from channels.routing import URLRouter

        from boardinghouse.contrib.chat.routing import websocket_urlpatterns

        application = URLRouter(websocket_urlpatterns)
        socket = WebsocketCommunicator(application, f"/ws/chat/{rooms['a']}/")
        await socket.connect()

    with pytest.raises(ImproperlyConfigured, match="SchemaMiddlewareStack"):
        run(main)


def test_a_closed_page_is_forgotten(rooms, anna):
    cookies = cookies_of(anna)

    async def main():
        async with ready(rooms["a"], cookies):
            pass
        return [name for name in get_channel_layer().groups if name.startswith("a.")]

    assert run(main) == []
