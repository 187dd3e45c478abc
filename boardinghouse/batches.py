"""Going over the fleet in batches, on several connections, as the journal says who is left."""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import OperationalError, connections, transaction

from boardinghouse import journal, pipeline
from boardinghouse.exceptions import ReplayFailed, SchemataBehind
from boardinghouse.journal import Entry, Failure
from boardinghouse.names import TEMPLATE, quote
from boardinghouse.patience import ATTEMPTS, is_busy, limit_waiting
from boardinghouse.progress import Progress, Task
from boardinghouse.schema import working_in
from boardinghouse.statements import without_comments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boardinghouse.backends.postgres.base import DatabaseWrapper

logger = logging.getLogger("boardinghouse")

#: A batch has no more schemata, whatever PostgreSQL has room for: what is done stays done.
LARGEST = 100

#: Checks that are put off to the end of a transaction are made for each schema by itself.
CHECK = ["SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED"]

#: How an index is named: in quotes, or folded to lower case.
INDEX = r'(?:"((?:[^"]|"")+)"|([\w$]+))'
NEW_INDEX = re.compile(
    r"\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?(?!ON\b)" + INDEX,
    re.IGNORECASE,
)
OLD_INDEX = re.compile(
    rf"\s*DROP\s+INDEX\s+CONCURRENTLY\s+{INDEX}\s*(?:CASCADE|RESTRICT)?[\s;]*\Z", re.IGNORECASE
)


@dataclass(frozen=True)
class Manner:
    """How a migration goes over the fleet; see the options of ``migrate``."""

    batch_size: int | None = None
    parallel: int = field(default_factory=lambda: os.cpu_count() or 1)
    progress: Progress = field(default_factory=Progress)


