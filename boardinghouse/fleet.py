"""Replaying what a migration did in the template over all schemata."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.apps import apps

from boardinghouse import ddl, pipeline
from boardinghouse.conf import conf
from boardinghouse.exceptions import LockBudgetExceeded, OccupiedSchemata
from boardinghouse.names import quote
from boardinghouse.schema import working_in

if TYPE_CHECKING:
    from boardinghouse.backends.postgres.base import DatabaseWrapper

logger = logging.getLogger("boardinghouse")


def names_of_schemata(connection: DatabaseWrapper) -> list[str]:
    """Return the names in the table of schemata, in order, of those that PostgreSQL has.

    Then those of the spares, which are migrated like any other. None while that table does not
    exist yet. A row without a schema is reported in the log.
    """
    table = registry_table()
    with working_in(None), connection.cursor() as cursor:
        if not ddl.table_exists(connection, "public", table):
            return []
        cursor.execute(
            f"SELECT schema, to_regnamespace(quote_ident(schema)) IS NOT NULL, false AS is_spare"
            f" FROM public.{quote(table)} UNION ALL SELECT nspname, true, true FROM pg_namespace"
            " WHERE nspname >= '_spare_' AND nspname < '_spare`' ORDER BY is_spare, schema"
        )
        rows = cursor.fetchall()
    for name, exists, _is_spare in rows:
        if not exists:
            logger.warning("The row of schema %r has no schema in PostgreSQL.", name)
    return [name for name, exists, _is_spare in rows if exists]


def registry_table() -> str:
    """Return the table whose rows name the schemata."""
    return str(apps.get_model(conf.SCHEMA_MODEL)._meta.db_table)


def replay(connection: DatabaseWrapper, script: list[str]) -> None:
    """Run statements in every schema. Raises ReplayFailed, naming schema and statement."""
    pipeline.run(connection, names_of_schemata(connection), script)


def disband(connection: DatabaseWrapper) -> None:
    """Drop every schema, because the table that names them is about to go.

    Raises OccupiedSchemata, naming them, while any has rows that the template has not.
    """
    names = names_of_schemata(connection)
    occupied = [name for name in names if ddl.has_rows_of_its_own(connection, name)]
    if occupied:
        raise OccupiedSchemata(
            f"Without their table these schemata would be lost, and they hold rows: "
            f"{', '.join(occupied)}. Save what you need, then `manage.py drop_schema` each."
        )
    if connection.in_atomic_block:
        ddl.require_room(connection, len(names), "Dropping")
    for name in names:
        ddl.drop(connection, name)


def require_room(connection: DatabaseWrapper, locks_each: int, schemata: int) -> None:
    """Raise LockBudgetExceeded unless replaying fits PostgreSQL's lock table.

    `locks_each` was measured: what the same statements took in the template. Outside a
    transaction each statement gives its locks back.
    """
    if not connection.in_atomic_block:
        return
    budget, needed = ddl.lock_budget(connection), locks_each * schemata
    if ddl.locks_held(connection) + needed > budget:
        raise LockBudgetExceeded(
            f"This migration takes {locks_each} locks in each of {schemata} schemata, {needed} in "
            f"all; PostgreSQL's lock table has a budget of {budget}. Nothing was changed. Raise "
            "max_locks_per_transaction in postgresql.conf and restart the server, or split the "
            "migration."
        )
