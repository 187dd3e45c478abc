"""The pages of the chat, without JavaScript."""

import re
import uuid
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.template.loader import get_template
from django.test import Client

from boardinghouse.contrib.chat.messages import say
from boardinghouse.contrib.chat.models import Member, Message, Room
from boardinghouse.contrib.chat.rooms import create_room
from boardinghouse.schema import override
from tests.browsers import enter
from tests.conftest import make_user

pytestmark = pytest.mark.urls("tests.chat.urls")

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def visit(rooms):
    """What logs somebody in and enters a schema."""

    def visit(user, schema="a"):
        client = Client()
        client.force_login(user)
        enter(client, schema)
        return client

    return visit


@pytest.fixture
def said(rooms, anna, ben):
    """One message in each schema, with equal primary keys."""
    for name, room_id in rooms.items():
        with override(name):
            say(room_id, anna, f"said in {name}")
    return rooms


def text_of(response):
    return response.content.decode()


def says(response):
    """Return what a page's messages say."""
    return re.findall(
        r'<li data-id="\d+".*?<p dir="auto">(.*?)</p></li>', text_of(response), re.DOTALL
    )


def unread_of(user, schema):
    with override(schema):
        return [room.unread for room in Room.objects.with_news(user)]


def test_below_a_prefix_the_socket_says_the_schema_and_has_no_prefix(visit, rooms, anna, settings):
    place = settings.MIDDLEWARE.index("boardinghouse.middleware.SchemaMiddleware")
    prefix = "boardinghouse.contrib.prefix.SchemaPrefixMiddleware"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:place], prefix, *settings.MIDDLEWARE[place:]]

    page = text_of(visit(anna, "a").get(f"/b/chat/{rooms['b']}/"))

    assert f'"/ws/chat/{rooms["b"]}/"' in page
    assert 'data-schema="b"' in page
    assert f'action="/b/chat/{rooms["b"]}/#' in page


