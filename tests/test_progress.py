"""How far a command has got, on a terminal, in a log, for a machine, and for nobody."""

import io
import json
import sys

import pytest
from django.core.management.base import OutputWrapper

from boardinghouse import progress
from boardinghouse.progress import Bar, Events, Lines, Progress, show_on


class Clock:
    """Time that passes when a test says so."""

    now = 0.0

    def __call__(self):
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock():
    return Clock()


def work(shown, clock, total=100, seconds=1.0):
    with shown.task("Migrating", total) as task:
        for _ in range(total):
            clock.now += seconds
            task.advance()


def test_nothing_is_shown_to_nobody(clock, capsys):
    shown = Progress()

    work(shown, clock)
    shown.say("Hello.")

    assert capsys.readouterr() == ("", "")


def test_lines_count_and_tell_rate_and_time_left(clock):
    lines = []

    work(Lines(lines.append, clock=clock), clock)

    assert len(lines) == 10
    assert lines[0] == "Migrating: 10 of 100 schemata (1 a second, 90 s left)"
    assert lines[-1] == "Migrating: 100 of 100 schemata (1 a second)"


def test_slow_work_is_told_before_a_tenth_is_done(clock):
    lines = []

    with Lines(lines.append, clock=clock).task("Migrating", 1000) as task:
        clock.now += 11
        task.advance()
        task.advance()

    assert lines == ["Migrating: 1 of 1000 schemata (0 a second, 10989 s left)"]


def test_machines_read_an_event_a_line(clock):
    lines = []
    shown = Events(lines.append, clock=clock)

    work(shown, clock, total=2)
    shown.say("Schema 'a' failed.", schema="a")

    begun = {"event": "started", "task": "Migrating", "unit": "schemata", "total": 2}
    now = {"task": "Migrating", "unit": "schemata", "total": 2}
    assert [json.loads(line) for line in lines] == [
        begun,
        {"event": "progress", **now, "done": 1, "seconds": 1.0},
        {"event": "progress", **now, "done": 2, "seconds": 2.0},
        {"event": "finished", **now, "done": 2, "seconds": 2.0},
        {"event": "message", "message": "Schema 'a' failed.", "schema": "a"},
    ]


def test_machines_learn_where_it_ended_when_it_fails(clock):
    lines = []

    with pytest.raises(ZeroDivisionError), Events(lines.append, clock=clock).task("x", 2):
        raise ZeroDivisionError

    assert json.loads(lines[-1])["event"] == "finished"
    assert json.loads(lines[-1])["done"] == 0


def test_a_terminal_gets_a_bar(clock, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    terminal = Terminal()
    shown = Bar(terminal, clock=clock)

    with shown.task("Migrating [x]", 4) as task:
        clock.now += 2
        task.advance(4)
        shown.say("In [between].")
    shown.say("After.")

    text = terminal.getvalue()
    assert "Migrating [x]" in text
    assert "4 of 4 schemata" in text
    assert "2 a second" in text
    assert "In [between]." in text
    assert text.endswith("After.\n")


def test_the_bar_of_a_command_is_drawn_in_one_piece(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    terminal = Terminal()

    with show_on(OutputWrapper(terminal), verbosity=1).task("Migrating", 1) as task:
        task.advance()

    assert "Migrating \x1b[" in terminal.getvalue()


def test_what_is_shown_depends_on_output_and_options(monkeypatch):
    log, terminal = io.StringIO(), Terminal()

    def chosen(output, **options):
        return type(show_on(output, **{"verbosity": 1, **options}))

    assert chosen(log) is Lines
    assert chosen(terminal) is Bar
    assert chosen(terminal, verbosity=0) is Progress
    assert chosen(log, verbosity=0) is Progress
    assert chosen(terminal, as_json=True) is Events
    assert chosen(log, verbosity=0, as_json=True) is Events
    monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setattr(progress, "find_spec", lambda name: None)
    assert chosen(terminal) is Lines
