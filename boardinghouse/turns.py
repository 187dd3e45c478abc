"""One migration at a time: of two `migrate`, one waits for the other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.db.migrations.recorder import MigrationRecorder

from boardinghouse.journal import ask
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
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class PlanIsStale(Exception):
    """Another process has migrated since this one made its plan."""


class Turn:
    """The right to migrate a database, taken when there is something to do.

    A lock of the session: PostgreSQL takes it back when the process is killed.
    """

    def __init__(self, connection: DatabaseWrapper, progress: Progress) -> None:
        self.connection, self.progress = connection, progress
        self.is_taken = False

    def take(self) -> bool:
        """Take the lock, and say so when that means waiting; return whether it did."""
        if _try(self.connection):
            self.is_taken = True
            return False
        (pids,) = ask(self.connection, HOLDERS)[0]
        who = f" (PostgreSQL's process {pids})" if pids else ""  # it may have ended by now
        self.progress.say(f"Another migrate is at work on this database{who}. Waiting.")
        while not _try(self.connection):
            time.sleep(PAUSE)
        self.is_taken = True
        return True

    def take_for(self, plan: Any) -> None:
        """Take the lock unless it is taken; raise PlanIsStale if the plan was made too early."""
        if self.is_taken or not plan:
            return
        if self.take() or is_stale(plan, applied_migrations(self.connection)):
            raise PlanIsStale

    def end(self) -> None:
        """Give the lock back."""
        if self.is_taken and not self.connection.is_aborted():
            ask(self.connection, f"SELECT pg_advisory_unlock({MIGRATE_LOCK})")
        self.is_taken = False


def is_stale(plan: Any, applied: Any) -> bool:
    """Tell whether a migration that was to be applied is by now, or one to be unapplied is not."""
    return any(
        ((migration.app_label, migration.name) in applied) is not backwards
        for migration, backwards in plan
        if not migration.replaces
    )


def applied_migrations(connection: Any) -> Any:
    """Return the migrations that Django has recorded, by app and name."""
    return MigrationRecorder(connection).applied_migrations()


def _try(connection: DatabaseWrapper) -> bool:
    return bool(ask(connection, f"SELECT pg_try_advisory_lock({MIGRATE_LOCK})")[0][0])
