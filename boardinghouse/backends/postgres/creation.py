"""The test database: serialised and restored with the template's rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boardinghouse import ddl
from boardinghouse.backends.postgres.parent import ParentCreation
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import working_in

if TYPE_CHECKING:
    from boardinghouse.backends.postgres.base import DatabaseWrapper


class DatabaseCreation(ParentCreation):
    connection: DatabaseWrapper

    def serialize_db_to_string(self) -> str:
        """Serialise the shared rows, and for the private models the template's."""
        with self._in_template():
            return super().serialize_db_to_string()

    def deserialize_db_from_string(self, data: str) -> None:
        with self._in_template():
            super().deserialize_db_from_string(data)

    def _in_template(self) -> working_in:
        with working_in(None):
            has_template = ddl.schema_exists(self.connection, TEMPLATE)
        return working_in(TEMPLATE if has_template else None)
