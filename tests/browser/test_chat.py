"""Two people talk: each in a browser of their own, on a server process of their own.

Daphne serves both processes, and Redis stands between them.
"""

import json
import re
import shutil
import time
from contextlib import ExitStack
from importlib.util import find_spec

import pytest

from tests.browser import conftest
from tests.browser.conftest import (
    NARROW,
    ROOT,
    WIDE,
    Person,
    Site,
    run,
    skip_for_want_of,
)
from tests.caches import running_redis

expect = pytest.importorskip("playwright.sync_api").expect

MARKUP = "<img src=x onerror=\"document.title='broken'\"> & <b>bold</b>"
STRICT = "default-src 'self'; img-src data:; base-uri 'none'; object-src 'none'"
MESSAGES = ".boardinghouse-chat-log > li"
TEXTS = f"{MESSAGES} > p"
STATUS = ".boardinghouse-chat-status"
CONNECTED = "You see messages as they come."


class Servers:
    """Processes of the example on one database, with one Redis between them."""

    def __init__(self, environment):
        self.environment = environment
        self.sessions = {}
        self.running = {}

    def start(self, port):
        stack = ExitStack()
        process, log = stack.enter_context(run.run_site(port, self.environment))
        self.running[port] = stack
        assert run.wait_until_served(process, port), log.read_text()

    def stop(self, port):
        self.running.pop(port).close()

    def site(self, port):
        site = Site(port, self.environment["DATABASE_URL"])
        site.sessions = self.sessions
        return site


@pytest.fixture(scope="module")
def servers(chromium, tmp_path_factory):
    for module in ("channels", "channels_redis", "daphne"):
        if find_spec(module) is None:
            skip_for_want_of(f"there is no {module}. Run `pip install {module}`.")
    if shutil.which("redis-server") is None:
        skip_for_want_of("there is no redis-server. Run `apt-get install redis-server`.")
    with (
        running_redis(tmp_path_factory.mktemp("redis")) as redis,
        run.throwaway_database_on(conftest.tests_server()) as environment,
    ):
        servers = Servers({**environment, "PYTHONPATH": str(ROOT), "REDIS_URL": redis})
        try:
            yield servers
        finally:
            for port in list(servers.running):
                servers.stop(port)


@pytest.fixture(scope="module")
def sites(servers):
    """Two processes."""
    ports = run.free_port(), run.free_port()
    for port in ports:
        servers.start(port)
    return [servers.site(port) for port in ports]


@pytest.fixture
def meet(sites, chromium):
    """What opens a browser for somebody on one of the sites, logged in."""
    people = []

    def meet(username, site=0, **options):
        context = chromium.new_context(**{"viewport": WIDE, **options})
        person = Person(sites[site], context)
        people.append(person)
        person.log_in(username).close()
        return person

    yield meet
    for person in people:
        person.context.close()
    assert [error for person in people for error in person.errors] == []


def begin(person, school, other):
    """Begin a conversation as a person does, and return its page."""
    tab = person.open(f"/chat/new/?__schema={school}")
    tab.get_by_label(other, exact=True).check()
    tab.get_by_role("button", name="Talk").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text(other)
    return tab


def path_of(tab):
    return re.search(r"/chat/[0-9a-f-]{36}/", tab.url)[0]


def connected(tab):
    expect(tab.locator(STATUS)).to_have_text(CONNECTED)
    return tab


def say(tab, text):
    tab.get_by_label("Your message").fill(text)
    tab.get_by_role("button", name="Send").click()
    expect(tab.get_by_label("Your message")).to_have_value("")


def fill_room(site, school, room, count):
    """Let tomas have said as many messages, each with its number."""
    site.run_sql(
        f"INSERT INTO {school}.boardinghouse_chat_message (room_id, sender_id, text) "
        f"SELECT '{room}', id, 'number ' || number FROM auth_user, "
        f"generate_series(1, {count}) AS number WHERE username = 'tomas' ORDER BY number"
    )


