"""Taking one schema out of a database, into a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core import serializers
from django.core.management.base import CommandError
from django.db import DatabaseError, transaction
from django.db.migrations.recorder import MigrationRecorder

from boardinghouse import __version__, clone, ddl
from boardinghouse.moving.archive import Writer, writing
from boardinghouse.moving.history import refuse_unfinished
from boardinghouse.moving.identity import (
    Link,
    Target,
    find_links,
    key_of,
    keys_of,
    keys_of_relations,
    target_of_model,
)
from boardinghouse.names import quote
from boardinghouse.progress import Progress
from boardinghouse.schema import working_in

BEGIN_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


def dump(connection: Any, schema: Any, path: Path, progress: Progress) -> dict[str, int]:
    """Write a schema into a file; return how many rows of each table, all as of one moment.

    Raises CommandError for a row that refers to a shared one that is not there, for a key to a
    shared table that no model knows of, for what the database refuses, and while a migration is
    unfinished.
    """
    try:
        with working_in(None), snapshot(connection, schema.schema), writing(path) as writer:
            describe(connection, schema, writer)
            return write_rows(connection, schema.schema, writer, progress)
    except DatabaseError as error:
        raise CommandError(f"Nothing was written: {str(error).strip()}") from error


def describe(connection: Any, schema: Any, writer: Writer) -> None:
    """Put into the manifest all but how many rows there are."""
    refuse_unfinished(connection)
    columns = columns_of(connection, schema.schema)
    links = links_of(connection, schema.schema)
    refuse_unknown_keys(connection, schema.schema, links)
    script = clone.compile_schema(connection, schema.schema)
    writer.manifest |= {
        "boardinghouse": __version__,
        **describe_row(schema, connection.alias),
        "migrations": applied_migrations(connection),
        "columns": columns,
        "before": script.before,
        "after": script.after,
        "sequences": positions_of(connection, schema.schema),
        "links": describe_links(links),
        "shared": describe_shared(connection, schema.schema, links),
    }


@contextmanager
def snapshot(connection: Any, schema: str) -> Iterator[None]:
    """See one state of the database in a block, unless a transaction has begun before.

    With the settings that a clone is made with: a row that a policy hides is an error.
    """
    is_outermost = not connection.in_atomic_block
    (tables,) = ddl.tables_in(connection, schema)
    connection.apply_schema()  # a transaction's isolation is said before its first query
    begin = [BEGIN_SNAPSHOT] if is_outermost else []
    with transaction.atomic(using=connection.alias):
        # A question in between would choose the state.
        ddl.run_together(connection, [*begin, *locks_on(schema, tables), clone.SUSPEND])
        yield
        ddl.run_together(connection, [clone.RESUME])


def locks_on(schema: str, tables: Iterable[str]) -> list[str]:
    """Return what locks tables, before the state is chosen that is seen; none for no tables.

    Those that are rewritten later would look empty:
    https://www.postgresql.org/docs/current/mvcc-caveats.html
    """
    named = ", ".join(f"{quote(schema)}.{quote(table)}" for table in sorted(tables))
    return [f"LOCK TABLE {named} IN ACCESS SHARE MODE"] if named else []


def columns_of(connection: Any, schema: str) -> dict[str, list[list[str]]]:
    """Return the columns of a schema's tables: {table: [[column, type]]}. Two round trips."""
    found: defaultdict[str, list[list[str]]] = defaultdict(list)
    with connection.alone_on_path(schema), connection.cursor() as cursor:
        cursor.execute(ddl.read_sql("moving/columns"), {"schema": quote(schema)})
        for table, column, kind in cursor.fetchall():
            found[table].append([column, kind])
    return dict(found)


def applied_migrations(connection: Any) -> list[list[str]]:
    return sorted(map(list, MigrationRecorder(connection).applied_migrations()))


def describe_row(schema: Any, using: str) -> dict[str, Any]:
    """Return what the manifest says of the schema's row; what it refers to by natural key."""
    relations = keys_of_relations(schema, using)
    plain = [each.name for each in schema._meta.concrete_fields if each.name not in relations]
    (row,) = serializers.serialize("python", [schema], fields=plain)
    return {
        "schema": schema.schema,
        "row": row["fields"],
        "relations": relations,
        "members": [key_of(user) for user in schema.users.using(using).all()],
    }


