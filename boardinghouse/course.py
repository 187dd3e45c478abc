"""The course of one migration: where it has got to, and what an earlier run did already."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice, zip_longest
from typing import Any

from django.db.migrations import Migration

from boardinghouse.exceptions import JournalMismatch
from boardinghouse.journal import Entry


class Course:
    """Where a migration has got to.

    When an earlier run was interrupted (`before`), operations that it did are skipped: their
    Python runs, their statements do not. In the one it was at, what the transcript knows is
    not done again, and questions to the catalog get the answers that they got then.
    """

    def __init__(self, migration: Migration, backwards: bool, operations: list[str]) -> None:
        self.key = migration.app_label, migration.name
        self.migration, self.backwards, self.operations = migration, backwards, operations
        self.before: Entry | None = None
        self.position = self.segment = 0
        self.transcript: list[Any] = []
        self._remembered: list[Any] = []

    def __str__(self) -> str:
        return str(self.migration)

    def go_on_from(self, before: Entry) -> None:
        """Take up what an earlier run left. Raises JournalMismatch if the file was changed."""
        if before.backwards != self.backwards:
            raise JournalMismatch(finish_first(before))
        begun = before.position + bool(before.transcript)
        pairs = zip_longest(before.operations, self.operations, fillvalue="nothing more")
        for then, now in islice(pairs, begun):
            if then != now:
                raise JournalMismatch(
                    f"{self} has changed since it was interrupted: it did {then!r} where the "
                    f"file says {now!r} now. Put the file back as it was and finish: "
                    f"{remedy(before)}. Then make the change in another migration."
                )
        self.before, self.segment = before, before.segment

    @property
    def is_skipping(self) -> bool:
        """Tell whether the operation at work was done by an earlier run."""
        return self.before is not None and self.position < self.before.position

    @property
    def unfinished(self) -> Entry | None:
        """The entry of the segment that an earlier run left, if this is where it did."""
        is_here = self.before is not None and self.position == self.before.position
        return self.before if is_here else None

    @property
    def unfinished_operation(self) -> Entry | None:
        """The entry whose schemata have yet to do the operation that has just been recalled."""
        before = self.unfinished
        return None if before is None or before.script is not None or self._remembered else before

    def reach(self, position: int) -> None:
        """Note that so many operations are done."""
        if self._remembered:
            raise JournalMismatch(
                f"{self} has changed since it was interrupted: then it ran what it does not run "
                f"now, {self._remembered[0][-1]!r}. Put the file back as it was."
            )
        self.position, self.transcript = position, []
        if self.unfinished:
            self.transcript = list(self.unfinished.transcript)
            self._remembered = list(self.unfinished.transcript)

    def recalls(self, *step: str) -> bool:
        """Tell whether an earlier run did this step of the operation at work; once each."""
        if list(step) not in self._remembered:
            return False
        self._remembered.remove(list(step))
        return True

    def note(self, *step: str) -> None:
        """Note that this step of the operation at work is done."""
        self.transcript.append(list(step))

    def answer(self, question: str, ask: Callable[[], Any]) -> Any:
        """Return what an earlier run was answered; else ask."""
        for step in self._remembered:
            if step[:2] == ["answer", question]:
                self._remembered.remove(step)
                return step[2]
        answered = ask()
        self.transcript.append(["answer", question, answered])
        return answered

    def entry(self, script: list[str] | None, size: int = 1, workers: int = 1) -> Entry:
        """Return what is to be journaled before the fleet runs a segment."""
        return Entry(
            *self.key,
            self.backwards,
            self.operations,
            self.position,
            self.transcript,
            self.segment,
            script,
            size,
            workers,
        )


def refuse_contrary(plan: Any, unfinished: Iterable[Entry], graph: Any) -> None:
    """Raise JournalMismatch for a plan that goes against an interrupted migration.

    What is being applied stands on all before it, which may not be unapplied; on what is being
    unapplied nothing may be applied.
    """
    ways = {(migration.app_label, migration.name): backwards for migration, backwards in plan}
    for entry in unfinished:
        find = graph.backwards_plan if entry.backwards else graph.forwards_plan
        # Without its file nobody knows what it stands on.
        related = find(entry.key) if entry.key in graph.nodes else list(ways)
        if any(ways.get(key, entry.backwards) is not entry.backwards for key in related):
            raise JournalMismatch(finish_first(entry))


def finish_first(entry: Entry) -> str:
    """Say that a migration was interrupted on its way, and what to type."""
    direction = "unapplied" if entry.backwards else "applied"
    return (
        f"{entry} was being {direction} when that was interrupted. Finish that first: "
        f"{remedy(entry)}."
    )


def remedy(entry: Entry) -> str:
    """Return what to type to finish a migration; `migrate` needs the one before it to unapply."""
    if entry.backwards:
        return f"type `manage.py migrate {entry.app}` and the migration before {entry.name}"
    return f"type `manage.py migrate {entry.app} {entry.name}`"
