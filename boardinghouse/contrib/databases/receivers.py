"""What we do when Django sends news."""

from __future__ import annotations

from typing import Any

from django.core.signals import request_finished, request_started
from django.db.models import Model
from django.db.models.signals import pre_migrate

from boardinghouse.contrib.databases.active import (
    abandon_requests,
    end_request,
    get_active_database,
)
from boardinghouse.contrib.databases.routers import refuse_other_database
from boardinghouse.exceptions import WrongDatabase
from boardinghouse.receivers import is_test_client
from boardinghouse.signals import schema_pre_activate


def connect_requests() -> None:
    """Let requests end; again and again it is the same as once."""
    request_started.connect(start_from_nothing)
    request_finished.connect(leave_database)


def connect_all() -> None:
    pre_migrate.connect(refuse_other_migration)
    schema_pre_activate.connect(refuse_other_schema)


def start_from_nothing(sender: Any = None, **kwargs: Any) -> None:
    """Begin a request in no database, whatever a thread's last one left behind."""
    if not is_test_client(sender):
        abandon_requests()


def leave_database(**kwargs: Any) -> None:
    end_request()


def refuse_other_migration(using: str, **kwargs: Any) -> None:
    """Refuse to migrate one database while another is active: data migrations ask the router."""
    active = get_active_database()
    if active not in (None, using):
        raise WrongDatabase(
            f"The database {active!r} is active, and {using!r} would be migrated. Nothing was "
            f"changed. Type `manage.py migrate_databases --database {using}`."
        )


def refuse_other_schema(instance: Model | None, **kwargs: Any) -> None:
    """Refuse a schema object of one database in another: a schema of that name is not the same."""
    active = get_active_database()
    if instance is not None and active is not None:
        refuse_other_database(instance, active)
