"""Checks that look into a database: `manage.py migrate`, and `check --database ALIAS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.apps import apps
from django.core import checks
from django.core.checks import CheckMessage
from django.db import connections

from boardinghouse import citus, ddl, fleet, shared_constraints
from boardinghouse.conf import conf
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import working_in
from boardinghouse.sharing import is_shared_model, private_tables


def check_private_tables(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> Iterator[CheckMessage]:
    """Compare where the tables are with where the models say they are."""
    return look_into(databases, misplaced_tables)


def check_shared_constraints(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> Iterator[CheckMessage]:
    """Compare the template's constraints with the setting: `check --deploy --database ALIAS`."""
    return look_into(databases, other_constraints)


def check_citus(databases: Sequence[str] | None = None, **kwargs: Any) -> Iterator[CheckMessage]:
    """List what stands in the way of a cluster: `check --deploy --database ALIAS`."""
    return look_into(databases, obstacles)


def look_into(
    databases: Sequence[str] | None, find: Callable[[Any], Iterator[CheckMessage]]
) -> Iterator[CheckMessage]:
    """Yield what is found in those of the databases that have our engine, no schema active."""
    for alias in databases or ():
        connection: Any = connections[alias]
        if hasattr(connection, "apply_schema"):
            with working_in(None):
                yield from find(connection)


def misplaced_tables(connection: Any) -> Iterator[CheckMessage]:
    in_public, in_template = ddl.tables_in(connection, "public", TEMPLATE)
    private = set(private_tables())
    shared = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if is_shared_model(model)
    }
    left = sorted(private & in_public - in_template)
    if left and not in_template:
        yield checks.Warning(
            f"Private tables are in public, where no schema sees them as its own: "
            f"{', '.join(left)}.",
            hint="Move them, with their data, into a first schema: "
            "`manage.py adopt_public NAME --dry-run` shows how, without --dry-run it does.",
            id="boardinghouse.W007",
        )
    elif left:
        yield moved(left, "private", "public", "shared")
    if both := sorted(private & in_public & in_template):
        yield checks.Error(
            f"These private tables are in the schemata, and in public as well: {', '.join(both)}. "
            "Raw SQL with no schema active would read those in public.",
            hint="Save what they hold, then drop them: `DROP TABLE public.NAME`.",
            id="boardinghouse.E014",
        )
    if away := sorted(shared & in_template - in_public):
        yield moved(away, "shared", "the schemata", "private")


def moved(tables: list[str], now: str, place: str, before: str) -> CheckMessage:
    return checks.Error(
        f"These models are {now} now, but their tables are in {place}: {', '.join(tables)}.",
        hint=f"Nothing moves rows by itself. Make the models {before} again "
        "(BOARDINGHOUSE_SHARED_MODELS, BOARDINGHOUSE_PRIVATE_MODELS, SharedSchemaMixin), or copy "
        "the rows with a migration into a new model's table and delete the old model.",
        id="boardinghouse.E008",
    )


def obstacles(connection: Any) -> Iterator[CheckMessage]:
    if not connection.has_citus:
        return
    schemata = [TEMPLATE, *fleet.names_of_schemata(connection)]
    for refused in citus.find_refused(connection, schemata):
        yield checks.Error(
            f"{refused} Citus refuses that.",
            hint="Remove it with a migration: on a cluster such a schema cannot be created.",
            id="boardinghouse.E028",
        )
    local = [
        *citus.find_local_tables(connection, schemata),
        *citus.find_local_schemata(connection, schemata),
    ]
    if local:
        yield checks.Warning(
            f"With Citus these should not be on the coordinator alone: {', '.join(local)}.",
            hint="`manage.py distribute_shared` copies the tables to every node; with --schemata "
            "it places the schemata too.",
            id="boardinghouse.W029",
        )


def other_constraints(connection: Any) -> Iterator[CheckMessage]:
    if conf.SHARED_CONSTRAINTS:
        found, what = shared_constraints.find_missing_in_template(connection), "lacks"
    else:
        found, what = shared_constraints.find_unwanted(connection, [TEMPLATE]), "has"
    if found:
        yield checks.Warning(
            f"BOARDINGHOUSE_SHARED_CONSTRAINTS is {conf.SHARED_CONSTRAINTS}, and the template "
            f"{what} constraints to shared tables: {', '.join(each.name for each in found)}.",
            hint="`manage.py shared_constraints` makes the template and all schemata as the "
            "setting says.",
            id="boardinghouse.W018",
        )
