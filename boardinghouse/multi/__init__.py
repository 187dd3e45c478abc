"""Queries over many schemata at once: one ``UNION ALL`` under Django's ORM."""

from __future__ import annotations

from boardinghouse.multi.errors import MultiSchemaError
from boardinghouse.multi.querysets import MultiSchemaManager, MultiSchemaQuerySet
from boardinghouse.multi.tables import SchemaName

__all__ = ["MultiSchemaError", "MultiSchemaManager", "MultiSchemaQuerySet", "SchemaName"]
