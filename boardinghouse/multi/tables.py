"""The table that such a query reads: the same private table of many schemata, one below another."""

from __future__ import annotations

from typing import Any

from django.db.models import Expression, Model, TextField
from django.db.models.expressions import Col
from django.db.models.sql.datastructures import BaseTable

from boardinghouse.multi.errors import MultiSchemaError
from boardinghouse.names import quote


class SchemaColumn(TextField):  # type: ignore[type-arg]
    """The column that says which schema a row came from; no model has it."""

    column = "_schema"


class SchemaName(Expression):
    """The name of the schema that a row came from, in a query over many schemata.

    Every such query has it as ``schema`` already, or as ``_schema`` where the model has a
    ``schema`` of its own.
    """

    output_field = SchemaColumn()

    def resolve_expression(self, query: Any = None, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(getattr(query, "schemata", None), tuple):
            raise MultiSchemaError("SchemaName() stands in queries over many schemata only.")
        return Col(query.get_initial_alias(), self.output_field)


def schema_attribute(model: type[Model]) -> str:
    """Return what the name of a row's schema is called in queries and on instances."""
    return "_schema" if hasattr(model, "schema") else "schema"


class UnionTable(BaseTable):
    """A query's first table: ``UNION ALL`` of one table in each of the query's schemata.

    Names sort byte by byte, as Python sorts them, whatever the database's collation is.
    """

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        query = compiler.query
        if self.table_name != query.get_meta().db_table:
            return super().as_sql(compiler, connection)  # an inner query that begins elsewhere
        schemata = query.require_schemata()
        columns = ", ".join(map(quote, columns_of(query.model)))
        union = " UNION ALL ".join(
            f'SELECT %s::text COLLATE "C" AS {quote(SchemaColumn.column)}, {columns}'
            f" FROM {quote(schema)}.{quote(self.table_name)}"
            for schema in schemata
        )
        return f"({union}) {quote_alias(compiler, str(self.table_alias))}", list(schemata)


def columns_of(model: type[Model]) -> list[str]:
    concrete = model._meta.concrete_model or model
    return [str(field.column) for field in concrete._meta.local_concrete_fields]


def quote_alias(compiler: Any, alias: str) -> str:
    """Quote an alias as the compiler does where it refers to it: not always, before Django 6.1."""
    if hasattr(compiler, "quote_name"):
        return str(compiler.quote_name(alias))
    return str(compiler.quote_name_unless_alias(alias))