class TestARoom:
    def test_shows_what_was_said_in_its_schema(self, said, visit, ben):
        for name, room_id in said.items():
            response = visit(ben, name).get(f"/chat/{room_id}/")

            assert says(response) == [f"said in {name}"]

    def test_is_not_there_in_another_schema(self, said, visit, ben):
        assert visit(ben, "b").get(f"/chat/{said['a']}/").status_code == 404

    def test_is_not_there_for_who_is_not_in_it(self, said, visit, member):
        client = visit(member)
        refused = client.get(f"/chat/{said['a']}/")
        missing = client.get(f"/chat/{uuid.uuid4()}/")

        assert (refused.status_code, missing.status_code) == (404, 404)
        assert says(client.post(f"/chat/{said['a']}/", {"text": "let me in"})) == []
        with override("a"):
            assert not Message.objects.filter(text="let me in").exists()

    def test_is_not_there_for_a_superuser_who_is_not_in_it(self, said, visit, superuser):
        assert visit(superuser).get(f"/chat/{said['a']}/").status_code == 404

    def test_needs_a_login(self, said, client):
        response = client.get(f"/chat/{said['a']}/")

        assert response.status_code == 302
        assert response.url.startswith("/accounts/login/")

    def test_needs_a_schema(self, said, ben):
        client = Client()
        client.force_login(ben)

        response = client.get(f"/chat/{said['a']}/", headers={"Accept": "text/html"})

        assert response.status_code == 302
        assert response.url.startswith("/__change_schema__/")

    def test_is_closed_to_who_has_left_the_schema(self, said, visit, ben, schemata):
        client = visit(ben)
        schemata[0].users.remove(ben)

        assert client.get(f"/chat/{said['a']}/").status_code == 403

        schemata[0].users.add(ben)
        enter(client, "a")
        assert says(client.get(f"/chat/{said['a']}/")) == ["said in a"]

    def test_is_closed_to_who_is_inactive(self, said, visit, ben):
        client = visit(ben)
        User.objects.filter(pk=ben.pk).update(is_active=False)

        assert client.get(f"/chat/{said['a']}/").status_code in (302, 403)

    def test_writes_what_people_wrote_as_text(self, rooms, visit, anna, ben):
        User.objects.filter(pk=anna.pk).update(first_name=SCRIPT, last_name="")
        with override("a"):
            say(rooms["a"], anna, SCRIPT)

        client = visit(ben)
        for path in (f"/chat/{rooms['a']}/", "/chat/", "/chat/new/"):
            page = text_of(client.get(path))
            assert SCRIPT not in page
            assert "&lt;script&gt;alert(1)" in page

    def test_takes_a_message_by_its_form(self, rooms, visit, ben):
        response = visit(ben).post(f"/chat/{rooms['a']}/", {"text": " hello "}, follow=True)

        assert response.redirect_chain[0][1] == 302
        assert says(response) == ["hello"]
        with override("b"):
            assert not Message.objects.exists()

    def test_takes_a_form_that_is_sent_twice_once(self, rooms, visit, ben):
        client = visit(ben)
        page = text_of(client.get(f"/chat/{rooms['a']}/"))
        key = re.search(r'<input type="hidden" name="once" value="(.+?)"', page)[1]

        for _ in range(2):
            response = client.post(f"/chat/{rooms['a']}/", {"text": "hello", "once": key})

        assert response.status_code == 302
        assert says(client.get(response.url)) == ["hello"]

    @pytest.mark.parametrize("key", ["", "x", "\0", "9" * 500])
    def test_takes_a_form_without_a_key(self, rooms, visit, ben, key):
        client = visit(ben)
        for _ in range(2):
            client.post(f"/chat/{rooms['a']}/", {"text": "hello", "once": key})

        assert says(client.get(f"/chat/{rooms['a']}/")) == ["hello", "hello"]

    def test_with_who_is_gone_is_no_notes(self, said, visit, anna, ben):
        with override("b"):
            Room.objects.all().delete()
        with override("a"):
            alone = create_room([ben])
        anna.delete()
        client = visit(ben)

        titles = {
            path: re.search(r"<h1>(.*?)</h1>", text_of(client.get(f"/chat/{path}/")))[1]
            for path in (said["a"], alone)
        }

        assert titles == {said["a"]: "Somebody who has left", alone: "Notes to yourself"}

    def test_refuses_a_form_that_was_made_in_another_schema(self, rooms, visit, ben):
        data = {"text": "hello", "__expected_schema": "b"}

        response = visit(ben).post(f"/chat/{rooms['a']}/", data)

        assert response.status_code == 409
        with override("a"):
            assert not Message.objects.exists()

    def test_refuses_a_form_without_a_token(self, rooms, ben):
        client = Client(enforce_csrf_checks=True)
        client.force_login(ben)
        enter(client, "a")

        assert client.post(f"/chat/{rooms['a']}/", {"text": "hello"}).status_code == 403

    @pytest.mark.parametrize(
        ("text", "reason"),
        [("", "Write something"), (" \n\0 ", "Write something"), ("x" * 4001, "too long")],
    )
    def test_says_why_it_refuses_and_keeps_what_was_typed(self, rooms, visit, ben, text, reason):
        response = visit(ben).post(f"/chat/{rooms['a']}/", {"text": text})

        assert response.status_code == 400
        assert reason in text_of(response)
        assert text.strip("\n\0 ") in text_of(response)

    def test_refuses_what_is_too_fast_with_429(self, rooms, visit, ben, settings):
        settings.BOARDINGHOUSE_CHAT_RATE = (1, 600)
        client = visit(ben)
        client.post(f"/chat/{rooms['a']}/", {"text": "first"})

        response = client.post(f"/chat/{rooms['a']}/", {"text": "second"})

        assert response.status_code == 429
        assert says(response) == ["first"]
        assert "Not so fast" in text_of(response)
        assert "second" in text_of(response)

    def test_may_be_shown_by_another_view(self, rooms, visit, ben):
        response = visit(ben).get("/talk-to/anna/")

        assert f'data-socket="/ws/chat/{rooms["a"]}/"' in text_of(response)
        assert f'action="/chat/{rooms["a"]}/#' in text_of(response)

    def test_is_not_spoken_in_by_another_views_form(self, rooms, visit, ben):
        response = visit(ben).post("/talk-to/anna/", {"what": "hello"})

        assert response.status_code == 200
        assert says(response) == []

    @pytest.mark.urls("tests.chat.urls_without_ours")
    def test_works_at_that_views_address_alone(self, rooms, visit, ben):
        client = visit(ben)
        assert 'action="/talk-to/anna/#' in text_of(client.get("/talk-to/anna/"))

        response = client.post("/talk-to/anna/", {"text": "hello"}, follow=True)

        assert says(response) == ["hello"]

    @pytest.mark.parametrize("room_id", ["nonsense", "", 7, None])
    def test_does_not_fall_over_what_is_no_key(self, rooms, visit, ben, rf, room_id):
        from django.http import Http404

        from boardinghouse.contrib.chat.views import chatroom

        request = rf.get("/")
        request.user = ben
        with override("a"), pytest.raises(Http404):
            chatroom(request, room_id)

    def test_says_where_it_is_mounted(self, rooms, visit, ben):
        response = visit(ben).get(f"/chat/{rooms['a']}/", SCRIPT_NAME="/site")

        assert f'data-socket="/site/ws/chat/{rooms["a"]}/"' in text_of(response)

    def test_is_kept_by_no_cache(self, rooms, visit, ben):
        response = visit(ben).get(f"/chat/{rooms['a']}/")

        assert "no-store" in response.headers["Cache-Control"]


