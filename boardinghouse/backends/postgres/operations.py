"""Database operations: our compilers, and a flush that knows of schemata."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from boardinghouse import ddl, fleet
from boardinghouse.backends.postgres.parent import ParentOperations
from boardinghouse.sharing import is_shared_table

if TYPE_CHECKING:
    from boardinghouse.backends.postgres.base import DatabaseWrapper


class DatabaseOperations(ParentOperations):
    connection: DatabaseWrapper
    compiler_module = "boardinghouse.backends.postgres.compiler"

    def sql_flush(
        self,
        style: Any,
        tables: Sequence[str],
        *,
        reset_sequences: bool = False,
        allow_cascade: bool = False,
    ) -> list[str]:
        """Empty the shared tables; private ones go with their schemata.

        With DELETE: TRUNCATE refuses a table that others refer to, even empty ones, and with
        CASCADE it would empty the template.
        """
        shared = [table for table in tables if is_shared_table(table) is not False]
        if not shared:
            return []
        return [
            "SET CONSTRAINTS ALL DEFERRED;",
            *(
                f"{style.SQL_KEYWORD('DELETE FROM')} {style.SQL_FIELD(self.quote_name(table))};"
                for table in shared
            ),
            *(self._restarts(style, shared) if reset_sequences else ()),
        ]

    def execute_sql_flush(self, sql_list: Iterable[str]) -> None:
        """Drop the schemata, in steps within the lock budget, then empty the shared tables."""
        for name in fleet.names_of_schemata(self.connection):
            ddl.drop(self.connection, name)
        super().execute_sql_flush(sql_list)

    def _restarts(self, style: Any, shared: list[str]) -> list[str]:
        sequences = [
            sequence
            for sequence in self.connection.introspection.sequence_list()
            if sequence["table"] in shared
        ]
        return self.sequence_reset_by_name_sql(style, sequences)
