from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from boardinghouse.management.options import (
    add_database_option,
    on_database,
    refuse_unknown,
    schema_block,
    schemata_of,
)
from boardinghouse.moving.dump import dump
from boardinghouse.progress import show_on


class Command(BaseCommand):
    help = "Write one schema into a file, for load_schema of another database or a later version."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("schema", metavar="NAME", help="The name in the database.")
        parser.add_argument("path", metavar="FILE", type=Path, help="What to write.")
        add_database_option(parser)

    def handle(
        self, *, schema: str, path: Path, database: str, verbosity: int, **options: Any
    ) -> None:
        refuse_unknown([schema], database)
        schema_block(schema, database)
        row = schemata_of(database).get(pk=schema)
        progress = show_on(self.stdout, verbosity=verbosity)
        with on_database(database):
            counts = dump(connections[database], row, path, progress)
        if verbosity:
            self.stdout.write(
                self.style.SUCCESS(
                    f"Schema {schema!r} was written into {path}: {sum(counts.values())} rows of "
                    f"{len(counts)} tables."
                )
            )