class TestHistory:
    @pytest.fixture
    def long(self, rooms, anna):
        with override("a"):
            Message.objects.bulk_create(
                Message(room_id=rooms["a"], sender=anna, text=f"number {number}")
                for number in range(120)
            )
        return f"/chat/{rooms['a']}/"

    def earlier(self, response):
        found = re.search(r'rel="prev" href="(\?before=\d+)"', text_of(response))
        return found and found[1]

    def test_is_paged_backwards_and_nothing_is_lost_or_twice(self, long, visit, ben):
        client, seen, query = visit(ben), [], ""
        while query is not None:
            response = client.get(long + query)
            seen = says(response) + seen
            query = self.earlier(response)

        assert seen == [f"number {number}" for number in range(120)]

    def test_does_not_shift_when_something_is_said_meanwhile(self, long, visit, rooms, ben):
        client = visit(ben)
        query = self.earlier(client.get(long))
        with override("a"):
            say(rooms["a"], ben, "meanwhile")

        assert says(client.get(long + query))[-1] == "number 69"

    def test_of_a_page_exactly_has_no_earlier_one(self, long, visit, ben, rooms):
        with override("a"):
            keep = Message.objects.order_by("-pk").values_list("pk", flat=True)[:50]
            Message.objects.exclude(pk__in=list(keep)).delete()

        response = visit(ben).get(long)

        assert len(says(response)) == 50
        assert self.earlier(response) is None

    def test_an_earlier_page_has_no_form_and_a_way_back(self, long, visit, ben):
        client = visit(ben)
        response = client.get(long + self.earlier(client.get(long)))

        assert "<textarea" not in text_of(response)
        assert "data-socket" not in text_of(response)
        assert "To the latest messages" in text_of(response)

    @pytest.mark.parametrize("before", ["x", "-1", "", "1.5", "9" * 30, "%00", "\u0663\u00b2"])
    def test_a_page_that_is_none_is_not_there(self, long, visit, ben, before):
        assert visit(ben).get(f"{long}?before={before}").status_code == 404

    def test_costs_the_same_however_long_it_is(
        self, long, visit, rooms, anna, ben, django_assert_num_queries
    ):
        clients = {name: visit(ben, name) for name in rooms}
        with override("b"):
            say(rooms["b"], anna, "alone")
        for name, client in clients.items():
            client.get(f"/chat/{rooms[name]}/")
            # Session, user, schema; room, members, messages; it is read; the path is set back.
            with django_assert_num_queries(8):
                client.get(f"/chat/{rooms[name]}/")


class TestUnread:
    def test_is_what_others_have_said_since_one_looked(self, said, visit, anna, ben):
        assert (unread_of(anna, "a"), unread_of(ben, "a")) == ([0], [1])

        visit(ben).get(f"/chat/{said['a']}/")

        assert unread_of(ben, "a") == [0]
        assert unread_of(ben, "b") == [1]

    def test_is_never_what_one_has_said_oneself(self, said, anna):
        with override("a"):
            Message.objects.create(room_id=said["a"], sender=anna, text="by another way")

        assert unread_of(anna, "a") == [0]

    def test_is_not_lost_by_looking_at_history(self, said, visit, ben):
        visit(ben).get(f"/chat/{said['a']}/?before=1")

        assert unread_of(ben, "a") == [1]

    def test_is_not_lost_by_a_prefetch(self, said, visit, ben):
        visit(ben).get(f"/chat/{said['a']}/", headers={"Sec-Purpose": "prefetch"})

        assert unread_of(ben, "a") == [1]

    def test_is_read_when_one_answers(self, said, ben):
        with override("a"):
            say(said["a"], ben, "yes")

        assert unread_of(ben, "a") == [0]

    def test_does_not_count_what_was_deleted(self, said, ben):
        with override("a"):
            Message.objects.all().delete()

        assert unread_of(ben, "a") == [0]

    def test_counts_what_somebody_said_who_is_gone(self, said, anna, ben):
        with override("b"):
            Room.objects.all().delete()
        with override("a"):
            anna.delete()

        assert unread_of(ben, "a") == [1]

    def test_is_never_taken_back(self, said, ben):
        from boardinghouse.contrib.chat.messages import mark_read

        with override("a"):
            first = Message.objects.get()
            second = say(said["a"], ben, "second")
            mark_read(said["a"], ben, first.pk)

            assert Member.objects.get(user=ben).read_up_to == second.pk

    @pytest.mark.parametrize("key", [10**6, 10**30, -1])
    def test_goes_no_further_than_what_was_said(self, said, ben, key):
        from boardinghouse.contrib.chat.messages import mark_read

        with override("a"):
            mark_read(said["a"], ben, key)

            assert Member.objects.get(user=ben).read_up_to == 0


