from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connections
from django.db.models import Count

from boardinghouse import ddl
from boardinghouse.management.options import add_database_option, schemata_of


class Command(BaseCommand):
    help = "List the schemata: name, display name, state, and how many users each has."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="Print JSON.")
        add_database_option(parser)

    def handle(self, *, as_json: bool, database: str, **options: Any) -> None:
        found = self.describe(database)
        if as_json:
            self.stdout.write(json.dumps(found, indent=2))
            return
        if not found:
            self.stdout.write("There are no schemata. Type `manage.py create_schema NAME`.")
        for line in self.in_columns(found):
            self.stdout.write(line)

    def describe(self, database: str) -> list[dict[str, Any]]:
        rows: Any = schemata_of(database).annotate(members=Count("users")).order_by("pk")
        connection: Any = connections[database]
        there = ddl.existing_schemata(connection, [row.schema for row in rows])
        return [
            {
                "schema": row.schema,
                "name": row.name,
                "is_active": row.is_active,
                "exists": row.schema in there,
                "users": row.members,
            }
            for row in rows
        ]

    def in_columns(self, found: list[dict[str, Any]]) -> list[str]:
        width = max((len(each["schema"]) for each in found), default=0)
        return [
            f"{each['schema']:{width}}  {self.state(each):8}  {each['users']:>5} users  "
            f"{each['name']}"
            for each in found
        ]

    @staticmethod
    def state(described: dict[str, Any]) -> str:
        if not described["exists"]:
            return "missing"
        return "active" if described["is_active"] else "inactive"
