from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError

from boardinghouse.exceptions import SchemaExists
from boardinghouse.management.options import add_database_option, on_database, refuse_bad_name
from boardinghouse.schema import get_schema_model


class Command(BaseCommand):
    help = "Create a schema: its row, and the PostgreSQL schema as a copy of the template."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("schema", metavar="NAME", help="The name in the database.")
        parser.add_argument(
            "--name", metavar="DISPLAY_NAME", help="The name that people see. Default: NAME."
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
        usernames: list[str],
        database: str,
        verbosity: int,
        **options: Any,
    ) -> None:
        refuse_bad_name(schema)
        users = [self.find_user(username, database) for username in usernames]
        row = get_schema_model()(schema=schema, name=name or schema)
        try:
            with on_database(database):
                row.save(using=database)
                row.users.add(*users)
        except SchemaExists as error:
            raise CommandError(str(error)) from error
        except IntegrityError as error:
            raise CommandError(
                f"Schema {schema!r} was not created: there is a schema of this name, or one "
                f"that people see as {row.name!r}. Choose another NAME or --name."
            ) from error
        if verbosity:
            self.stdout.write(self.style.SUCCESS(f"Schema {schema!r} was created."))

    def find_user(self, username: str, database: str) -> Any:
        model = get_user_model()
        try:
            return model._default_manager.db_manager(database).get_by_natural_key(username)
        except model.DoesNotExist:
            raise CommandError(
                f"There is no user {username!r}. Type `manage.py createsuperuser`, or leave "
                "--user out and add users later."
            ) from None