class TestTheList:
    def test_shows_the_rooms_of_this_schema_and_what_is_new(self, said, visit, ben):
        page = text_of(visit(ben, "a").get("/chat/"))

        assert str(said["a"]) in page
        assert str(said["b"]) not in page
        assert "1 new" in page
        assert "said in a" in page

    def test_shows_nothing_to_who_is_in_no_room(self, said, visit, member):
        page = text_of(visit(member).get("/chat/"))

        assert str(said["a"]) not in page
        assert "in no conversation" in page

    def test_has_the_latest_first(self, said, visit, anna, ben, member):
        with override("a"):
            alone = create_room([ben])
            say(create_room([ben, member]), member, "later")
            say(alone, ben, "last")

        titles = re.findall("<strong>(.*?)</strong>", text_of(visit(ben).get("/chat/")))

        assert titles == ["Notes to yourself", "member", "anna"]

    def test_costs_the_same_for_one_room_and_for_twenty(
        self, said, visit, ben, schemata, django_assert_num_queries
    ):
        client = visit(ben)
        client.get("/chat/")
        # Session, user, schema; how many, rooms, members; the path is set back.
        with django_assert_num_queries(7):
            assert text_of(client.get("/chat/")).count("1 new") == 1
        with override("a"):
            for number in range(19):
                pupil = make_user(f"pupil{number}", schemata[0])
                say(create_room([ben, pupil]), pupil, "hello")
        client.get("/chat/")

        with django_assert_num_queries(7):
            assert text_of(client.get("/chat/")).count("1 new") == 20

    def test_has_pages(self, rooms, visit, ben, schemata):
        with override("a"):
            for number in range(50):
                create_room([ben, make_user(f"pupil{number}", schemata[0])])
        client = visit(ben)

        first, second = (text_of(client.get(f"/chat/?page={page}")) for page in (1, 2))

        assert (first.count("<strong>"), second.count("<strong>")) == (50, 1)
        assert "Page 1 of 2" in first


class TestANewConversation:
    def test_offers_the_active_people_of_this_schema(self, rooms, visit, ben, member_of_a):
        make_user("asleep", *ben.schemata.all(), is_active=False)
        names = {
            name: set(re.findall(r'name="people".*?> (.*?)</label>', text_of(response)))
            for name in ("a", "b")
            for response in [visit(ben, name).get("/chat/new/")]
        }

        assert names == {"a": {"anna", "member_of_a"}, "b": {"anna"}}

    def test_leads_into_the_room(self, rooms, visit, anna, ben):
        response = visit(ben).post("/chat/new/", {"people": [anna.pk]})

        assert response.url == f"/chat/{rooms['a']}/"

    def test_refuses_who_is_not_here(self, rooms, visit, ben, member_of_a):
        client = visit(ben, "b")
        for people in ([member_of_a.pk], [], ["nonsense"], [str(10**30)]):
            response = client.post("/chat/new/", {"people": people})

            assert response.status_code == 400
            assert "Choose somebody who is here." in text_of(response)
        with override("b"):
            assert Room.objects.count() == 1

    def test_finds_people_by_all_the_words(self, rooms, visit, ben, schemata):
        make_user("cz", schemata[0], first_name="Chidi", last_name="Otieno")

        page = text_of(visit(ben).get("/chat/new/?q=otie chi%00"))

        assert "Chidi Otieno" in page
        assert "anna" not in page


TEMPLATES = ["base", "rooms", "room", "message", "new", "pages"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_template_has_a_script_a_style_or_a_handler_in_it(name):
    source = Path(get_template(f"boardinghouse_chat/{name}.html").origin.name).read_text()

    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|https?://", source)
    assert all("src=" in script for script in re.findall(r"<script[^>]*", source))
