"""Introspection that sees private tables, in the template, while no schema is active."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql.introspection import TableInfo

from boardinghouse import ddl
from boardinghouse.backends.postgres.parent import ParentIntrospection
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import get_active_schema_name, working_in
from boardinghouse.sharing import private_tables


class DatabaseIntrospection(ParentIntrospection):
    connection: Any

    # The stubs do not know PostgreSQL's kind of TableInfo.
    def get_table_list(self, cursor: Any) -> list[TableInfo]:  # type: ignore[override]
        """List the tables that can be seen, and with no schema active the template's too.

        So ``migrate --run-syncdb`` and ``--fake-initial`` know which private tables there are.
        """
        beyond = [TEMPLATE] if get_active_schema_name() is None else []
        cursor.execute(ddl.read_sql("visible_tables"), {"beyond": beyond})
        return [TableInfo(*row) for row in cursor.fetchall() if row[0] not in self.ignored_tables]

    def get_table_description(self, cursor: Any, table_name: str) -> list[Any]:
        with working_in(self._schema_to_look_in(table_name)):
            return super().get_table_description(cursor, table_name)

    def sequence_list(self) -> list[dict[str, Any]]:
        """List the sequences, and with no schema active those of shared tables only.

        Django names the table of a join that has none, and then resets what it takes for one.
        """
        hidden = private_tables() if get_active_schema_name() is None else {}
        return [each for each in super().sequence_list() if each["table"] not in hidden]

    def _schema_to_look_in(self, table: str) -> str | None:
        active = get_active_schema_name()
        if active is None and ddl.table_exists(self.connection, TEMPLATE, table):
            return TEMPLATE
        return active
