"""Statements that know their table.

No SQL is parsed for it: Django's ``sql_*`` templates are filled in by ``%``, and ours remember
the table that they were given.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.ddl_references import Statement as Parts
from django.db.backends.utils import strip_quotes


class Statement(str):
    """SQL that knows its table."""

    table: str | None = None

    def __add__(self, other: str) -> Statement:
        return of_table(str.__add__(self, other), self.table)


class Template(str):
    """An SQL template of Django's whose result knows its table."""

    def __mod__(self, parts: Any) -> Statement:
        table = (parts.get("table") or parts.get("old_table")) if isinstance(parts, dict) else None
        return of_table(str.__mod__(self, parts), strip_quotes(str(table)) if table else None)


def of_table(sql: str, table: str | None) -> Statement:
    """Return a statement that knows its table."""
    statement = Statement(sql)
    statement.table = table
    return statement


def templates_of(editor: type) -> dict[str, Template]:
    """Return an editor class's ``sql_*`` templates as ours."""
    return {
        name: Template(value)
        for name in dir(editor)
        if name.startswith("sql_") and isinstance(value := getattr(editor, name), str)
    }


def table_of(sql: object) -> str | None:
    """Return the table that a statement knows, ours or one of Django's that is not text yet."""
    known = sql.parts.get("table") if isinstance(sql, Parts) else getattr(sql, "table", None)
    return strip_quotes(str(known)) if known else None
