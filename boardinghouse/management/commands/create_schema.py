from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError

from boardinghouse.exceptions import SchemaBehind, SchemaExists, SchemaNotFound
from boardinghouse.management.options import (
    add_database_option,
    on_database,
    refuse_bad_display_name,
    refuse_bad_name,
    refuse_unknown,
    schemata_of,
)
from boardinghouse.schema import get_schema_model


class Command(BaseCommand):
    help = "Create a schema: its row, and in PostgreSQL a copy of the template, or of another one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("schema", metavar="NAME", help="The name in the database.")
        parser.add_argument(
            "--name", metavar="DISPLAY_NAME", help="The name that people see. Default: NAME."
        )
        parser.add_argument(
            "--from",
            dest="source",
            metavar="SOURCE",
            help="Copy this schema, with its rows. Default: the template.",
        )
        parser.add_argument(
            "--user",
            action="append",
            default=[],
            dest="usernames",
            metavar="USERNAME",
            help="Who may enter it; can be given several times.",
        )
        add_database_option(parser)

    def handle(
        self,
        *,
        schema: str,
        name: str | None,
        source: str | None,
        usernames: list[str],
        database: str,
        verbosity: int,
        **options: Any,
    ) -> None:
        refuse_bad_name(schema)
        refuse_bad_display_name(name or schema)
        schemata_of(database)
        users = [self.find_user(username, database) for username in usernames]
        if source is not None:
            refuse_unknown([source], database)
        try:
            with on_database(database):
                row = self.create(schema, name or schema, source, database)
                row.users.add(*users)
        except (SchemaBehind, SchemaExists, SchemaNotFound) as error:
            raise CommandError(str(error)) from error
        except IntegrityError as error:
            raise CommandError(
                f"Schema {schema!r} was not created: there is a schema of this name, or one "
                f"that people see as {name or schema!r}. Choose another NAME or --name."
            ) from error
        if verbosity:
            self.stdout.write(self.style.SUCCESS(f"Schema {schema!r} was created."))

    def create(self, schema: str, name: str, source: str | None, database: str) -> Any:
        if source is not None:
            return schemata_of(database).clone(source, schema, display_name=name)
        row = get_schema_model()(schema=schema, name=name)
        row.save(using=database)
        return row

    def find_user(self, username: str, database: str) -> Any:
        model = get_user_model()
        try:
            return model._default_manager.db_manager(database).get_by_natural_key(username)
        except model.DoesNotExist:
            raise CommandError(
                f"There is no user {username!r}. Type `manage.py createsuperuser`, or leave "
                "--user out and add users later."
            ) from None
