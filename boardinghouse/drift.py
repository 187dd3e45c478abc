"""How schemata differ from the template: a fixed number of queries for any fleet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from boardinghouse.ddl import read_sql
from boardinghouse.names import SPARE, TEMPLATE

if TYPE_CHECKING:
    from boardinghouse.backends.postgres.base import DatabaseWrapper

#: What is asked of every schema: the files in ``sql/drift``.
QUESTIONS = (
    "schemata",
    "relations",
    "columns",
    "constraints",
    "indexes",
    "sequences",
    "triggers",
    "routines",
    "types",
    "others",
)
#: Columns of the catalog that are asked for, and the version of PostgreSQL that has them first.
NEWER = {
    "i.indnullsnotdistinct": 150000,
    "k.confdelsetcols": 150000,
    "k.conenforced": 180000,
    "k.conperiod": 180000,
}
#: The aspects that every object has: one without them is not there.
EXISTENCE = ("definition", "type")
RELATIONS = ("table", "view", "materialized view", "foreign table", "composite type")


class Difference(NamedTuple):
    """That an object in a schema is not what it is in the template.

    `wanted` is what the template says of an aspect of it, `found` what the schema says; None
    where there is nothing to say. `table` is the one it belongs to, if it does.
    """

    schema: str
    kind: str
    name: str
    table: str | None
    aspect: str
    wanted: str | None
    found: str | None

    @property
    def problem(self) -> str:
        """What is wrong with the object: it is missing, extra, or different."""
        if self.aspect in EXISTENCE and self.found is None:
            return "missing"
        if self.aspect in EXISTENCE and self.wanted is None:
            return "extra"
        return "different"

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self._describe_problem()}"

    def _describe_problem(self) -> str:
        if self.problem == "missing":
            return "is missing"
        if self.problem == "extra":
            return "is not in the template"
        found, wanted = self.found or "none", self.wanted or "none"
        return f"differs in its {self.aspect}: {found}; in the template: {wanted}"


def find_differences(
    connection: DatabaseWrapper,
    names: Collection[str],
    note_answer: Callable[[], object] = lambda: None,
) -> list[Difference]:
    """Return how the schemata of these names differ from the template, in order.

    A round trip, and one for the path, for each of QUESTIONS; `note_answer` is called after
    each. They are asked once more about the schemata that differ, so that one that is being
    created, dropped or migrated meanwhile is not taken for one that has drifted.
    """
    found = _ask_all(connection, names, note_answer)
    if found:
        again = set(_ask_all(connection, {each.schema for each in found}))
        found = [each for each in found if each in again]
    return list(_without_consequences(found))


def find_unregistered(connection: DatabaseWrapper, known: Collection[str]) -> list[str]:
    """Return the spares, and the schemata that look like ours but are not among the known.

    One round trip.
    """
    params = {"template": TEMPLATE, "spare": SPARE}
    with connection.cursor() as cursor:
        cursor.execute(read_sql("drift/unregistered"), params)
        return sorted({name for (name,) in cursor.fetchall()}.difference(known))


def is_spare(name: str) -> bool:
    """Tell whether a schema of this name is kept in reserve."""
    return name.startswith(SPARE)


def _ask_all(
    connection: DatabaseWrapper,
    names: Collection[str],
    note_answer: Callable[[], object] = lambda: None,
) -> list[Difference]:
    params = {"schemata": sorted(names), "template": TEMPLATE}
    found: list[Difference] = []
    with connection.alone_on_path("pg_catalog"):
        for question in QUESTIONS:
            found += _ask(connection, question, params)
            note_answer()
    return sorted(found, key=_place)


def _ask(connection: DatabaseWrapper, question: str, params: dict[str, Any]) -> list[Difference]:
    text = read_sql(f"drift/{question}")
    for column, version in NEWER.items():
        if connection.pg_version < version:
            text = text.replace(column, "NULL")
    with connection.cursor() as cursor:
        cursor.execute(read_sql("drift/compare").replace("{question}", text), params)
        return [Difference(*row) for row in cursor.fetchall()]


def _place(each: Difference) -> tuple[object, ...]:
    """Put what belongs to a table behind the table."""
    return each.schema, each.table or each.name, bool(each.table), each.kind, each.name, each.aspect


def _without_consequences(found: list[Difference]) -> Iterator[Difference]:
    """Leave out what only follows from a whole object that is missing, or is too much."""
    whole = [each for each in found if each.problem != "different"]
    objects = {(each.schema, each.kind, each.name): each for each in whole}
    tables = {(each.schema, each.name) for each in whole if each.kind in RELATIONS}
    for each in found:
        if (each.schema, each.table) in tables:
            continue
        if objects.get((each.schema, each.kind, each.name), each) is each:
            yield each
