"""Waiting for a lock, but not long: whoever waits for a table makes others wait behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import psycopg
from django.db import DatabaseError, transaction

from boardinghouse.conf import conf
from boardinghouse.exceptions import ReplayFailed

if TYPE_CHECKING:
    from boardinghouse.backends.postgres.base import DatabaseWrapper

Result = TypeVar("Result")

#: How often a lock is tried for.
ATTEMPTS = 10
BUSY = psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected


def is_busy(error: BaseException | None) -> bool:
    """Tell whether an error came of a lock that somebody else has."""
    while error is not None and not isinstance(error, BUSY):
        error = error.__cause__
    return error is not None


def limit_waiting(connection: DatabaseWrapper) -> str:
    """Let this transaction's statements wait for a lock no longer than is set; return the old.

    One round trip.
    """
    limit = f"{round(conf.LOCK_TIMEOUT * 1000)}ms"
    return _ask(
        connection,
        "SELECT current_setting('lock_timeout'), set_config('lock_timeout', %s, true)",
        limit,
    )


def patiently(
    connection: DatabaseWrapper, action: Callable[[], Result], attempts: int = ATTEMPTS
) -> Result:
    """Do something in a transaction, again while a lock is not to be had.

    The locks that it did get are given back in between.
    """
    while True:
        attempts -= 1
        try:
            with transaction.atomic(using=connection.alias):
                before = limit_waiting(connection)
                result = action()
                _ask(connection, "SELECT set_config('lock_timeout', %s, true)", before)
                return result
        except (DatabaseError, ReplayFailed) as error:
            if not attempts or not is_busy(error):
                raise


def _ask(connection: DatabaseWrapper, query: str, param: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(query, [param])
        return str(cursor.fetchone()[0])
