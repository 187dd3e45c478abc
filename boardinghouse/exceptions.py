"""Every exception of the package; a class's docstring is its default message."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence

from django.core.exceptions import PermissionDenied
from django.core.management.base import CommandError
from django.db import DatabaseError, IntegrityError, ProgrammingError
from django.utils.connection import ConnectionDoesNotExist


class BoardinghouseError(Exception):
    """Something went wrong in boardinghouse."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.cleandoc(self.__doc__ or ""))


class NoActiveSchema(BoardinghouseError, ProgrammingError):
    """No schema is active. Choose one, or use boardinghouse.schema.override(NAME)."""


class SchemaNotFound(BoardinghouseError, ProgrammingError):
    """There is no such schema."""

    def __init__(self, schema: str) -> None:
        self.schema = schema
        super().__init__(
            f"Schema {schema!r} does not exist. `manage.py list_schemata` lists those that do."
        )


class SchemaExists(BoardinghouseError, IntegrityError):
    """There is such a schema already."""

    def __init__(self, schema: str) -> None:
        self.schema = schema
        super().__init__(f"Schema {schema!r} exists already. Choose another name.")


class WrongSchema(BoardinghouseError):
    """The object is in another schema than the one that is active."""


class TemplateSchemaActivation(BoardinghouseError):
    """The template schema cannot be activated: nobody's data lives there."""


class NoActiveDatabase(BoardinghouseError, ProgrammingError):
    """No database is active. Use boardinghouse.contrib.databases.database(ALIAS)."""


class WrongDatabase(BoardinghouseError):
    """The object is in another database than the one that is active."""


class DatabaseNotFound(BoardinghouseError, ConnectionDoesNotExist, CommandError):
    """There is no such database."""

    def __init__(self, alias: object, known: Iterable[str]) -> None:
        self.alias = alias
        choices = ", ".join(map(repr, known)) or "none; add one to DATABASES"
        super().__init__(f"There is no database {alias!r} in DATABASES. Choose one of: {choices}.")


class Forbidden(BoardinghouseError, PermissionDenied):
    """You may not enter that schema."""


class UncopiableObject(BoardinghouseError, CommandError):
    """The schema holds an object that cannot be copied."""


class LockBudgetExceeded(BoardinghouseError, CommandError):
    """PostgreSQL's lock table has no room for so many schemata in one transaction."""


class BatchFailed(BoardinghouseError):
    """Some schemata were created before one failed; `made` names them."""

    def __init__(self, made: list[str], failed: list[str]) -> None:
        self.made, self.failed = made, failed
        super().__init__(
            f"{len(made)} schemata were created ({', '.join(made) or 'none'}), then a batch "
            f"failed and nothing of it was kept: {', '.join(failed)}."
        )


class ReplayFailed(BoardinghouseError, CommandError):
    """A statement that ran in the template failed in a schema."""

    def __init__(self, schema: str, statement: str, error: Exception) -> None:
        self.schema, self.statement, self.reason = schema, statement, reason_of(error)
        super().__init__(f"Schema {schema!r}: {self.reason}\nStatement: {statement}")


def reason_of(error: Exception) -> str:
    """Return an error's message; with its type, unless the database says it all."""
    message = str(error).strip()
    return message if isinstance(error, DatabaseError) else f"{type(error).__name__}: {message}"


class SchemataBehind(BoardinghouseError, CommandError):
    """Some schemata could not be migrated."""

    def __init__(self, migration: str, failures: Sequence[tuple[str, str, str]], left: int) -> None:
        self.migration, self.failures, self.left = migration, list(failures), left
        told = "".join(
            f"\n\nSchema {schema!r}: {error}\nStatement: {statement}"
            for schema, error, statement in failures
        )
        super().__init__(
            f"{migration} is not finished: {left} {'schema is' if left == 1 else 'schemata are'} "
            "behind. Mend what is wrong, then type `manage.py migrate` again, as you did now; it "
            f"goes on with what is left.{told}"
        )


class JournalMismatch(BoardinghouseError, CommandError):
    """What an interrupted migration did does not fit what it would do now."""


class SchemaBehind(BoardinghouseError):
    """The schema is being migrated. Come back in a moment."""


class AmbiguousOperation(BoardinghouseError, CommandError):
    """A migration operation does not say whether it means shared or private tables."""


class ForeignTransaction(BoardinghouseError, CommandError):
    """The SQL of a migration begins or ends a transaction."""

    def __init__(self, word: str, statement: str) -> None:
        self.statement = statement
        super().__init__(
            f"This SQL says {word}, and the transactions of a migration are not its own: what the "
            "template has done would be kept, and the schemata would never do it. Leave BEGIN and "
            f"COMMIT out; each schema has a transaction.\nStatement: {statement}"
        )


class AdoptionRequired(BoardinghouseError, CommandError):
    """Private tables are still in public."""


class OccupiedSchemata(BoardinghouseError, CommandError):
    """Unapplying this migration would lose track of schemata that hold rows."""