def wait_until(is_so):
    """Wait for what no page shows, not for ever."""
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def be_strict(person):
    """Let every answer say that nothing inline may run."""

    def serve(route):
        response = route.fetch(max_redirects=0)
        headers = {**response.headers, "content-security-policy": STRICT}
        route.fulfill(response=response, headers=headers)

    person.context.route("**/*", serve)


def test_two_people_in_two_browsers_on_two_processes_talk(meet):
    anna, tomas = meet("anna"), meet("tomas", 1)
    annas = connected(begin(anna, "hamilton", "tomas"))
    say(annas, "Before you came")

    toms = tomas.open("/?__schema=hamilton")
    toms.get_by_role("link", name="Chat").click()
    expect(toms.locator(".boardinghouse-chat-unread")).to_contain_text("1 new")
    toms.get_by_role("link", name="anna").click()
    connected(toms)
    annas.get_by_label("Your message").press_sequentially("Hello")
    annas.keyboard.press("Shift+Enter")
    annas.keyboard.type("Tomas")
    annas.keyboard.press("Enter")

    expect(toms.locator(TEXTS).last).to_have_text("Hello\nTomas")
    say(toms, MARKUP)
    expect(annas.locator(TEXTS).last).to_have_text(MARKUP)
    for tab in (annas, toms):
        # "saved" may come before the message itself, which takes the way that all others take.
        expect(tab.locator(MESSAGES)).to_have_count(3)
        assert tab.locator(TEXTS).all_inner_texts() == ["Before you came", "Hello\nTomas", MARKUP]
        assert tab.locator(f"{MESSAGES} img").count() == 0
        assert tab.title() != "broken"
        assert tab.locator(STATUS).is_visible()


def test_the_same_two_have_another_conversation_in_another_school(meet):
    anna, tomas = meet("anna"), meet("tomas", 1)
    at_hamilton = connected(begin(anna, "hamilton", "tomas"))
    tomas_at_hamilton = connected(tomas.open(f"{path_of(at_hamilton)}?__schema=hamilton"))
    at_riverside = connected(begin(anna, "riverside", "tomas"))
    tomas_at_riverside = connected(tomas.open(f"{path_of(at_riverside)}?__schema=riverside"))
    assert path_of(at_hamilton) != path_of(at_riverside)

    say(at_riverside, "only at Riverside")
    expect(tomas_at_riverside.locator(TEXTS).last).to_have_text("only at Riverside")
    connected(tomas_at_hamilton)
    say(tomas_at_hamilton, "only at Hamilton, though both sessions are at Riverside")

    expect(at_hamilton.locator(TEXTS).last).to_contain_text("only at Hamilton")
    for tab in (at_riverside, tomas_at_riverside):
        assert "only at Hamilton" not in tab.content()
    for tab in (at_hamilton, tomas_at_hamilton):
        assert "only at Riverside" not in tab.content()
    site = anna.site
    count = "SELECT count(*) FROM {}.boardinghouse_chat_message WHERE text LIKE 'only at %'"
    assert [site.ask(count.format(school)) for school in ("hamilton", "riverside", "stmarys")] == [
        [1],
        [1],
        [0],
    ]


def test_a_strict_content_security_policy_is_kept(meet):
    anna = meet("anna")
    be_strict(anna)

    tab = connected(begin(anna, "hamilton", "tomas"))
    say(tab, "strictly")

    expect(tab.locator(TEXTS).last).to_have_text("strictly")


def test_a_page_that_was_cut_off_connects_again_and_has_missed_nothing(meet, servers, sites):
    anna, tomas = meet("anna"), meet("tomas", 1)
    annas = connected(begin(anna, "riverside", "tomas"))
    toms = connected(tomas.open(f"{path_of(annas)}?__schema=riverside"))
    port = int(sites[1].host.split(":")[1])

    servers.stop(port)
    expect(toms.locator(STATUS)).to_contain_text("The connection is lost")
    say(annas, "while you were away")
    servers.start(port)

    expect(toms.locator(TEXTS).last).to_have_text("while you were away", timeout=40_000)
    connected(toms)
    say(toms, "I am back")
    expect(annas.locator(TEXTS).last).to_have_text("I am back")
    tomas.errors[:] = [each for each in tomas.errors if "WebSocket connection to" not in each]


