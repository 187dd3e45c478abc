from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from boardinghouse import citus, fleet, progress
from boardinghouse.management.options import add_database_option, schemata_of
from boardinghouse.names import TEMPLATE


class Command(BaseCommand):
    help = (
        "With Citus: copy the shared tables that private ones refer to to every node, as "
        "reference tables, and keep the copies alike."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--schemata",
            action="store_true",
            help="Then distribute the schemata too that were there before Citus.",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would be done, and do nothing."
        )
        progress.add_json_option(parser)
        add_database_option(parser)

    connection: Any

    def handle(
        self,
        *,
        schemata: bool,
        dry_run: bool,
        as_json: bool,
        database: str,
        verbosity: int,
        **options: Any,
    ) -> None:
        schemata_of(database)
        self.connection = connections[database]
        self.shown = progress.show_on(self.stdout, verbosity=verbosity, as_json=as_json)
        self.is_dry = dry_run
        names = self.look_round(database)
        tables = citus.find_local_tables(self.connection, names)
        self.go_over("reference table", tables, citus.make_reference_table)
        if schemata:
            local = citus.find_local_schemata(self.connection, names)
            self.go_over("distributed schema", local, citus.distribute)

    def look_round(self, database: str) -> list[str]:
        """Return the schemata, the template first; refuse what Citus would refuse."""
        if not self.connection.has_citus:
            raise CommandError(
                f"The database {database!r} has no Citus. Type `CREATE EXTENSION citus` in psql, "
                "on the coordinator; one server needs none."
            )
        names = [TEMPLATE, *fleet.names_of_schemata(self.connection)]
        if refused := citus.find_refused(self.connection, names):
            raise CommandError(
                "Nothing was changed. Citus refuses what is in the way; remove it first:\n"
                + "\n".join(map(str, refused))
            )
        return names

    def go_over(self, what: str, found: list[str], change: Callable[[Any, str], None]) -> None:
        """Change each by itself, so that an interrupted run can go on."""
        for each in found:
            if not self.is_dry:
                change(self.connection, each)
            now = "would become" if self.is_dry else "is now"
            self.shown.say(f"{each} {now} a {what}.", name=each, kind=what, done=not self.is_dry)
        if not found:
            self.shown.say(f"There was nothing to make a {what}.", kind=what)
