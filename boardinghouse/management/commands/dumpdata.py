from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import dumpdata
from django.core.management.utils import parse_apps_and_model_labels

from boardinghouse.management.options import (
    add_schema_option,
    on_database,
    private_models_of,
    schema_block,
)
from boardinghouse.schema import get_active_schema_name


class Command(dumpdata.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_schema_option(parser)

    def handle(self, *app_labels: str, **options: Any) -> None:
        schema = options["schema"] or get_active_schema_name()
        if schema is None:
            self.refuse_private_models(app_labels, options["exclude"])
        with on_database(options["database"]), schema_block(schema, options["database"]):
            super().handle(*app_labels, **options)

    def refuse_private_models(self, app_labels: tuple[str, ...], exclude: list[str]) -> None:
        private = private_models_of(app_labels, *parse_apps_and_model_labels(exclude))
        if private:
            raise CommandError(
                f"These models are private to each schema: {', '.join(private)}. Add --schema "
                "NAME to dump one schema's rows, or leave them out with --exclude."
            )
