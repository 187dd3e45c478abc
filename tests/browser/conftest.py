"""The example on a database of its own, and people in front of it."""

import os
import shutil
import sys
import uuid
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "example"))

import run  # noqa: E402  # the example's own way to start

PASSWORD = "boarding"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")

#: What the browser itself says about our answers 403 and 409.
EXPECTED = (
    "the server responded with a status of 403",
    "the server responded with a status of 409",
)

WIDE = {"width": 1100, "height": 640}
NARROW = {"width": 390, "height": 760}

#: What the summary says, however quiet pytest is.
notes = []


def pytest_terminal_summary(terminalreporter):
    for note in notes:
        terminalreporter.write_line(f"tests/browser: {note}")


def skip_for_want_of(what):
    note = f"skipped, as {what}"
    if note not in notes:
        notes.append(note)
    pytest.skip(what)


@pytest.fixture(scope="package")
def playwright():
    """Playwright, until this package's last test: Django's ORM refuses to work beside it."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        skip_for_want_of("there is no playwright. Run `pip install playwright`.")
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def chromium(playwright):
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None:
        skip_for_want_of("there is no Chromium. Run `apt-get install chromium`.")
    browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
    yield browser
    browser.close()


def tests_server():
    """Return the address of the server that the tests use."""
    if os.environ.get("DATABASE_URL"):
        return os.environ["DATABASE_URL"]
    entry = settings.DATABASES["default"]
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    parameters = {name: entry[key] for name, key in names.items() if entry.get(key)}
    return make_conninfo(dbname="postgres", **parameters)


class Site:
    """The example while it is served."""

    def __init__(self, port, database):
        self.host = f"{run.HOST}:{port}"
        self.address = f"http://{self.host}"
        self.database = database
        self.sessions = {}

    def ask(self, query):
        """Return the first column of what a query finds."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            return [row[0] for row in connection.execute(query)]

    def run_sql(self, statement):
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(statement)

    def keep_session(self, username, cookies):
        """Keep a copy of a fresh session: hashing a password takes its time on purpose."""
        key = next(each["value"] for each in cookies if each["name"] == "sessionid")
        self.sessions[username] = f"first of {username}"
        self.run_sql(
            f"INSERT INTO django_session SELECT '{self.sessions[username]}', session_data, "
            f"expire_date FROM django_session WHERE session_key = '{key}' ON CONFLICT DO NOTHING"
        )

    def schools_of(self, name):
        """Return the schemata that have a pupil of that name, once for each."""
        query = sql.SQL("SELECT 1 FROM {} WHERE name = {}")
        return [
            school
            for school in ("hamilton", "riverside", "stmarys")
            for _ in self.ask(query.format(sql.Identifier(school, "pupils_pupil"), name))
        ]


@pytest.fixture(scope="package")
def site(chromium):
    """The example, served by a process of its own."""
    port = run.free_port()
    with run.throwaway_database_on(tests_server()) as environment:
        environment["PYTHONPATH"] = str(ROOT)
        with run.run_site(port, environment) as (process, log):
            assert run.wait_until_served(process, port), log.read_text()
            yield Site(port, environment["DATABASE_URL"])


class Person:
    """Somebody with a browser of their own, whose tabs share what a browser's tabs share."""

    def __init__(self, site, context):
        self.site = site
        self.context = context
        self.errors = []
        context.set_default_timeout(10_000)
        context.on("console", self.note)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))

    def note(self, message):
        if message.type == "error" and not any(each in message.text for each in EXPECTED):
            self.errors.append(f"{message.text} at {message.location['url']}")

    def open(self, path="/"):
        """Open an address in a new tab."""
        tab = self.context.new_page()
        tab.goto(self.site.address + path)
        return tab

    def log_in(self, username):
        """Log in; from the second time on, with a copy of what the first time gave."""
        if username not in self.site.sessions:
            return self.log_in_by_hand(username)
        key = uuid.uuid4().hex
        self.site.run_sql(
            f"INSERT INTO django_session SELECT '{key}', session_data, expire_date "
            f"FROM django_session WHERE session_key = '{self.site.sessions[username]}'"
        )
        cookie = {"name": "sessionid", "value": key, "url": self.site.address}
        self.context.add_cookies([cookie])
        return self.open("/")

    def log_in_by_hand(self, username):
        tab = self.open("/login/")
        tab.get_by_label("Username").fill(username)
        tab.get_by_label("Password").fill(PASSWORD)
        tab.get_by_role("button", name="Log in").click()
        tab.wait_for_url(self.site.address + "/")
        self.site.keep_session(username, self.context.cookies())
        return tab


@pytest.fixture
def meet(site, chromium):
    """What opens a browser for a person; at the end its console must have had no errors."""
    people = []

    def meet(**options):
        context = chromium.new_context(**{"viewport": WIDE, **options})
        people.append(Person(site, context))
        return people[-1]

    yield meet
    for person in people:
        person.context.close()
    assert [error for person in people for error in person.errors] == []


@pytest.fixture
def person(meet):
    return meet()


def save(tab, name, *, variable, height):
    if directory := os.environ.get(variable):
        Path(directory).mkdir(parents=True, exist_ok=True)
        clip = {"x": 0, "y": 0, "width": tab.viewport_size["width"], "height": height}
        tab.screenshot(path=Path(directory) / f"{name}.png", animations="disabled", clip=clip)


@pytest.fixture
def take():
    """What takes a screenshot for the documentation, where they are asked for."""

    def take(tab, name, *, height=WIDE["height"]):
        save(tab, name, variable="BOARDINGHOUSE_SCREENSHOTS", height=height)

    return take


@pytest.fixture
def look():
    """What takes a screenshot to look at, where they are asked for."""

    def look(tab, name):
        save(tab, name, variable="BOARDINGHOUSE_LOOKS", height=tab.viewport_size["height"])

    return look


def elsewhere(person, page=""):
    """Another site, which answers everything with one page; return what is sent to it."""
    sent = []

    def serve(route):
        sent.append(route.request)
        route.fulfill(
            body=f'<!doctype html><title>Elsewhere</title><link rel="icon" href="data:,">{page}',
            content_type="text/html",
            headers={"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*"},
        )

    person.context.route("http://elsewhere.test/**", serve)
    return sent


@pytest.fixture(scope="module")
def many(site):
    """5,000 schemata more: rows without tables, enough for everything that lists them."""
    name = "'School ' || to_char(number, 'FM0000')"
    site.run_sql(
        "INSERT INTO boardinghouse_schema (schema, name) "
        f"SELECT 'school_' || number, {name} FROM generate_series(1, 5000) AS number"
    )
    yield
    site.run_sql("DELETE FROM boardinghouse_schema WHERE schema LIKE 'school\\_%'")
