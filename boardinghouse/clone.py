"""Compiling a schema, from PostgreSQL's catalog, into the statements that make a copy of it.

The statements name no schema but the one that rows are copied from, so that they can be kept,
and run wherever the search path points.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

from boardinghouse import citus, ddl
from boardinghouse.exceptions import UncopiableObject
from boardinghouse.names import TEMPLATE, quote

if TYPE_CHECKING:
    from boardinghouse.backends.postgres.base import DatabaseWrapper

#: Objects that others may need, in the order in which they are made where nothing forbids it;
#: rows are copied before the first of the second half.
BEFORE_ROWS = (
    "collation",
    "search configuration",
    "type",
    "domain constraint",
    "routine",
    "table",
    "sequence",
    "default",
    "view",
)
AFTER_ROWS = ("constraint", "index", "materialised view")
KINDS = BEFORE_ROWS + AFTER_ROWS

#: What is added to them. Keys to shared tables come last: from then on until the transaction
#: ends, nobody else writes to those tables.
ATTACHMENTS = ("owned sequence", "attached table")
ADDITIONS = (
    "attached index",
    "key",
    "trigger",
    "rule",
    "policy",
    "statistics",
    "option",
    "ownership",
    "privilege",
    "comment",
    "shared key",
)


class Script(NamedTuple):
    """The statements that make a copy; of those in `copies`, the ones of tables with rows."""

    before: list[str]
    copies: dict[str, str]
    positions: list[str]
    after: list[str]

    def without_rows(self) -> list[str]:
        """Return the statements that copy the objects alone."""
        return [*self.before, *self.after]

    def with_rows_of(self, filled: Container[str]) -> list[str]:
        """Return the statements, those that copy rows for the filled tables only."""
        copies = [statement for table, statement in self.copies.items() if table in filled]
        return [*self.before, *copies, *self.positions, *self.after]

    def with_rows_at_once(self) -> list[str]:
        """Return the statements, with a single one for all rows.

        A statement sees one state of the database, whoever writes meanwhile.
        """
        copies = enumerate(self.copies.values())
        named = ", ".join(f"copy_{index} AS ({statement})" for index, statement in copies)
        at_once = [f"WITH {named} SELECT"] if named else []
        return [*self.before, *at_once, *self.positions, *self.after]

    def with_rows_in_turn(self, source: str) -> list[str]:
        """Return the statements, one for each table's rows, to which nobody writes meanwhile."""
        tables = ", ".join(f"{quote(source)}.{quote(table)}" for table in self.copies)
        lock = [f"LOCK TABLE {tables} IN SHARE MODE"] if tables else []
        return [*self.before, *lock, *self.copies.values(), *self.positions, *self.after]


#: Functions are made before what their bodies name; rather an error than a copy without the rows
#: that a policy hides; and values that are copied as text are exact. Afterwards all are as before.
SETTINGS = (
    "FROM (VALUES ('check_function_bodies', 'off'), ('row_security', 'off'), ('datestyle', 'ISO'),"
    " ('intervalstyle', 'postgres'), ('extra_float_digits', '3')) AS setting (name, value)"
)
SUSPEND = (
    "SELECT set_config('boardinghouse.' || name, current_setting(name), true),"
    f" set_config(name, value, true) {SETTINGS}"
)
RESUME = f"SELECT set_config(name, current_setting('boardinghouse.' || name), true) {SETTINGS}"

Key = tuple[str, int]
Row = tuple[Any, ...]

#: The template of each database, as it was last compiled, and the fingerprint it had then.
_kept: dict[tuple[object, ...], tuple[str, Script]] = {}


def copy_schema(connection: DatabaseWrapper, source: str, name: str) -> None:
    """Create a schema with all that another one has, its rows too, in the transaction that is open.

    The copy has the rows of one moment. Others may write to the source meanwhile; with Citus, that
    takes no statement that writes to several tables, they wait.
    """
    ddl.flush_recorded(connection)
    ddl.share_template(connection)
    script = compile_schema(connection, source)
    with_rows = (
        script.with_rows_in_turn(source) if connection.has_citus else script.with_rows_at_once()
    )
    ddl.create(connection, name, with_rows)


def compile_template(connection: DatabaseWrapper) -> list[str]:
    """Return the statements that make a copy of the template; none while there is no template.

    They are kept for as long as the template stays what it is, which one statement finds out;
    hold `ddl.share_template` for it to stay so until the copy is made.
    """
    ddl.flush_recorded(connection)
    if not ddl.schema_exists(connection, TEMPLATE):
        return []
    fingerprint, filled = take_fingerprint(connection, TEMPLATE)
    kept, script = _kept.get(database_of(connection), (None, None))
    if script is None or kept != fingerprint:
        script = compile_schema(connection, TEMPLATE)
        _kept[database_of(connection)] = fingerprint, script
    if connection.has_citus:
        return script.with_rows_of(citus.find_filled_tables(connection, TEMPLATE, script.copies))
    return script.with_rows_of(filled)


def forget_template(connection: DatabaseWrapper) -> None:
    """Compile the template anew the next time."""
    _kept.pop(database_of(connection), None)


