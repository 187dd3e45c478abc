"""Options and refusals that several commands share."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections

from boardinghouse import ddl, fleet
from boardinghouse.names import is_valid_name, validate_schema_name
from boardinghouse.schema import get_schema_model, override, working_in
from boardinghouse.sharing import is_shared_model

if TYPE_CHECKING:
    from boardinghouse.models import SchemaQuerySet


def add_database_option(parser: CommandParser) -> None:
    """Add ``--database``, as Django's own commands have it."""
    parser.add_argument(
        "--database",
        default=DEFAULT_DB_ALIAS,
        choices=tuple(connections),
        help="The database that holds the schemata. Default: 'default'.",
    )


def add_schema_option(parser: CommandParser) -> None:
    """Add ``--schema``, for a command that runs in one schema."""
    parser.add_argument(
        "--schema", metavar="NAME", help="The schema to run in; private models need one."
    )


def schemata_of(database: str) -> SchemaQuerySet:
    """Return the schemata of a database; raise CommandError where nothing is migrated yet."""
    connection: Any = connections[database]
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
