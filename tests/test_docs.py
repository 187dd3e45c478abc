"""The documentation says what the code does, and what it shows can be run."""

import os
import re
import shlex
import subprocess
import sys
import textwrap
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from boardinghouse import checks, conf

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.rst"), ROOT / "README.rst"])

BLOCK = re.compile(
    r"^\.\. code-block:: (?P<language>\S+)\n"
    r"(?:   :caption: (?P<caption>.+)\n)?"
    r"(?P<text>(?:\n|   .*\n)+)",
    re.MULTILINE,
)
HEADING = re.compile(r"^(?P<text>\S.*)\n(?P<line>([=~^\-])\3+)$", re.MULTILINE)
AT_THE_END = ", at the end"
NOT_RUN = ("pip install", "runserver")


def blocks_of(page):
    """Return a page's code blocks in order: language, caption or None, text."""
    return [
        (found["language"], found["caption"], textwrap.dedent(found["text"]).strip("\n") + "\n")
        for found in BLOCK.finditer(page.read_text())
    ]


def headings_of(name):
    """Return the headings of a page, without the marks of literals."""
    found = HEADING.findall((DOCS / f"{name}.rst").read_text())
    return [text.replace("``", "") for text, _line, _mark in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_python_on_a_page_compiles(page):
    for language, caption, text in blocks_of(page):
        if language == "python":
            compile(text, caption or page.name, "exec")


def test_every_check_has_a_heading_and_every_heading_a_check():
    modules = Path(checks.__file__).parent.rglob("*checks.py")
    source = "".join(module.read_text() for module in modules)

    ids = set(re.findall(r'id="(boardinghouse\.[EW]\d{3})"', source))
    headings = [text for text in headings_of("checks") if text.startswith("boardinghouse.")]

    assert sorted(ids) == sorted(headings)


def test_every_setting_has_a_heading_and_every_heading_a_setting():
    names = {f"BOARDINGHOUSE_{name}" for name in vars(conf.Settings) if name.isupper()}
    headings = [text for text in headings_of("settings") if text.startswith("BOARDINGHOUSE_")]

    assert sorted(names) == sorted(headings)


def test_every_command_has_a_heading():
    folder = ROOT / "boardinghouse" / "management" / "commands"

    commands = {path.stem for path in folder.glob("[!_]*.py")}

    assert commands <= set(headings_of("commands"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_with_schema_is_told_which_by_an_option(page):
    followed_by = re.findall(r"\bwith_schema ([^-<\s]\S*)", page.read_text())

    assert followed_by == []


def test_every_page_is_in_the_table_of_contents():
    index = (DOCS / "index.rst").read_text()

    listed = set(re.findall(r"^   (?:.+ <)?([a-z_-]+)>?$", index, re.MULTILINE))

    assert listed | {"index"} == {page.stem for page in DOCS.glob("*.rst")}


@pytest.fixture
def database():
    """The address of an empty database on the tests' server, for another process."""
    entry = settings.DATABASES["default"]
    name = f"tutorial_{os.getpid()}"
    server = {
        "host": entry.get("HOST"),
        "port": entry.get("PORT"),
        "user": entry.get("USER"),
        "password": entry.get("PASSWORD"),
        **entry.get("OPTIONS", {}),
    }
    server = {key: value for key, value in server.items() if value}
    with psycopg.connect(**server, dbname="postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield make_conninfo(**server, dbname=name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


class Reader:
    """Somebody who does what a page says, block by block, and compares what comes out."""

    def __init__(self, directory, database):
        self.directory = directory
        inherited = {
            key: value
            for key, value in os.environ.items()
            if key != "DJANGO_SETTINGS_MODULE" and not key.startswith("COVERAGE_")
        }
        self.environment = {
            **inherited,
            "DATABASE_URL": database,
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "error",
        }

    def follow(self, language, caption, text):
        if language == "console":
            for command, expected in commands_in(text):
                self.run(command, expected)
        else:
            self.write(caption, text)

    def write(self, caption, text):
        path = self.directory / caption.removesuffix(AT_THE_END)
        path.parent.mkdir(parents=True, exist_ok=True)
        if caption.endswith(AT_THE_END):
            text = f"{path.read_text()}\n\n{text}"
        path.write_text(text)

    def run(self, command, expected=""):
        if any(each in command for each in NOT_RUN):
            return
        program, *arguments = shlex.split(command)
        start = [sys.executable] if program == "python" else [sys.executable, "-m", "django"]
        done = subprocess.run(
            [*start, *arguments],
            cwd=self.directory,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        place = 0
        for line in expected.splitlines():
            if line != "...":
                place = done.stdout.find(line, place)
                assert place >= 0, (
                    f"{command}\nis said to print {line!r}, and printed\n{done.stdout}"
                )

    def type_into_shell(self, session):
        """Run a session as a doctest, in the project's own shell."""
        (self.directory / "session.txt").write_text(session)
        self.run(f"python manage.py shell -c {shlex.quote(RUN_SESSION)}")


RUN_SESSION = """
import doctest, sys
options = doctest.ELLIPSIS | doctest.REPORT_ONLY_FIRST_FAILURE
sys.exit(doctest.testfile("session.txt", module_relative=False, optionflags=options).failed)
"""


def commands_in(text):
    """Return a console's commands, each with the lines that it is said to print."""
    return [
        (command, expected)
        for command, _newline, expected in (
            each.partition("\n") for each in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
        )
    ]


def test_the_tutorial_can_be_followed(tmp_path, database):
    reader = Reader(tmp_path, database)

    for language, blocks in groupby(blocks_of(DOCS / "tutorial.rst"), key=itemgetter(0)):
        if language == "pycon":
            reader.type_into_shell("\n".join(text for _language, _caption, text in blocks))
        else:
            for block in blocks:
                reader.follow(*block)


def test_a_wrong_line_in_the_tutorial_would_be_noticed(tmp_path):
    reader = Reader(tmp_path, "postgresql://localhost/unused")

    with pytest.raises(AssertionError, match="is said to print"):
        reader.follow("console", None, '$ python -c "print(1)"\n2\n')
