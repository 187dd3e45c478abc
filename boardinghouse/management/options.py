"""Options and refusals that several commands share."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Container, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections, router

from boardinghouse import ddl, fleet
from boardinghouse.exceptions import NoActiveDatabase
from boardinghouse.names import is_valid_name, validate_schema_name
from boardinghouse.schema import get_schema_model, override, working_in
from boardinghouse.sharing import is_shared_model

if TYPE_CHECKING:
    from boardinghouse.models import SchemaQuerySet


def add_database_option(parser: CommandParser) -> None:
    """Add ``--database``; without it, the one that the routers name, which may be none."""
    alias = default_database()
    parser.add_argument(
        "--database",
        default=alias,
        required=alias is None,
        choices=tuple(connections),
        help=f"The database that holds the schemata. Default: {alias!r}.",
    )


def default_database() -> str | None:
    """Return the database that the routers name for the schemata; None until one is chosen."""
    try:
        return router.db_for_write(get_schema_model())
    except NoActiveDatabase:
        return None


@contextmanager
def on_database(alias: str) -> Iterator[None]:
    """Have the routers that choose a database choose this one, within a block.

    Such a router has a method `choosing`, which is given the alias and returns a context manager.
    """
    with ExitStack() as stack:
        for each in router.routers:
            if hasattr(each, "choosing"):
                stack.enter_context(each.choosing(alias))
        yield


def run_on_database(alias: str, command_line: list[str], **streams: Any) -> None:
    """Run a command with its options on a database, also if it has ``--database`` itself.

    Raises CommandError for a command that does not exist, or that was told of another database.
    """
    name, *arguments = command_line
    command = find_command(name)
    with on_database(alias):
        if has_database_option(command):
            # In front: what follows a command of the command is that one's.
            arguments = [f"--database={alias}", *arguments]
            options = command.create_parser("manage.py", name).parse_args(arguments)
            refuse_other_databases(name, options, alias)
        call_command(command, *arguments, **streams)


def refuse_other_databases(name: str, options: Namespace, alias: str) -> None:
    """Raise CommandError for a command whose options name another database than the chosen one."""
    one = getattr(options, "database", alias)
    several = getattr(options, "databases", None)  # as of `check`
    for told in several or [one]:
        if told != alias:
            raise CommandError(
                f"{name} would run on the database {told!r}, and {alias!r} was chosen. Leave "
                f"out --database {told}, or choose {told!r}."
            )


def find_command(name: str) -> BaseCommand:
    try:
        app: Any = get_commands()[name]
    except KeyError:
        raise CommandError(
            f"There is no command {name!r}. Type `manage.py help` to see those there are."
        ) from None
    return load_command_class(app, name) if isinstance(app, str) else app


def has_database_option(command: BaseCommand) -> bool:
    parser = command.create_parser("manage.py", "")
    return any("--database" in action.option_strings for action in parser._actions)


def add_schema_option(parser: CommandParser) -> None:
    """Add ``--schema``, for a command that runs in one schema."""
    parser.add_argument(
        "--schema", metavar="NAME", help="The schema to run in; private models need one."
    )


def schemata_of(database: str) -> SchemaQuerySet:
    """Return the schemata of a database; raise CommandError where there can be none yet."""
    connection: Any = connections[database]
    if not hasattr(connection, "apply_schema"):
        raise CommandError(
            f"The database {database!r} can have no schemata: its ENGINE is "
            f"{connection.settings_dict['ENGINE']!r}. Choose another --database."
        )
    if not ddl.table_exists(connection, "public", fleet.registry_table()):
        raise CommandError(
            f"The database {database!r} has no table of schemata yet. Type `manage.py migrate`."
        )
    manager: Any = get_schema_model()._default_manager
    rows: SchemaQuerySet = manager.using(database)
    return rows


def refuse_bad_name(name: str) -> None:
    """Raise CommandError for what no schema may be called."""
    try:
        validate_schema_name(name)
    except ValidationError as error:
        raise CommandError(
            f"{name!r} cannot be a schema's name. {' '.join(error.messages)}"
        ) from None


def refuse_bad_display_name(name: str) -> None:
    """Raise CommandError for what people cannot see a schema as."""
    try:
        get_schema_model()._meta.get_field("name").clean(name, None)
    except ValidationError as error:
        raise CommandError(
            f"{name!r} cannot be a display name. {' '.join(error.messages)}"
        ) from None


def refuse_unknown(names: list[str], database: str) -> None:
    """Raise CommandError for names that no schema of the database has."""
    known = set(schemata_of(database).filter(pk__in=names).values_list("pk", flat=True))
    unknown = [name for name in names if name not in known]
    if unknown:
        quoted = ", ".join(map(repr, unknown))
        raise CommandError(
            f"There is no schema {quoted}. Type `manage.py list_schemata` to see those there are."
        )


def private_models_of(
    app_labels: Iterable[str], excluded_models: Container[Any], excluded_apps: Container[Any]
) -> list[str]:
    """Return the labels of the private models that ``dumpdata`` with such arguments means."""
    meant = {label.lower() for label in app_labels}
    return [
        model._meta.label
        for model in apps.get_models()
        if not is_shared_model(model)
        and (not meant or meant & {model._meta.app_label, model._meta.label_lower})
        and model not in excluded_models
        and model._meta.app_config not in excluded_apps
    ]


def schema_block(name: str | None, database: str) -> working_in:
    """Return the block that a command with ``--schema`` runs in; without it, nothing changes."""
    if name is None:
        return working_in(None)
    refuse_unknown([name], database)
    connection: Any = connections[database]
    if not is_valid_name(name) or not ddl.schema_exists(connection, name):
        raise CommandError(
            f"Schema {name!r} has a row, but PostgreSQL has no such schema. Restore it from a "
            f"backup, or type `manage.py drop_schema {name} --noinput` to delete the row."
        )
    return override(name)
