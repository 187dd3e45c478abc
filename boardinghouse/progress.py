"""How far a long command has got: a bar on a terminal, lines with counts elsewhere.

A command makes one `Progress` with `show_on` and passes it down; each piece of long work is
a block of its own::

    with progress.task("Creating", total=len(names)) as task:
        for name in names:
            ...
            task.advance()
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

#: At least so many seconds are between two lines about the same task, unless a tenth is done.
PATIENCE = 10.0


class Task:
    """A piece of work with a known number of steps. Safe to advance from several threads."""

    def __init__(self, what: str, total: int, unit: str, clock: Callable[[], float]) -> None:
        self.what, self.total, self.unit, self.done = what, total, unit, 0
        self._clock = clock
        self._began = self._told = clock()
        self._tenths = 0

    def advance(self, count: int = 1) -> None:
        """Note that so many more steps are done, and show it when there is reason to."""
        self.done += count
        if self._is_worth_telling():
            self.show()

    def show(self) -> None:
        """Show how far the task is; nothing, unless a subclass does."""

    def finish(self) -> None:
        """Show that the block has ended; nothing, unless a subclass does."""

    @property
    def seconds(self) -> float:
        return self._clock() - self._began

    @property
    def rate(self) -> float:
        """Steps a second so far."""
        return self.done / self.seconds if self.seconds else 0.0

    @property
    def left(self) -> float:
        """Seconds that the rest takes at this rate."""
        return (self.total - self.done) / self.rate if self.rate else 0.0

    def _is_worth_telling(self) -> bool:
        now, tenths = self._clock(), 10 * self.done // max(self.total, 1)
        if tenths == self._tenths and now - self._told < PATIENCE:
            return False
        self._told, self._tenths = now, tenths
        return True


class Progress:
    """Shows nothing; the others show what this one is told."""

    task_class: type[Task] = Task

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock

    @contextmanager
    def task(self, what: str, total: int, unit: str = "schemata") -> Iterator[Task]:
        """Show a piece of work for as long as the block runs."""
        task = self.make_task(what, total, unit)
        try:
            yield task
        finally:
            task.finish()

    def make_task(self, what: str, total: int, unit: str) -> Task:
        return self.task_class(what, total, unit, self.clock)

    def say(self, message: str, **facts: Any) -> None:
        """Tell something else; the facts are for machines."""


class LineTask(Task):
    write: Callable[[str], None]

    def show(self) -> None:
        left = f", {self.left:.0f} s left" if self.done < self.total else ""
        self.write(
            f"{self.what}: {self.done} of {self.total} {self.unit} ({self.rate:.0f} a second{left})"
        )


class Lines(Progress):
    """A line for each tenth, for logs and pipes."""

    def __init__(self, write: Callable[[str], None], **options: Any) -> None:
        super().__init__(**options)
        self.write = write

    def make_task(self, what: str, total: int, unit: str) -> Task:
        task = LineTask(what, total, unit, self.clock)
        task.write = self.write
        return task

    def say(self, message: str, **facts: Any) -> None:
        self.write(message)


class EventTask(Task):
    tell: Callable[..., None]

    def show(self) -> None:
        self._tell("progress")

    def finish(self) -> None:
        self._tell("finished")

    def _tell(self, event: str) -> None:
        self.tell(
            event,
            task=self.what,
            unit=self.unit,
            done=self.done,
            total=self.total,
            seconds=round(self.seconds, 3),
        )


class Events(Progress):
    """A JSON object a line, for machines: started, progress, finished and message."""

    def __init__(self, write: Callable[[str], None], **options: Any) -> None:
        super().__init__(**options)
        self.write = write

    def make_task(self, what: str, total: int, unit: str) -> Task:
        self.tell("started", task=what, unit=unit, total=total)
        task = EventTask(what, total, unit, self.clock)
        task.tell = self.tell
        return task

    def say(self, message: str, **facts: Any) -> None:
        self.tell("message", message=message, **facts)

    def tell(self, event: str, **facts: Any) -> None:
        """Write one event."""
        self.write(json.dumps({"event": event, **facts}))


class BarTask(Task):
    bar: Any
    row: Any

    def advance(self, count: int = 1) -> None:
        self.done += count
        self.bar.update(self.row, completed=self.done, rate=f"{self.rate:.0f}")


class Bar(Progress):
    """A bar with rate and time left, drawn by rich."""

    def __init__(self, stream: TextIO, **options: Any) -> None:
        super().__init__(**options)
        self.stream = stream
        self.bar: Any = None

    @contextmanager
    def task(self, what: str, total: int, unit: str = "schemata") -> Iterator[Task]:
        task = BarTask(what, total, unit, self.clock)
        with make_bar(self.stream, unit) as self.bar:
            task.bar, task.row = self.bar, self.bar.add_task(what, total=total, rate="0")
            try:
                yield task
            finally:
                self.bar = None

    def say(self, message: str, **facts: Any) -> None:
        if self.bar is None:
            self.stream.write(f"{message}\n")
        else:
            self.bar.console.print(message, markup=False, highlight=False)


def make_bar(stream: TextIO, unit: str) -> Any:
    """Return rich's progress bar, with what we show in it."""
    from rich import progress  # the extra `cli`
    from rich.console import Console

    return progress.Progress(
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.TextColumn(f"{{task.completed}} of {{task.total}} {unit}"),
        progress.TextColumn("{task.fields[rate]} a second"),
        progress.TimeRemainingColumn(),
        console=Console(file=stream),
    )


def is_bar_possible(stream: Any) -> bool:
    """Tell whether a stream is a terminal and rich is installed."""
    return bool(stream.isatty()) and find_spec("rich") is not None


def show_on(
    output: Any,
    *,
    verbosity: int,
    as_json: bool = False,
    write: Callable[[str], None] | None = None,
) -> Progress:
    """Return how a command shows its progress on its output.

    Nothing with ``-v 0`` (unless JSON is asked for); the events that were asked for; a bar on
    a terminal where rich is installed; else lines, with `write` if that is given.
    """
    if as_json:
        return Events(output.write)
    if verbosity == 0:
        return Progress()
    if is_bar_possible(output):
        # What a command writes to ends every piece with a newline; a bar is drawn in pieces.
        return Bar(getattr(output, "_out", output))
    return Lines(write or output.write)


def add_json_option(parser: CommandParser) -> None:
    """Add ``--json`` to a command that shows progress."""
    parser.add_argument(
        "--json",
        action="store_true",
        dest="as_json",
        help="Write progress and results as JSON, an object a line.",
    )