@pytest.fixture
def keep_back():
    """What keeps frames from a person's pages, and returns the open connections."""

    def keep_back(person, kinds):
        opened = []

        def serve(socket):
            server = socket.connect_to_server()
            opened.append(socket)
            server.on_message(
                lambda text: None if json.loads(text)["type"] in kinds else socket.send(text)
            )

        person.context.route_web_socket(re.compile("/ws/chat/"), serve)
        return opened

    return keep_back


def test_what_was_on_its_way_when_the_connection_died_is_said_once(meet, keep_back):
    tomas = meet("tomas")
    kept = ["saved", "message"]
    opened = keep_back(tomas, kept)
    tab = connected(begin(tomas, "stmarys", "ben"))
    tab.get_by_label("Your message").fill("said once")
    tab.keyboard.press("Enter")
    count = "SELECT count(*) FROM stmarys.boardinghouse_chat_message WHERE text LIKE 'said once%'"
    wait_until(lambda: tomas.site.ask(count) == [1])

    kept.clear()
    opened[-1].close(code=1011)

    expect(tab.get_by_label("Your message")).to_have_value("")
    expect(tab.locator(TEXTS).last).to_have_text("said once")
    assert tomas.site.ask(count) == [1]
    say(tab, "said once more")
    assert tomas.site.ask(count) == [2]


def test_what_is_typed_while_a_message_is_on_its_way_stays(meet, keep_back):
    tomas = meet("tomas")
    kept = ["saved"]
    opened = keep_back(tomas, kept)
    tab = connected(begin(tomas, "stmarys", "ben"))
    tab.get_by_label("Your message").fill("first, ")
    tab.keyboard.press("Enter")
    tab.keyboard.type("then second")
    expect(tab.get_by_label("Your message")).to_have_value("first, then second")

    kept.clear()
    opened[-1].close(code=1011)

    expect(tab.get_by_label("Your message")).to_have_value("then second")


def test_a_gap_is_filled_and_what_was_typed_stays(meet, keep_back):
    tomas = meet("tomas")
    opened = keep_back(tomas, [])
    tab = connected(begin(tomas, "stmarys", "ben"))
    room = path_of(tab).split("/")[2]
    tab.get_by_label("Your message").fill("not sent yet")
    fill_room(tomas.site, "stmarys", room, 250)

    opened[-1].close(code=1011)

    expect(tab.locator(TEXTS).last).to_have_text("number 250")
    expect(tab.locator(MESSAGES)).to_have_count(50)
    expect(tab.get_by_label("Your message")).to_have_value("not sent yet")
    expect(tab.get_by_role("link", name="Earlier messages")).to_have_count(1)


def test_who_is_taken_out_of_the_school_sees_and_says_nothing_more(meet):
    anna, tomas = meet("anna"), meet("tomas", 1)
    annas = connected(begin(anna, "hamilton", "tomas"))
    toms = connected(tomas.open(f"{path_of(annas)}?__schema=hamilton"))
    membership = "boardinghouse_schema_users (schema_id, user_id)"
    users = "FROM auth_user WHERE username = 'tomas'"
    anna.site.run_sql(
        "DELETE FROM boardinghouse_schema_users WHERE schema_id = 'hamilton' "
        f"AND user_id IN (SELECT id {users})"
    )

    try:
        say(annas, "among us")
        toms.get_by_label("Your message").fill("let me in")
        toms.get_by_role("button", name="Send").click()

        expect(toms.locator(STATUS)).to_have_text("You are not in this conversation any more.")
        assert "among us" not in toms.content()
        assert "let me in" not in annas.content()
    finally:
        anna.site.run_sql(f"INSERT INTO {membership} SELECT 'hamilton', id {users}")


