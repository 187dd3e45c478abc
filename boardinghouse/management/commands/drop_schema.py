from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connections

from boardinghouse import progress, removal
from boardinghouse.management.options import add_database_option, refuse_unknown, schemata_of
from boardinghouse.patience import is_busy


class Command(BaseCommand):
    help = "Drop schemata with all the data in them, and delete their rows."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("schemata", metavar="NAME", nargs="+", help="The name in the database.")
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_false",
            dest="interactive",
            help="Drop without asking.",
        )
        progress.add_json_option(parser)
        add_database_option(parser)

    def handle(
        self,
        *,
        schemata: list[str],
        interactive: bool,
        as_json: bool,
        database: str,
        verbosity: int,
        **options: Any,
    ) -> None:
        schemata_of(database)
        shown = progress.show_on(self.stdout, verbosity=verbosity, as_json=as_json)
        finished = self.go_on(database, shown)
        left = [name for name in dict.fromkeys(schemata) if name not in finished]
        refuse_unknown(left, database)
        if left and interactive:
            self.confirm(left)
        dropped: list[str] = []
        try:
            self.drop_each(left, dropped, database, shown)
        finally:
            for name in dropped:
                shown.say(self.style.SUCCESS(f"Schema {name!r} was dropped."), dropped=name)

    def go_on(self, database: str, shown: progress.Progress) -> set[str]:
        """Drop what an interrupted run left behind; return what that was called."""
        connection: Any = connections[database]
        finished = set() if connection.in_atomic_block else set(removal.finish(connection))
        for name in sorted(finished):
            shown.say(
                f"Schema {name!r}, whose dropping was interrupted, is gone now.", dropped=name
            )
        return finished

    def drop_each(
        self, names: list[str], dropped: list[str], database: str, shown: progress.Progress
    ) -> None:
        """Drop one after the other, and note which are gone."""
        several = shown if len(names) > 1 else progress.Progress()
        with several.task("Dropping", total=len(names)) as task:
            for name in names:
                self.drop(name, database)
                dropped.append(name)
                task.advance()

    def drop(self, name: str, database: str) -> None:
        try:
            schemata_of(database).filter(pk=name).delete(drop=True)
        except OperationalError as error:
            if not is_busy(error):
                raise
            raise CommandError(
                f"Schema {name!r} was not dropped: somebody is using it. Type "
                f"`manage.py drop_schema {name} --noinput` again in a moment."
            ) from error

    def confirm(self, schemata: list[str]) -> None:
        names = " ".join(schemata)
        quoted = ", ".join(map(repr, schemata))
        unconfirmed = (
            f"Nothing was dropped: all data of {quoted} would be deleted, and that was not "
            f"confirmed. Type `manage.py drop_schema {names} --noinput` to drop without being "
            "asked."
        )
        if not sys.stdin.isatty():
            raise CommandError(unconfirmed)
        answer = input(f"All data of {quoted} will be deleted. Type {names} to drop: ")
        if answer != names:
            raise CommandError(unconfirmed)
