from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from boardinghouse.contrib.databases.active import known_alias
from boardinghouse.management.options import run_on_database


class Command(BaseCommand):
    help = "Run another command on one customer's database."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("alias", metavar="ALIAS", help="The database, as DATABASES names it.")
        parser.add_argument(
            "command_line",
            nargs=argparse.REMAINDER,
            metavar="COMMAND ...",
            help="The command, with its own options.",
        )

    def handle(self, *, alias: str, command_line: list[str], **options: Any) -> None:
        known_alias(alias)
        if command_line[:1] == ["--"]:
            del command_line[0]
        if not command_line:
            raise CommandError(
                f"Say which command to run, like `manage.py with_database {alias} shell`."
            )
        try:
            run_on_database(alias, command_line, stdout=options.get("stdout"))
        except CommandError as error:
            raise CommandError(
                f"On database {alias!r}: {error}", returncode=error.returncode
            ) from error