class Batches:
    """The schemata that have yet to do an entry's segment."""

    def __init__(self, connection: DatabaseWrapper, entry: Entry, manner: Manner) -> None:
        self.connection, self.entry, self.manner = connection, entry, manner
        self._lock = threading.Lock()
        self._is_stopped = False
        self._task: Task

    def replay(self, size: int, workers: int) -> None:
        """Run the entry's script in each of them, so many in a transaction.

        Raises SchemataBehind when that failed in some, after all others have done it.
        """
        with self._going_over() as left:
            workers = min(workers, -(-left // size), connections_to_spare(self.connection))
            if workers > 1:
                self._in_threads(size, workers)
            # What others had locked, a drop or a rename, is waited for.
            while self._replay_next(self.connection, size, waiting=True):
                pass

    def run(self, action: Callable[[str], None], *, atomic: bool) -> None:
        """Call an action with the name of each, in a transaction of its own if it may have one.

        On this connection, one after the other. Raises SchemataBehind like `replay`.
        """
        with self._going_over():
            while names := self._take(self.connection, 1):
                self._run_one(action, names[0], atomic=atomic)

    @contextmanager
    def _going_over(self) -> Iterator[int]:
        left = journal.begin_again(self.connection, self.entry)
        title = f"{self.entry}"
        with self.manner.progress.task(title, left) as self._task:
            yield left
        if left := journal.count_behind(self.connection, self.entry):
            failures = journal.failures(self.connection, self.entry)
            raise SchemataBehind(str(self.entry), failures, left)

    # Statements, in batches

    def _in_threads(self, size: int, workers: int) -> None:
        with ThreadPoolExecutor(workers) as pool:
            futures = [pool.submit(self._work, size) for _ in range(workers)]
            try:
                for future in futures:
                    future.result()
            finally:
                self._is_stopped = True

    def _work(self, size: int) -> None:
        """Take batch after batch, on a connection of this thread's own.

        Without one the others do what there is to do.
        """
        connection: Any = connections[self.connection.alias]
        try:
            connection.ensure_connection()
        except OperationalError as error:
            logger.warning("A worker of migrate was given no connection: %s", error)
            return
        try:
            while not self._is_stopped and self._replay_next(connection, size):
                pass
        finally:
            connection.close()

    def _replay_next(
        self, connection: DatabaseWrapper, size: int, *, waiting: bool = False
    ) -> bool:
        """Replay in the next batch; when a schema of it fails, in each by itself."""
        names: list[str] = []
        try:
            with transaction.atomic(using=connection.alias):
                names = journal.take(connection, self.entry, size, waiting=waiting)
                self._replay_in(connection, names)
        except ReplayFailed as failed:
            if len(names) == 1:
                self._note(connection, failed)
            else:
                for name in names:
                    self._replay_one(connection, name)
        else:
            self._advance(len(names))
        return bool(names)

    def _replay_one(self, connection: DatabaseWrapper, name: str) -> None:
        """Replay in one schema, unless another worker has by now."""
        names: list[str] = []
        try:
            with transaction.atomic(using=connection.alias):
                if journal.take_one(connection, self.entry, name):
                    names = [name]
                self._replay_in(connection, names)
        except ReplayFailed as failed:
            self._note(connection, failed)
        else:
            self._advance(len(names))

    def _replay_in(self, connection: DatabaseWrapper, names: list[str]) -> None:
        if names:
            limit_waiting(connection)
            pipeline.run(connection, names, [*(self.entry.script or ()), *CHECK])
            journal.mark_done(connection, self.entry, names)

    # Python, and what runs outside transactions

    def _take(self, connection: DatabaseWrapper, size: int) -> list[str]:
        with transaction.atomic(using=connection.alias):
            return journal.take(connection, self.entry, size, waiting=True)

    def _run_one(self, action: Callable[[str], None], name: str, *, atomic: bool) -> None:
        try:
            if atomic:
                with transaction.atomic(using=self.connection.alias):
                    limit_waiting(self.connection)
                    if journal.take_one(self.connection, self.entry, name):
                        action(name)
                        journal.mark_done(self.connection, self.entry, [name])
            else:
                action(name)
                journal.mark_done(self.connection, self.entry, [name])
        except ReplayFailed as failed:
            self._note(self.connection, failed)
        else:
            self._advance(1)

    # What came of it

    def _advance(self, count: int) -> None:
        with self._lock:
            self._task.advance(count)

    def _note(self, connection: DatabaseWrapper, failed: ReplayFailed) -> None:
        """Let a busy schema wait for another turn; note the failure of any other."""
        entry = self.entry
        if is_busy(failed) and journal.put_back(connection, entry, failed.schema) < ATTEMPTS:
            return
        failure = Failure(failed.schema, failed.reason, failed.statement)
        if not journal.mark_failed(connection, self.entry, failure):
            return
        with self._lock:
            self.manner.progress.say(
                f"Schema {failure.schema!r} failed: {failure.error}", **failure._asdict()
            )


def connections_to_spare(connection: DatabaseWrapper) -> int:
    """Return how many connections a pool may hand out beside the one that is in use."""
    return connection.pool.max_size - 1 if connection.pool else sys.maxsize


def run_outside(
    connection: DatabaseWrapper, name: str | None, statement: str, *, was_begun: bool = False
) -> None:
    """Run a statement that no transaction may hold, in one schema. Raises ReplayFailed.

    An index that an interrupted or failed CREATE INDEX CONCURRENTLY left is dropped first. One
    that is as the template's is not made again; in the template itself, when an interrupted
    run had begun it. One that is gone is not dropped again.
    """
    text, place = without_comments(statement), name or "public"
    may_be_done = was_begun or place not in (TEMPLATE, "public")
    if found := NEW_INDEX.match(text):
        index = index_named(found)
        is_valid, is_ours = look_at_index(connection, place, index)
        if is_valid and may_be_done and (was_begun or is_ours):
            return
        if is_valid is False:
            drop_index(connection, place, index)
    found = OLD_INDEX.match(text)
    if found and may_be_done and look_at_index(connection, place, index_named(found))[0] is None:
        return
    pipeline.run_one(connection, pipeline.Step(name, statement))


def index_named(found: re.Match[str]) -> str:
    """Return the name that PostgreSQL reads in a statement."""
    return found[1].replace('""', '"') if found[1] else found[2].lower()


def look_at_index(connection: DatabaseWrapper, name: str, index: str) -> tuple[bool | None, bool]:
    """Tell whether an index is valid (None: there is none), and as the template has it."""
    query = (
        "SELECT here.indisvalid,"
        " replace(pg_get_indexdef(here.indexrelid), quote_ident(%s) || '.', '')"
        " IS NOT DISTINCT FROM"
        " replace(pg_get_indexdef(there.indexrelid), quote_ident(%s) || '.', '')"
        " FROM pg_index here LEFT JOIN pg_index there ON there.indexrelid = to_regclass(%s)"
        " WHERE here.indexrelid = to_regclass(%s)"
    )
    places = [f"{quote(each)}.{quote(index)}" for each in (TEMPLATE, name)]
    rows = journal.ask(connection, query, [name, TEMPLATE, *places])
    return rows[0] if rows else (None, False)


def drop_index(connection: DatabaseWrapper, name: str, index: str) -> None:
    """Drop an index that was never finished."""
    with working_in(None), connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX CONCURRENTLY {quote(name)}.{quote(index)}")
