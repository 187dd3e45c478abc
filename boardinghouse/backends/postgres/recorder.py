"""What a migration did in the template, on its way to every schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from django.db import transaction
from django.db.migrations.recorder import MigrationRecorder

from boardinghouse import batches, ddl, fleet, journal
from boardinghouse.batches import Batches
from boardinghouse.course import Course
from boardinghouse.exceptions import LockBudgetExceeded, ReplayFailed
from boardinghouse.journal import Entry
from boardinghouse.names import TEMPLATE
from boardinghouse.patience import patiently
from boardinghouse.schema import working_in
from boardinghouse.statements import is_alone, split


class Recorder:
    """Records an editor's private statements, and replays them in every schema.

    In the migration's own transaction while that is possible, all or none. Where it is not
    (see `fleet.batches_for`), the transaction is committed together with a journal of what
    every schema has yet to do, which is done in batches; then another transaction begins.
    """

    def __init__(self, editor: Any) -> None:
        self.editor, self.connection = editor, editor.connection
        self.course: Course | None = None
        self.stale_views: set[str] = set()
        self.new_tables: set[str] = set()
        self.is_nested = self.connection.in_atomic_block
        self._script: list[str] = []
        self._locks_before = 0

    # The course of the migration

    def begin(self, course: Course) -> None:
        """Begin a migration, or go on with it where an earlier run was interrupted."""
        self.course = course
        if self.connection.in_atomic_block:
            ddl.claim_template(self.connection)
        before = journal.find(self.connection, *course.key)
        if before is not None:
            course.go_on_from(before)
            self.connection.manner.progress.say(describe(self.connection, before))

    def reach(self, position: int) -> None:
        """Note that so many of the migration's operations are done."""
        assert self.course is not None
        self.course.reach(position)
        before = self.course.unfinished
        if before is not None and before.script is not None:
            self._go_over(before)
        elif position and before is None and self._is_to_be_journaled:
            self.flush()
            journal.write(self.connection, self.course.entry([]))

    @property
    def _is_to_be_journaled(self) -> bool:
        """Whether an operation that is done stays done, since there is no transaction."""
        return not self.connection.in_atomic_block and not self.is_skipping

    def end(self) -> None:
        """Forget the journal of a migration that is finished; record it, if it was unapplied.

        Django records that only after the transaction.
        """
        if self.course is None:
            return
        if self.course.backwards:
            recorder = MigrationRecorder(self.connection)
            for key in (*self.course.migration.replaces, self.course.key):
                recorder.record_unapplied(*key)
        journal.forget(self.connection, *self.course.key)

    @property
    def is_skipping(self) -> bool:
        return self.course is not None and self.course.is_skipping

    def recalls(self, *step: str) -> bool:
        """Tell whether an earlier run did a step of the operation at work."""
        return self.course is not None and self.course.recalls(*step)

    def note(self, *step: str) -> None:
        if self.course is not None:
            self.course.note(*step)

    def answer(self, question: str, ask: Callable[[], Any]) -> Any:
        """Return what the catalog says, or said to the run that was interrupted."""
        return ask() if self.course is None else self.course.answer(question, ask)

    # Statements

    def execute(self, statement: str, place: str | None, run: Callable[[], None]) -> None:
        """Run a statement once, in ``public`` or the template; record it if in the latter."""
        if place is None:
            self.flush()
        if self.course is not None and not self.connection.in_atomic_block:
            self._execute_alone(statement, place, run)
            return
        if place is not None and not self._script:
            self._locks_before = self._locks_held()
        with working_in(place):
            if self.course is None:
                run()
            else:
                patiently(self.connection, run)
        self.note("execute", place or "public", statement)
        if place is not None:
            self._script.extend(split(statement))
            if not self.connection.in_atomic_block:
                # The template keeps it whatever comes next, so every schema must have it.
                self.flush()

    def flush(self) -> None:
        """Replay what was recorded in every schema, and renew the views of joins it touched."""
        script, self._script = self._script, []
        if script:
            self._replay(script, fleet.names_of_schemata(self.connection))
        self._refresh_views()

    def _replay(self, script: list[str], names: list[str]) -> None:
        locks = self._locks_held() - self._locks_before
        plan = self._plan(names, locks)
        if plan is None:
            fleet.require_room(self.connection, locks, len(names))
            plan = self._unless_done(lambda: fleet.replay(self.connection, names, script))
        if plan is not None:
            entry = self._journal(script, names, *plan)
            with self._outside_transaction():
                self._go_over(entry)

    def _plan(self, names: list[str], locks: int) -> tuple[int, int] | None:
        """Return the size of batches and the number of workers; None to stay in here."""
        if not self._may_leave:
            return None
        with working_in(TEMPLATE):
            return fleet.batches_for(self.connection, names, locks, self.new_tables)

    @property
    def _may_leave(self) -> bool:
        """Whether the transaction that is open may be committed here, and another one begun."""
        is_ours = not self.is_nested and not self.connection.savepoint_ids
        return self.course is not None and self.connection.in_atomic_block and is_ours

    def _unless_done(self, work: Callable[[], None]) -> tuple[int, int] | None:
        """Do something in all schemata, and return None; where it takes more locks than there is
        room for, undo that and return the plan to do it one by one.
        """
        if not self._may_leave:
            work()
            return None
        try:
            with transaction.atomic(using=self.connection.alias):
                work()
        except LockBudgetExceeded as error:
            self.connection.manner.progress.say(f"{error} Going on, one schema at a time.")
            return 1, 1
        return None

    def _journal(
        self, script: list[str] | None, names: list[str], size: int = 1, workers: int = 1
    ) -> Entry:
        """Write down, in this transaction, what the schemata have yet to do."""
        assert self.course is not None
        self._refresh_views()
        self.course.segment += 1
        entry = self.course.entry(script, size, workers)
        journal.write(self.connection, entry)
        journal.add_pending(self.connection, entry, names)
        return entry

    def _go_over(self, entry: Entry) -> None:
        """Run a segment's script in every schema that has yet to."""
        assert entry.script is not None
        work = Batches(self.connection, entry, self.connection.manner)
        if not self.editor.atomic_migration and any(map(is_alone, entry.script)):
            work.run(lambda name: self._run_outside(name, entry.script or []), atomic=False)
        elif self.connection.in_atomic_block:
            with self._outside_transaction():
                work.replay(entry.size, entry.workers)
        else:
            work.replay(entry.size, entry.workers)

    @contextmanager
    def _outside_transaction(self) -> Iterator[None]:
        """Commit the migration's transaction, and begin another one after the block."""
        try:
            self.editor.atomic.__exit__(None, None, None)
            self.new_tables.clear()
            yield
        finally:
            self.editor.atomic = transaction.atomic(using=self.connection.alias)
            self.editor.atomic.__enter__()
        ddl.claim_template(self.connection)

    # Outside transactions

    def _execute_alone(self, statement: str, place: str | None, run: Callable[[], None]) -> None:
        """Run a statement of a migration that is not atomic, and journal it.

        In one transaction, unless it may not be in any.
        """
        assert self.course is not None
        has_none = any(map(is_alone, split(statement)))
        if has_none:
            before = self.course.unfinished
            was_begun = before is not None and before.script == [statement]
            journal.write(self.connection, self.course.entry([statement]))
            batches.run_outside(self.connection, place, statement, was_begun=was_begun)
        with transaction.atomic(using=self.connection.alias):
            ddl.claim_template(self.connection)
            if not has_none:
                with working_in(place):
                    patiently(self.connection, run)
            self.note("execute", place or "public", statement)
            names = [] if place is None else fleet.names_of_schemata(self.connection)
            entry = self._journal(split(statement), names)
        if names:
            self._go_over(entry)

    def _run_outside(self, name: str, script: list[str]) -> None:
        for statement in script:
            batches.run_outside(self.connection, name, statement)

    # Operations that run by themselves

    def run_once(self, label: str, action: Callable[[], None], *, atomic: bool) -> None:
        """Let an operation run in ``public``, in a transaction if it may."""
        if self.is_skipping or self.recalls("shared", label):
            return
        self.flush()
        with transaction.atomic(using=self.connection.alias) if atomic else nullcontext():
            self._patiently(action)
            self.note("shared", label)
            if self.course is not None and not self.editor.atomic_migration:
                self._journal([], [])

    def run_everywhere(self, label: str, action: Callable[[str], None], *, atomic: bool) -> None:
        """Let an operation run in the template, and then in every schema."""
        if self.is_skipping:
            return
        self.flush()
        if self.recalls("template", label):
            before = self.course.unfinished_operation if self.course else None
            if before is not None:
                self._run_in_the_rest(before, label, action, atomic=atomic)
        elif self.course is not None and not self.connection.in_atomic_block:
            self._run_outside_transaction(label, action, atomic=atomic)
        else:
            self._run_inside_transaction(label, action)

    def _run_inside_transaction(self, label: str, action: Callable[[str], None]) -> None:
        before = self._locks_held()
        self._patiently(lambda: action(TEMPLATE))
        self.note("template", label)
        locks = self._locks_held() - before
        names = fleet.names_of_schemata(self.connection)
        plan = self._plan(names, locks)
        if plan is None:
            run = naming(label, action)
            plan = self._unless_done(lambda: fleet.run_in_each(self.connection, names, run))
        if plan is not None:
            entry = self._journal(None, names, *plan)
            self._run_in_the_rest(entry, label, action, atomic=True)

    def _run_outside_transaction(
        self, label: str, action: Callable[[str], None], *, atomic: bool
    ) -> None:
        if not atomic:
            action(TEMPLATE)
        with transaction.atomic(using=self.connection.alias):
            ddl.claim_template(self.connection)
            if atomic:
                action(TEMPLATE)
            self.note("template", label)
            entry = self._journal(None, fleet.names_of_schemata(self.connection))
        self._run_in_the_rest(entry, label, action, atomic=atomic)

    def _run_in_the_rest(
        self, entry: Entry, label: str, action: Callable[[str], None], *, atomic: bool
    ) -> None:
        run = naming(label, action)
        work = Batches(self.connection, entry, self.connection.manner)
        if self.connection.in_atomic_block:
            with self._outside_transaction():
                work.run(run, atomic=True)
        else:
            work.run(run, atomic=atomic)

    # The rest

    def _patiently(self, action: Callable[[], None]) -> None:
        """Do something that may need a lock, and nobody is waited for long in a transaction."""
        if self.connection.in_atomic_block:
            patiently(self.connection, action)
        else:
            action()

    def _refresh_views(self) -> None:
        stale, self.stale_views = self.stale_views, set()
        for table in sorted(stale):
            ddl.refresh_join_view(self.connection, table)

    def _locks_held(self) -> int:
        with working_in(TEMPLATE):
            return ddl.locks_held(self.connection)


def naming(label: str, action: Callable[[str], None]) -> Callable[[str], None]:
    """Return an action whose failure says in which schema it was, and of which operation."""

    def run(name: str) -> None:
        try:
            action(name)
        # The project's own code, which may raise anything.
        except Exception as error:
            raise ReplayFailed(name, label, error) from error

    return run


def describe(connection: Any, entry: Entry) -> str:
    """Say what an interrupted run has left."""
    done = f"{entry.position} of {len(entry.operations)} operations were done"
    left = journal.count_behind(connection, entry)
    rest = f", and {left} {'schema is' if left == 1 else 'schemata are'} behind" if left else ""
    how = "Unapplying" if entry.backwards else "Applying"
    return f"{how} {entry} was interrupted: {done}{rest}. Going on."