def links_of(connection: Any, schema: str) -> list[Link]:
    """Return the columns of a schema's tables that refer to shared rows. One round trip.

    Those of a model's table are also those of the tables that inherit from it, and of partitions.
    """
    heirs: defaultdict[str, list[str]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(ddl.read_sql("moving/heirs"), {"schema": quote(schema)})
        for table, heir in cursor.fetchall():
            heirs[table].append(heir)
    found = [link._replace(table=heir) for link in find_links() for heir in heirs[link.table]]
    return list(dict.fromkeys(found))


def refuse_unknown_keys(connection: Any, schema: str, links: list[Link]) -> None:
    known = {(link.table, link.column) for link in links}
    with connection.cursor() as cursor:
        cursor.execute(ddl.read_sql("moving/keys_to_public"), {"schema": quote(schema)})
        unknown = [row for row in cursor.fetchall() if row[:2] not in known]
    if unknown:
        named = ", ".join(f"{table}.{column} to {shared}" for table, column, shared in unknown)
        raise CommandError(
            f"Schema {schema!r} has keys to shared tables that no model knows of: {named}. The "
            "rows could not be found again in another database. Give them a ForeignKey."
        )


def positions_of(connection: Any, schema: str) -> dict[str, list[Any]]:
    """Return where a schema's sequences are: {name: [last value, whether it was used]}."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = %s::regnamespace"
            " ORDER BY relname",
            [quote(schema)],
        )
        names = [name for (name,) in cursor.fetchall()]
        if not names:
            return {}
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT %s, last_value, is_called FROM {quote(schema)}.{quote(name)}"
                for name in names
            ),
            names,
        )
        return {name: [value, is_called] for name, value, is_called in cursor.fetchall()}


def describe_links(links: Iterable[Link]) -> list[list[str | None]]:
    return [
        [link.table, link.column, link.target and link.target.label, link.kind] for link in links
    ]


def describe_shared(connection: Any, schema: str, links: Iterable[Link]) -> dict[str, Any]:
    """Return the natural keys of the shared rows: {target: {value: key}}."""
    wanted: defaultdict[Target, set[str]] = defaultdict(set)
    for link in links:
        for target, values in values_of(connection, schema, link):
            wanted[target] |= values
    shared: dict[str, Any] = {}
    for target, values in wanted.items():
        if values:
            shared[target.label] = keys_of(target, connection.alias, sorted(values))
            refuse_dangling(schema, target, values - shared[target.label].keys())
    return shared


def values_of(connection: Any, schema: str, link: Link) -> list[tuple[Target, set[str]]]:
    """Return what a column refers to."""
    table, column = f"{quote(schema)}.{quote(link.table)}", quote(link.column)
    with connection.cursor() as cursor:
        if link.target is not None:
            cursor.execute(
                f"SELECT DISTINCT {column}::text FROM ONLY {table} WHERE {column} IS NOT NULL"
            )
            return [(link.target, {value for (value,) in cursor.fetchall()})]
        kind_column = quote(str(link.kind))
        cursor.execute(f"SELECT DISTINCT {kind_column}, {column}::text FROM ONLY {table}")
        found: defaultdict[Target, set[str]] = defaultdict(set)
        pairs = cursor.fetchall()
    for kind, value in pairs:
        target = target_of_kind(connection.alias, kind)
        if target is not None and value is not None:
            found[target].add(value)
    return list(found.items())


def target_of_kind(using: str, kind: Any) -> Target | None:
    """Return what a content type's generic keys refer to, if that is shared.

    None for no type, and for one that is not there: that is refused as what its own key refers to.
    """
    kinds: Any = apps.get_model("contenttypes.ContentType")
    try:
        model = kinds.objects.db_manager(using).get_for_id(kind).model_class()
    except kinds.DoesNotExist:
        return None
    return None if model is None else target_of_model(model)


def refuse_dangling(schema: str, target: Target, values: set[str]) -> None:
    if values:
        named = ", ".join(sorted(values)[:10])
        raise CommandError(
            f"Schema {schema!r} has rows that refer to rows of {target.model._meta.label} that are "
            f"not there: {target.name} {named}. Delete or mend them, then dump again."
        )


def write_rows(connection: Any, schema: str, writer: Writer, progress: Progress) -> dict[str, int]:
    columns = writer.manifest["columns"]
    counts = {}
    with progress.task("Dumping", len(columns), unit="tables") as task:
        for table, described in columns.items():
            names = ", ".join(quote(name) for name, _kind in described)
            source = f"{quote(schema)}.{quote(table)}"
            with (
                # Names in rows, such as a regclass's, are then bare if they are the schema's own.
                connection.alone_on_path(schema),
                connection.cursor() as cursor,
                writer.open_rows(table) as file,
                cursor.copy(f"COPY (SELECT {names} FROM ONLY {source}) TO STDOUT") as copy,
            ):
                counts[table] = 0
                for data in copy:
                    counts[table] += bytes(data).count(b"\n")
                    file.write(data)
            task.advance()
    writer.manifest["rows"] = counts
    return counts
