"""Log records that say in which schema they were made."""

from __future__ import annotations

import logging

from boardinghouse.schema import get_active_schema_name


class SchemaFilter(logging.Filter):
    """Put the active schema's name on each record as `schema`; "-" where none is active."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.schema = get_active_schema_name() or "-"
        return True
