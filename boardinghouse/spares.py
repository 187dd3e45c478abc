"""Schemata that are ready before anybody wants them, so that a sign-up is one rename.

A spare is a PostgreSQL schema named ``_spare_…`` and nothing else: it is complete, or it is not
there. Migrations keep spares like the template; who takes one looks whether it still is.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from django.db import ProgrammingError, transaction
from psycopg.errors import InvalidSchemaName

from boardinghouse import clone, ddl
from boardinghouse.exceptions import ReplayFailed
from boardinghouse.journal import JOURNAL
from boardinghouse.names import SPARE, TEMPLATE, quote
from boardinghouse.patience import patiently

if TYPE_CHECKING:
    from boardinghouse.backends.postgres.base import DatabaseWrapper

#: Locks of who takes or drops a spare (with the schema's oid), and of who fills the pool.
SPARE_LOCK = int.from_bytes(b"spar")
FILLING_LOCK = int.from_bytes(b"filling")
#: No more spares than this are looked at.
MANY = 10_000


def create_schemata(connection: DatabaseWrapper, names: list[str]) -> None:
    """Create PostgreSQL schemata: spares while there are any, then copies of the template.

    All or none, in the transaction that is open; a shared table that is busy is tried for again.
    Raises SchemaExists where another one, or another process, was first.
    """
    ddl.flush_recorded(connection)
    ddl.share_template(connection)
    taken = take(connection, names)
    left = [name for name in names if name not in taken]
    if left:
        _copy_template(connection, left)


def _copy_template(connection: DatabaseWrapper, names: list[str]) -> None:
    statements = clone.compile_template(connection)
    try:
        _create(connection, names, statements)
    except ReplayFailed:
        # What the statements name outside of the template may be called otherwise by now.
        clone.forget_template(connection)
        anew = clone.compile_template(connection)
        if anew == statements:
            raise
        _create(connection, names, anew)


def _create(connection: DatabaseWrapper, names: list[str], statements: list[str]) -> None:
    """Create copies, all or none; a shared table that is busy is tried for again."""

    def create_all() -> None:
        for name in names:
            ddl.create(connection, name, statements)

    patiently(connection, create_all)


def take(connection: DatabaseWrapper, names: list[str]) -> set[str]:
    """Give spares these names, as far as there are any; return the names that were given.

    No spare is given to two: each that is looked at is this transaction's until its end.
    """
    ready = [name for name, is_ready in look(connection, len(names), claiming=True) if is_ready]
    return {
        name for name, spare in zip(names, ready, strict=False) if rename(connection, spare, name)
    }


def look(
    connection: DatabaseWrapper, wanted: int = MANY, *, claiming: bool = False
) -> list[tuple[str, bool]]:
    """Return spares, and of each whether it is what the template is. One round trip.

    If `claiming`, only such as nobody else has, for this transaction alone.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            ddl.read_sql("spares_ready"),
            {
                "lock": SPARE_LOCK if claiming else None,
                "wanted": wanted,
                "template": quote(TEMPLATE),
                "journal": JOURNAL,
            },
        )
        return [(name, is_ready) for name, is_ready in cursor.fetchall()]


def rename(connection: DatabaseWrapper, spare: str, name: str) -> bool:
    """Give a spare a name; return whether it was still there."""
    try:
        with transaction.atomic(using=connection.alias):
            ddl.rename(connection, spare, name)
    except ProgrammingError as error:
        # Taken by a transaction that ended after this one's snapshot was made.
        if isinstance(error.__cause__, InvalidSchemaName):
            return False
        raise
    return True


def make(connection: DatabaseWrapper, wanted: int) -> str | None:
    """Make a spare unless there are as many as wanted, in a transaction; return its name."""
    with transaction.atomic(using=connection.alias):
        _wait_for_other_fillers(connection)
        ddl.share_template(connection)
        if len(look(connection)) >= wanted:
            return None
        name = SPARE + secrets.token_hex(8)
        _copy_template(connection, [name])
        return name


def drop(connection: DatabaseWrapper, names: Iterable[str]) -> list[str]:
    """Drop spares, those aside that somebody is taking; return which were dropped."""
    dropped = []
    for name in names:
        with transaction.atomic(using=connection.alias):
            ddl.share_template(connection)
            if _claim(connection, name):
                patiently(connection, partial(ddl.drop, connection, name))
                dropped.append(name)
    return dropped


def _claim(connection: DatabaseWrapper, name: str) -> bool:
    """Keep others from taking a spare until this transaction ends, if it is there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(%s, oid::int) FROM pg_namespace WHERE nspname = %s",
            [SPARE_LOCK, name],
        )
        if cursor.fetchone() != (True,):
            return False
    # Whoever had it before may have renamed it while this one was being claimed.
    return ddl.schema_exists(connection, name)


def _wait_for_other_fillers(connection: DatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock({FILLING_LOCK})")
