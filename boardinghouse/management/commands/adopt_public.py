from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from boardinghouse.adoption import adopt_public
from boardinghouse.management.options import (
    add_database_option,
    refuse_bad_display_name,
    refuse_bad_name,
)


class Command(BaseCommand):
    help = (
        "Turn a plain Django database with data into a first schema: the private tables move "
        "there, their structure becomes the template, and every user becomes a member. All of "
        "it happens in one transaction."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("schema", metavar="NAME", help="The first schema's name.")
        parser.add_argument(
            "--name", metavar="DISPLAY_NAME", help="The name that people see. Default: NAME."
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Do it all, show it, and roll it back."
        )
        add_database_option(parser)

    def handle(
        self,
        *,
        schema: str,
        name: str | None,
        dry_run: bool,
        database: str,
        verbosity: int,
        **options: Any,
    ) -> None:
        refuse_bad_name(schema)
        refuse_bad_display_name(name or schema)
        connection: Any = connections[database]
        adopted = adopt_public(
            connection,
            schema,
            name or schema,
            dry_run=dry_run,
            tell=self.tell if verbosity else lambda message: None,
        )
        if verbosity:
            for table, rows in adopted.rows.items():
                self.stdout.write(f"  {table}: {rows} rows")
            self.stdout.write(f"  {adopted.members} users are members of {schema!r}")
            done = "Rolled back, as this was a dry run." if dry_run else "Done."
            self.stdout.write(self.style.SUCCESS(done))

    def tell(self, message: str) -> None:
        self.stdout.write(f"{message}...")