def database_of(connection: DatabaseWrapper) -> tuple[object, ...]:
    """Return what tells a database from others."""
    return tuple(connection.settings_dict[each] for each in ("HOST", "PORT", "NAME"))


def take_fingerprint(connection: DatabaseWrapper, schema: str) -> tuple[str, list[str]]:
    """Return a text that differs once an object has changed, and the tables that have rows."""
    ((fingerprint, filled),) = ask(connection, "fingerprint", schema)
    return fingerprint, filled


def compile_schema(connection: DatabaseWrapper, schema: str) -> Script:
    """Return the script that makes a copy of a schema.

    Raises UncopiableObject for what it could not make.
    """
    with connection.alone_on_path(schema):
        refuse_uncopiable(connection, schema)
        found = ask(connection, "objects", schema)
        needed = ask(connection, "needs", schema)
        added = [
            row
            for each in ("additions", "privileges", "comments")
            for row in ask(connection, each, schema)
        ]
        data = ask(connection, "data", schema)
    positions = [statement for kind, _name, statement in data if kind == "position"]
    before, after = arrange(schema, found, needed)
    return Script(
        before=[SUSPEND, *before, *in_stages(added, ATTACHMENTS)],
        copies={name: statement for kind, name, statement in data if kind == "rows"},
        positions=[" UNION ALL ".join(positions)] if positions else [],
        after=[*after, *in_stages(added, ADDITIONS), RESUME],
    )


def refuse_uncopiable(connection: DatabaseWrapper, schema: str) -> None:
    """Raise UncopiableObject for what a copy would lack, by kind and name."""
    refuse_extensions(connection, schema)
    found = ask(connection, "uncopiable", schema)
    if found:
        named = ", ".join(f"{kind} {name!r}" for kind, name in found)
        raise UncopiableObject(
            f"Schema {schema!r} holds what a clone would lack: {named}. Keep such objects in "
            "public, or create them without a migration of a private app."
        )


def refuse_extensions(connection: DatabaseWrapper, schema: str) -> None:
    """Raise UncopiableObject if a schema holds an extension, all that came with it aside."""
    found = ask(connection, "extensions", schema)
    if found:
        named = ", ".join(f"extension {name!r}" for (name,) in found)
        move = " ".join(f"ALTER EXTENSION {quote(name)} SET SCHEMA public;" for (name,) in found)
        raise UncopiableObject(
            f"Schema {schema!r} holds what no other could have, as it belongs to the whole "
            f"database: {named}. In a migration, write "
            "boardinghouse.operations.Shared(RunSQL(...)) to create it in public, or Django's "
            f"CreateExtension. What is there already moves with `{move}` in `manage.py dbshell`."
        )


def arrange(schema: str, found: list[Row], needed: list[Row]) -> tuple[list[str], list[str]]:
    """Return the statements before the rows and those after, each behind what it needs."""
    objects = {(each[1], each[2]): each for each in found}
    needs: dict[Key, set[Key]] = {key: set() for key in objects}
    for one_class, one_id, other_class, other_id in needed:
        one, other = (one_class, one_id), (other_class, other_id)
        if one in objects and other in objects and one != other:
            needs[one].add(other)
    try:
        made = [objects[key] for key in in_order(objects, needs)]
    except CycleError as error:
        refuse_order(schema, [objects[key] for key in error.args[1][:-1]])
    before = list(takewhile(lambda each: each[0] in BEFORE_ROWS, made))
    after = made[len(before) :]
    refuse_order(schema, [each for each in after if each[0] == "table"])
    return [each[-1] for each in before], [each[-1] for each in after]


def in_order(objects: dict[Key, Row], needs: dict[Key, set[Key]]) -> Iterator[Key]:
    """Yield objects so that each comes after those that it needs, otherwise kind by kind."""
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    ready: list[tuple[int, int, Key]] = []
    while sorter.is_active():
        for key in sorter.get_ready():
            heappush(ready, (KINDS.index(objects[key][0]), key[1], key))
        *_rank, key = heappop(ready)
        yield key
        sorter.done(key)


def refuse_order(schema: str, objects: list[Row]) -> None:
    """Raise UncopiableObject for objects that cannot be made when they would have to be."""
    if objects:
        statements = "; ".join(each[-1] for each in objects)
        raise UncopiableObject(
            f"Schema {schema!r} holds objects that need each other, so that none can be made "
            f"first: {statements}"
        )


def in_stages(found: list[Row], stages: Iterable[str]) -> list[str]:
    """Return the statements of some stages, in their order."""
    return [
        statement
        for wanted in stages
        for stage, _place, statement in sorted(found)
        if stage == wanted
    ]


def ask(connection: DatabaseWrapper, question: str, schema: str) -> list[Row]:
    """Return the rows of a query in ``sql/clone/`` about a schema. One round trip."""
    query = ddl.read_sql("clone/members") + ddl.read_sql(f"clone/{question}")
    with connection.cursor() as cursor:
        cursor.execute(query, {"schema": quote(schema)})
        return list(cursor.fetchall())
