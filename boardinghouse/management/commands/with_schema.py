from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from boardinghouse.management.options import (
    add_database_option,
    on_database,
    run_on_database,
    schema_block,
    schemata_of,
)


class Command(BaseCommand):
    help = "Run another command in one schema, in several, or in all active ones."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "--schema",
            action="append",
            dest="schemata",
            metavar="NAME",
            help="The schema to run in; can be given several times.",
        )
        which.add_argument("--all", action="store_true", help="Run in every active schema.")
        add_database_option(parser)
        parser.add_argument(
            "command_line",
            nargs=argparse.REMAINDER,
            metavar="COMMAND ...",
            help="The command, with its own options.",
        )

    def handle(
        self,
        *,
        schemata: list[str] | None,
        all: bool,
        database: str,
        command_line: list[str],
        verbosity: int,
        **options: Any,
    ) -> None:
        if command_line[:1] == ["--"]:
            del command_line[0]
        if not command_line:
            raise CommandError(
                "Say which command to run, like `manage.py with_schema --schema NAME shell`."
            )
        names = schemata or self.active_names(database)
        blocks = [(name, schema_block(name, database)) for name in names]
        for name, block in blocks:
            if verbosity and len(names) > 1:
                self.stdout.write(self.style.MIGRATE_HEADING(f"In schema {name!r}:"))
            with on_database(database), block:
                self.run(name, database, command_line, stdout=options.get("stdout"))

    def active_names(self, database: str) -> list[str]:
        return list(schemata_of(database).active().order_by("pk").values_list("pk", flat=True))

    def run(self, name: str, database: str, command_line: list[str], **streams: Any) -> None:
        try:
            run_on_database(database, command_line, **streams)
        except CommandError as error:
            raise CommandError(
                f"In schema {name!r}: {error}", returncode=error.returncode
            ) from error
