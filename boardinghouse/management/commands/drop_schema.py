from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from boardinghouse.management.options import add_database_option, refuse_unknown, schemata_of


class Command(BaseCommand):
    help = "Drop a schema with all the data in it, and delete its row."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("schema", metavar="NAME", help="The name in the database.")
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_false",
            dest="interactive",
            help="Drop it without asking.",
        )
        add_database_option(parser)

    def handle(
        self, *, schema: str, interactive: bool, database: str, verbosity: int, **options: Any
    ) -> None:
        refuse_unknown([schema], database)
        if interactive:
            self.confirm(schema)
        schemata_of(database).filter(pk=schema).delete(drop=True)
        if verbosity:
            self.stdout.write(self.style.SUCCESS(f"Schema {schema!r} was dropped."))

    def confirm(self, schema: str) -> None:
        unconfirmed = (
            f"Schema {schema!r} was not dropped: that deletes all its data and was not confirmed. "
            f"Type `manage.py drop_schema {schema} --noinput` to drop it without being asked."
        )
        if not sys.stdin.isatty():
            raise CommandError(unconfirmed)
        answer = input(f"All data of {schema!r} will be deleted. Type the name to drop it: ")
        if answer != schema:
            raise CommandError(unconfirmed)
