from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import loaddata

from boardinghouse.exceptions import NoActiveSchema
from boardinghouse.management.options import add_schema_option, on_database, schema_block
from boardinghouse.schema import get_active_schema_name


class Command(loaddata.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_schema_option(parser)

    def handle(self, *fixture_labels: str, **options: Any) -> None:
        schema = options["schema"] or get_active_schema_name()
        try:
            with on_database(options["database"]), schema_block(schema, options["database"]):
                super().handle(*fixture_labels, **options)
        except NoActiveSchema as error:
            raise CommandError(
                f"{error} Nothing was loaded. Add --schema NAME to load into one schema."
            ) from error