def test_what_is_refused_stays_in_the_box_with_the_reason(meet):
    tab = connected(begin(meet("anna"), "hamilton", "tomas"))

    tab.get_by_label("Your message").fill("x" * 4001)
    tab.get_by_role("button", name="Send").click()

    expect(tab.get_by_role("alert")).to_contain_text("4000 characters are the most")
    expect(tab.get_by_label("Your message")).to_have_value("x" * 4001)
    say(tab, "shorter")
    expect(tab.get_by_role("alert")).to_have_count(0)


def test_history_is_put_before_what_is_there(meet):
    anna = meet("anna")
    tab = connected(begin(anna, "hamilton", "tomas"))
    room = path_of(tab).split("/")[2]
    fill_room(anna.site, "hamilton", room, 120)
    tab.reload()
    expect(tab.locator(MESSAGES)).to_have_count(50)

    for count in (100, 120):
        tab.get_by_role("link", name="Earlier messages").click()
        if count == 120:
            expect(tab.get_by_role("link", name="Earlier messages")).to_have_count(0)
        else:
            expect(tab.locator(MESSAGES)).to_have_count(count)

    texts = tab.locator(TEXTS).all_inner_texts()
    assert texts[-120:] == [f"number {number}" for number in range(1, 121)]
    assert len(set(tab.locator(MESSAGES).evaluate_all("all => all.map(x => x.dataset.id)"))) == len(
        texts
    )


def test_history_that_is_asked_for_twice_comes_once(meet):
    anna = meet("anna")
    tab = connected(begin(anna, "riverside", "tomas"))
    fill_room(anna.site, "riverside", path_of(tab).split("/")[2], 120)
    tab.reload()

    tab.get_by_role("link", name="Earlier messages").dblclick()

    expect(tab.locator(MESSAGES)).to_have_count(100)
    tab.wait_for_load_state("networkidle")
    numbers = [f"number {each}" for each in range(21, 121)]
    assert tab.locator(TEXTS).all_inner_texts() == numbers


def test_history_of_another_school_is_not_put_into_this_page(meet):
    anna = meet("anna")
    tab = connected(begin(anna, "hamilton", "tomas"))
    fill_room(anna.site, "hamilton", path_of(tab).split("/")[2], 60)
    tab.reload()
    here = tab.url.split("#")[0]
    theirs = '<section class="boardinghouse-chat" data-schema="riverside" data-room="{}">'
    body = theirs.format(path_of(tab).split("/")[2]) + (
        '<ol class="boardinghouse-chat-log"><li data-id="1"><b></b><time></time><p>theirs</p>'
    )
    tab.route("**/*before=*", lambda route: route.fulfill(body=body, content_type="text/html"))

    tab.get_by_role("link", name="Earlier messages").click()

    tab.wait_for_url(f"{here}?before=*")


def test_without_javascript_people_read_and_write(meet):
    anna = meet("anna", java_script_enabled=False)
    tab = begin(anna, "riverside", "tomas")

    tab.get_by_label("Your message").fill("by a form")
    tab.get_by_role("button", name="Send").click()

    expect(tab.locator(TEXTS).last).to_have_text("by a form")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_sticks_out(meet, size, scheme, look):
    person = meet("tomas", viewport=size, color_scheme=scheme)
    talking = connected(begin(person, "stmarys", "ben"))
    name = f"{'wide' if size == WIDE else 'narrow'}-{scheme}"
    say(talking, f"A long word: {'x' * 300}")
    say(talking, "Two\nlines")
    pages = {"chat-room": path_of(talking), "chat-rooms": "/chat/", "chat-new": "/chat/new/"}
    out = {}

    for page, path in pages.items():
        talking.goto(person.site.address + path)
        out[page] = talking.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        look(talking, f"{page}-{name}")

    assert out == dict.fromkeys(pages, 0)
