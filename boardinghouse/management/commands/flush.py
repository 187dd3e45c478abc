from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import flush

from boardinghouse.schema import deactivate_schema, get_active_schema_name

# What Django's own test cases pass, and no command line can.
OPTIONS_OF_TESTS = {"inhibit_post_migrate", "allow_cascade"}


class Command(flush.Command):
    help = "Drops ALL SCHEMATA and removes all data from the shared tables. The template stays."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--schemata",
            action="store_true",
            help="Say that the schemata are meant too: all of them are dropped.",
        )

    def handle(self, **options: Any) -> None:
        if not options["schemata"] and not OPTIONS_OF_TESTS & options.keys():
            raise CommandError(
                "flush drops every schema, with all the data of every organisation. If that is "
                "meant, type `manage.py flush --schemata`. To empty one schema, drop it and "
                "create it again."
            )
        # Whatever is active goes with the rest, or has gone with a test that was rolled back.
        if get_active_schema_name() is not None:
            deactivate_schema()
        super().handle(**options)
