from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.dummy.base import DatabaseWrapper as EmptyDatabase
from django.db.migrations.loader import MigrationLoader
from django.db.models.signals import pre_migrate

from boardinghouse.batches import Manner
from boardinghouse.course import refuse_contrary, remedy
from boardinghouse.exceptions import ReplayFailed
from boardinghouse.journal import Entry, Failure, forget, is_done, unfinished
from boardinghouse.progress import Bar, Events, Progress, show_on
from boardinghouse.turns import PlanIsStale, Turn, applied_migrations


class Command(migrate.Command):
    help = f"{migrate.Command.help} Private models: the template, and every schema."

    progress: Progress = Progress()
    is_within_line = False

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--parallel",
            type=positive,
            metavar="N",
            default=Manner().parallel,
            help="Over how many connections batches go at once. Default: one for each processor.",
        )
        parser.add_argument(
            "--batch-size",
            type=positive,
            metavar="N",
            help="Have no more than N schemata in a transaction. Default: all, while PostgreSQL "
            "has room for their locks and nobody waits for shared tables.",
        )
        parser.add_argument(
            "--json",
            action="store_true",
            dest="as_json",
            help="Write what happens as JSON, an object a line.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        connection: Any = connections[options["database"]]
        refuse_empty(connection)
        if not hasattr(connection, "apply_schema"):
            super().handle(*args, **options)
        elif options["plan"] or options["check_unapplied"]:
            super().handle(*args, **options)
            if options["check_unapplied"] and unfinished(connection):
                sys.exit(1)
        else:
            self.migrate(connection, *args, **options)

    def migrate(
        self,
        connection: Any,
        *args: Any,
        verbosity: int,
        parallel: int,
        batch_size: int | None,
        as_json: bool,
        **options: Any,
    ) -> None:
        """Migrate when it is this process's turn; what is unfinished afterwards is an error."""
        self.progress = show_on(
            self.stdout, verbosity=verbosity, as_json=as_json, write=self.write_line
        )
        before, connection.manner = connection.manner, Manner(batch_size, parallel, self.progress)
        turn = Turn(connection, self.progress)
        try:
            if options["run_syncdb"]:
                turn.take()
            self.migrate_in_turn(turn, *args, verbosity=0 if as_json else verbosity, **options)
            left = self.forget_done(connection, as_told=options["fake"])
        except ReplayFailed as failed:
            self.tell_machines(failed)
            raise
        finally:
            turn.end()
            connection.manner = before
        for entry in left:
            raise CommandError(f"{entry} is not finished. To finish it, {remedy(entry)}.")

    def tell_machines(self, failed: ReplayFailed) -> None:
        """Tell where it failed in one transaction; batches tell of each schema by themselves."""
        if isinstance(self.progress, Events):
            facts = Failure(failed.schema, failed.reason, failed.statement)._asdict()
            self.progress.say(f"Schema {failed.schema!r} failed: {failed.reason}", **facts)

    def migrate_in_turn(self, turn: Turn, *args: Any, **options: Any) -> None:
        """Let Django migrate; when another process did so meanwhile, with another plan."""

        seen: Any = None

        def take(plan: Any, using: str, **kwargs: Any) -> None:
            nonlocal seen
            # Each app is told of the same plan.
            if using == turn.connection.alias and plan is not seen:
                seen = plan
                turn.take_for(plan)
                heed_unfinished(turn.connection, plan)

        pre_migrate.connect(take)
        try:
            super().handle(*args, **options)
        except PlanIsStale:
            super().handle(*args, **options)
        finally:
            pre_migrate.disconnect(take)

    def migration_progress_callback(
        self, action: str, migration: Any = None, fake: bool = False
    ) -> None:
        if isinstance(self.progress, Events):
            self.progress.tell(action, migration=migration and str(migration), fake=fake)
            return
        super().migration_progress_callback(action, migration, fake)
        self.is_within_line = self.verbosity > 0 and action in ("apply_start", "unapply_start")
        if isinstance(self.progress, Bar):
            self.end_line()

    def write_line(self, message: str) -> None:
        """Write a line of its own; Django leaves "Applying ..." open until it is done."""
        self.end_line()
        self.stdout.write(f"    {message}")

    def end_line(self) -> None:
        if self.is_within_line:
            self.stdout.write("")
        self.is_within_line = False

    def forget_done(self, connection: Any, *, as_told: bool) -> list[Entry]:
        """Forget what is done, or is as who types ``--fake`` says; return what is unfinished.

        Outside of a transaction, a migration is recorded before its journal is gone.
        """
        entries = unfinished(connection)
        applied = applied_migrations(connection) if entries else {}
        left = []
        for entry in entries:
            is_recorded = (entry.key in applied) is not entry.backwards
            if is_recorded and (as_told or is_done(connection, entry)):
                forget(connection, *entry.key)
                why = "as you say so" if as_told else "since all was done"
                self.progress.say(f"{entry} was interrupted; that is forgotten, {why}.")
            else:
                left.append(entry)
        return left


def heed_unfinished(connection: Any, plan: Any) -> None:
    """Raise JournalMismatch for a plan that goes against what was interrupted.

    What is unfinished is not done, whatever ``--fake-initial`` finds in the template.
    """
    if plan and (entries := unfinished(connection)):
        refuse_contrary(plan, entries, MigrationLoader(connection).graph)
        keys = {entry.key for entry in entries}
        for migration, _backwards in plan:
            if (migration.app_label, migration.name) in keys:
                migration.initial = False


def refuse_empty(connection: Any) -> None:
    """Raise CommandError for an entry of ``DATABASES`` that is there for its name only."""
    if isinstance(connection, EmptyDatabase):
        raise CommandError(
            f"DATABASES[{connection.alias!r}] is empty. With a database per customer, type "
            "`manage.py migrate_databases`; else `manage.py migrate --database ALIAS`."
        )


def positive(text: str) -> int:
    """Return a number from the command line, one at least."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number
