from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from boardinghouse.management.options import (
    add_database_option,
    on_database,
    refuse_bad_name,
    schemata_of,
)
from boardinghouse.moving.load import load, read_users
from boardinghouse.progress import show_on


class Command(BaseCommand):
    help = "Make a schema of a file that dump_schema wrote."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", metavar="FILE", type=Path, help="What dump_schema wrote.")
        parser.add_argument("schema", metavar="NAME", help="What the schema is to be called.")
        parser.add_argument(
            "--remap-users",
            metavar="MAP",
            type=Path,
            help="A JSON object, or a CSV file of two columns: who each user is here.",
        )
        add_database_option(parser)

    def handle(
        self,
        *,
        path: Path,
        schema: str,
        remap_users: Path | None,
        database: str,
        verbosity: int,
        **options: Any,
    ) -> None:
        refuse_bad_name(schema)
        rows = schemata_of(database)
        users = read_users(Path(remap_users)) if remap_users else {}
        progress = show_on(self.stdout, verbosity=verbosity)
        with on_database(database):
            manifest, counts = load(connections[database], path, schema, users, progress)
            row = rows.get(pk=schema)
            members = row.users.count()
        if verbosity:
            state = "active" if row.is_active else "inactive"
            self.stdout.write(
                self.style.SUCCESS(
                    f"Schema {schema!r} ({row.name}, {state}, {members} members) was made"
                    f" of {manifest['schema']!r}: {sum(counts.values())} rows of {len(counts)} "
                    "tables."
                )
            )
