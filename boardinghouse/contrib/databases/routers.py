"""The database router: everything goes to the active database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Model

from boardinghouse.contrib.databases.active import database, get_active_database
from boardinghouse.exceptions import NoActiveDatabase, WrongDatabase
from boardinghouse.stamps import has_schemata, name


class DatabaseRouter:
    """Send every query to the active database; raise NoActiveDatabase where there is none.

    An instance of another database is refused with WrongDatabase, and so are relations between
    two. Stands after ``boardinghouse.routers.SchemaRouter``, which chooses no database.
    """

    def db_for_read(
        self, model: type[Model], instance: Model | None = None, **hints: Any
    ) -> str | None:
        alias = get_active_database()
        if alias is None:
            raise NoActiveDatabase(
                f"{model._meta.label} is in each customer's database, and no database is active. "
                "Wrap the query in `with boardinghouse.contrib.databases.database(ALIAS):`, or "
                "type `manage.py with_database ALIAS COMMAND`."
            )
        if instance is not None:
            refuse_other_database(instance, alias)
        return alias

    def db_for_write(
        self, model: type[Model], instance: Model | None = None, **hints: Any
    ) -> str | None:
        return self.db_for_read(model, instance)

    def allow_relation(self, obj1: Model, obj2: Model, **hints: Any) -> bool | None:
        """Refuse objects of two databases; one that is not saved yet is the active one's."""
        one, other = (each._state.db or get_active_database() for each in (obj1, obj2))
        return None if one == other else False

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        """Keep tables out of a database that is no customer's: its engine is another."""
        return None if has_schemata(db) else False

    def choosing(self, alias: str) -> database:
        """Return the block in which a command with ``--database`` works."""
        return database(alias)

    def carry(self, function: Callable[[], object]) -> Callable[[], object]:
        """Return a function that runs in the database that is active now, if there is one."""
        alias = get_active_database()
        return function if alias is None else database(alias)(function)


def refuse_other_database(instance: Model, alias: str) -> None:
    """Raise WrongDatabase for an object that was loaded from another database than this one."""
    if instance._state.db not in (None, alias):
        raise WrongDatabase(
            f"{name(instance)} is in the database {instance._state.db!r}, and {alias!r} is "
            "active. Use it in `with boardinghouse.contrib.databases.database("
            f"{instance._state.db!r}):`, or load what you want from {alias!r}."
        )
