"""One migration at a time: of two `migrate`, one waits for the other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.migrations.recorder import MigrationRecorder

from boardinghouse.journal import JOURNAL, ask
from boardinghouse.progress import Progress

if TYPE_CHECKING:
    from boardinghouse.backends.postgres.base import DatabaseWrapper

#: The key of the advisory lock of those who migrate: "migrate" in ASCII.
MIGRATE_LOCK = int.from_bytes(b"migrate")
#: Seconds between two questions; who waits inside PostgreSQL would block CREATE INDEX CONCURRENTLY.
PAUSE = 0.2
HOLDERS = (
    "SELECT string_agg(pid::text, ', ') FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1"
    f" AND granted AND (classid::bigint << 32) + objid::bigint = {MIGRATE_LOCK}"
)


@dataclass
class Turn:
    """What is known when the turn is over."""

    is_unfinished: bool = False


@contextmanager
def taking(connection: DatabaseWrapper, progress: Progress) -> Iterator[Turn]:
    """Run a block while no other process migrates this database; say so when one does.

    Two round trips, one before and one after, which also tells whether something is left
    unfinished.
    """
    if not _try(connection):
        (pids,) = ask(connection, HOLDERS)[0]
        progress.say(
            f"Another migrate is at work on this database (PostgreSQL's process {pids}). Waiting."
        )
        while not _try(connection):
            time.sleep(PAUSE)
    turn = Turn()
    try:
        yield turn
    finally:
        if not connection.is_aborted():
            query = f"SELECT pg_advisory_unlock({MIGRATE_LOCK}), to_regclass(%s) IS NOT NULL"
            _unlocked, turn.is_unfinished = ask(connection, query, [f"public.{JOURNAL}"])[0]


def applied_migrations(connection: Any) -> Any:
    """Return the migrations that Django has recorded, by app and name."""
    return MigrationRecorder(connection).applied_migrations()


def _try(connection: DatabaseWrapper) -> bool:
    return bool(ask(connection, f"SELECT pg_try_advisory_lock({MIGRATE_LOCK})")[0][0])
