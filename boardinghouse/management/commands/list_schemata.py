from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count
from django.template.defaultfilters import filesizeformat

from boardinghouse import ddl, journal
from boardinghouse.management.options import add_database_option, schemata_of
from boardinghouse.schema import working_in


class Command(BaseCommand):
    help = (
        "List the schemata: name, display name, state, how many users each has, its size and "
        "rows, and whether all migrations have run there."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="Print JSON.")
        add_database_option(parser)

    def handle(self, *, as_json: bool, database: str, **options: Any) -> None:
        with working_in(None):
            found = self.describe(database)
        if as_json:
            self.stdout.write(json.dumps(found, indent=2))
            return
        if not found:
            self.stdout.write("There are no schemata. Type `manage.py create_schema NAME`.")
        for line in self.in_columns(found):
            self.stdout.write(line)

    def describe(self, database: str) -> list[dict[str, Any]]:
        """Return what there is to know of each schema, in a fixed number of queries."""
        rows: Any = schemata_of(database).annotate(members=Count("users")).order_by("pk")
        connection: Any = connections[database]
        names = [row.schema for row in rows]
        sizes = self.find_sizes(connection, names)
        unapplied, behind = self.find_unapplied(connection), journal.schemata_behind(connection)
        return [
            {
                "schema": row.schema,
                "name": row.name,
                "is_active": row.is_active,
                "exists": row.schema in sizes,
                "users": row.members,
                "bytes": sizes.get(row.schema, (None, None))[0],
                "rows": sizes.get(row.schema, (None, None))[1],
                "pending": [
                    each
                    for each in unapplied
                    if row.schema in sizes and row.schema in behind.get(each, {row.schema})
                ],
            }
            for row in rows
        ]

    @staticmethod
    def find_sizes(connection: Any, names: list[str]) -> dict[str, tuple[int, int]]:
        """Return bytes and rows of those schemata that PostgreSQL has."""
        with connection.cursor() as cursor:
            cursor.execute(ddl.read_sql("sizes"), {"schemata": names})
            return {name: (size, rows) for name, size, rows in cursor.fetchall()}

    @staticmethod
    def find_unapplied(connection: Any) -> list[str]:
        """Return the migrations that are not recorded as applied, in order."""
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]

    def in_columns(self, found: list[dict[str, Any]]) -> list[str]:
        width = max((len(each["schema"]) for each in found), default=0)
        return [
            f"{each['schema']:{width}}  {self.state(each):8}  {each['users']:>5} users  "
            f"{self.size(each):>10}  {self.rows(each):>12}  {self.migrations(each):12}  "
            f"{each['name']}"
            for each in found
        ]

    @staticmethod
    def state(described: dict[str, Any]) -> str:
        if not described["exists"]:
            return "missing"
        return "active" if described["is_active"] else "inactive"

    @staticmethod
    def size(described: dict[str, Any]) -> str:
        if described["bytes"] is None:
            return "-"
        return filesizeformat(described["bytes"]).replace("\xa0", " ")

    @staticmethod
    def rows(described: dict[str, Any]) -> str:
        return "-" if described["rows"] is None else f"{described['rows']} rows"

    @staticmethod
    def migrations(described: dict[str, Any]) -> str:
        if not described["exists"]:
            return "-"
        behind = len(described["pending"])
        return f"{behind} to apply" if behind else "migrated"
