"""System checks of schemata in the path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage
from django.db import connections
from django.urls import get_resolver

from boardinghouse import ddl
from boardinghouse.checks import AUTHENTICATION, MIDDLEWARE, index_of
from boardinghouse.contrib.prefix.places import files_segments, parent_path
from boardinghouse.contrib.prefix.segments import (
    first_segments,
    has_expressions,
    is_first_segment,
)
from boardinghouse.fleet import registry_table
from boardinghouse.management.options import default_database
from boardinghouse.schema import get_schema_model, working_in
from boardinghouse.stamps import has_schemata

PREFIX = "boardinghouse.contrib.prefix.SchemaPrefixMiddleware"
LOCALE = "django.middleware.locale.LocaleMiddleware"


def register_all() -> None:
    checks.register(check_order_of_middleware, "boardinghouse")
    checks.register(check_locale_middleware, "boardinghouse")
    checks.register(check_names, checks.Tags.database)


def check_order_of_middleware(**kwargs: Any) -> Iterator[CheckMessage]:
    authentication, ours, schema = (index_of(each) for each in (AUTHENTICATION, PREFIX, MIDDLEWARE))
    if ours is None:
        yield checks.Error(
            "SchemaPrefixMiddleware is not in MIDDLEWARE: no path would ever choose a schema.",
            hint=f"Add {PREFIX!r} to MIDDLEWARE, right before {MIDDLEWARE!r}.",
            id="boardinghouse.E030",
        )
    elif authentication is None or not authentication < ours < (schema or 0):
        yield checks.Error(
            "SchemaPrefixMiddleware does not stand between the authentication's middleware and "
            "SchemaMiddleware.",
            hint=f"In MIDDLEWARE: {AUTHENTICATION!r}, then {PREFIX!r}, then {MIDDLEWARE!r}.",
            id="boardinghouse.E031",
        )


def check_locale_middleware(**kwargs: Any) -> Iterator[CheckMessage]:
    locale, ours = index_of(LOCALE), index_of(PREFIX)
    if locale is not None and ours is not None and locale < ours:
        yield checks.Warning(
            "LocaleMiddleware stands before SchemaPrefixMiddleware: below a schema's prefix it "
            "does not find the language in the path.",
            hint=f"Move {LOCALE!r} in MIDDLEWARE to the place right after {PREFIX!r}.",
            id="boardinghouse.W032",
        )


def check_names(databases: Sequence[str] | None = None, **kwargs: Any) -> Iterator[CheckMessage]:
    """Find the schemata that no path reaches, as the site's own URLs begin with their names."""
    if databases and not parent_path():
        chosen = default_database()  # None where each host has its own
        for alias in databases:
            if chosen in (alias, None) and is_migrated(alias):
                yield from find_taken_names(alias)


def is_migrated(alias: str) -> bool:
    """Tell whether a database has the table of schemata; `migrate` looks before it makes it."""
    connection: Any = connections[alias]
    return has_schemata(alias) and ddl.table_exists(connection, "public", registry_table())


def find_taken_names(alias: str) -> Iterator[CheckMessage]:
    with working_in(None):
        for name in taken_names(alias):
            yield checks.Warning(
                f"The schema {name!r} is named like the site's own address /{name}/, which goes "
                "before it: no path chooses the schema.",
                hint="Set BOARDINGHOUSE_PREFIX_PARENT, so that schemata have a path of their own "
                "(/schools/NAME/), or give the site's page another address.",
                id="boardinghouse.W033",
            )


def taken_names(alias: str) -> Iterator[str]:
    """Yield the schemata whose names the site takes; all are asked for only if need be."""
    resolver, taken = get_resolver(), first_segments() | files_segments()
    schemata = get_schema_model()._default_manager.using(alias).order_by("pk")
    if not has_expressions(resolver):
        schemata = schemata.filter(pk__in=taken)
    for name in schemata.values_list("pk", flat=True):
        if name in taken or is_first_segment(resolver, name):
            yield name
