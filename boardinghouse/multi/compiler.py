"""The compiler that keeps a query over many schemata off the active one, and within its locks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from django.db.models import Model
from django.db.models.sql.constants import GET_ITERATOR_CHUNK_SIZE, MULTI

from boardinghouse.backends.postgres.parent import parent_compiler
from boardinghouse.exceptions import LockBudgetExceeded, NoActiveSchema
from boardinghouse.multi.errors import MultiSchemaError, refuse_combination
from boardinghouse.multi.locks import is_in_transaction
from boardinghouse.multi.reach import refuse_inner, refuse_private
from boardinghouse.multi.tables import UnionTable
from boardinghouse.schema import working_in
from boardinghouse.sharing import private_tables

if TYPE_CHECKING:
    from boardinghouse.multi.query import MultiSchemaQuery


class MultiSchemaCompiler(parent_compiler.SQLCompiler):
    """Compiles such a query; refuses what would read the active schema."""

    query: MultiSchemaQuery
    elide_empty: bool

    def as_sql(self, with_limits: bool = True, with_col_aliases: bool = False) -> Any:
        query = self.query
        if with_col_aliases and not query.subquery and not query.is_qualified:
            refuse_combination(query.model)
        room = query.measure_excess(self.connection)
        if room is not None:
            query.refuse_size(room, "It is a part of another statement, or gives one result")
        refuse_inner(query.model, query)
        return self._compile_with_none_active(with_limits, with_col_aliases)

    def _compile_with_none_active(self, *args: bool) -> Any:
        """Have our ordinary compiler refuse the joins that inner queries only now make."""
        try:
            with working_in(None):
                return super().as_sql(*args)
        except NoActiveSchema as error:
            raise MultiSchemaError(
                f"{self.query.model._meta.label}: a query inside this one, over many schemata, "
                "would read the active schema. Leave out its relations to private models."
            ) from error

    def get_from_clause(self) -> Any:
        refuse_private(self.query.model, self._joined())
        return super().get_from_clause()

    def _joined(self) -> Iterator[type[Model]]:
        private = private_tables()
        for alias, table in self.query.alias_map.items():
            is_own = isinstance(table, UnionTable) and alias == self.query.base_table
            if self.query.alias_refcount[alias] and not is_own and table.table_name in private:
                yield private[table.table_name]

    def get_qualify_sql(self) -> Any:
        self.query.is_qualified = True
        try:
            return super().get_qualify_sql()
        finally:
            self.query.is_qualified = False

    def collapse_group_by(self, expressions: Any, having: Any) -> Any:
        """Keep all: no primary key stands for its row."""
        return expressions

    def execute_sql(
        self,
        result_type: Any = MULTI,
        chunked_fetch: bool = False,
        chunk_size: int = GET_ITERATOR_CHUNK_SIZE,
    ) -> Any:
        parts = self.query.in_parts(self.connection) if result_type == MULTI else [self.query]
        self.query, *others = parts
        result: Any = super().execute_sql(result_type, chunked_fetch, chunk_size)
        if not others:
            return result
        rest = self._execute_others(others, chunked_fetch, chunk_size)
        return take(chain(result, rest), self.query.high_mark)

    def _execute_others(
        self, parts: list[MultiSchemaQuery], chunked_fetch: bool, chunk_size: int
    ) -> Iterator[Any]:
        for part in parts:
            if is_in_transaction(self.connection):
                raise LockBudgetExceeded(
                    f"{part.model._meta.label}: the rest of these schemata cannot be read within a "
                    "transaction, which would keep its locks. Read on outside atomic()."
                )
            compiler = part.get_compiler(self.using, self.connection, self.elide_empty)
            yield from compiler.execute_sql(MULTI, chunked_fetch, chunk_size)


def take(chunks: Iterable[Any], limit: int | None) -> Iterator[Any]:
    """Yield chunks of rows up to a number of rows; no further statement runs then."""
    for chunk in chunks:
        yield chunk if limit is None else chunk[:limit]
        if limit is not None:
            limit -= len(chunk)
            if limit <= 0:
                return
