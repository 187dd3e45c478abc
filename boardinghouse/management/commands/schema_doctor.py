from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connections

from boardinghouse import doctor
from boardinghouse.doctor import Finding
from boardinghouse.management.options import add_database_option

STARTUP = "startup parameter"


class Command(BaseCommand):
    help = (
        "Prove that switching works through the real connection settings and pooler, and say what "
        "else should be known about the server. The exit status is 1 if there is a problem."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="Print JSON.")
        add_database_option(parser)

    def handle(self, *, as_json: bool, database: str, **options: Any) -> None:
        findings = self.examine(connections[database])
        verdict = doctor.verdict(findings)
        if as_json:
            found = [each._asdict() for each in findings]
            self.stdout.write(json.dumps({"verdict": verdict, "findings": found}, indent=2))
        else:
            self.tell(verdict, findings)
        if any(each.level == doctor.PROBLEM for each in findings):
            raise CommandError("This deployment is not fit for use until the problems are mended.")

    def examine(self, connection: Any) -> list[Finding]:
        try:
            return list(doctor.examine(connection))
        except OperationalError as error:
            hint = (
                " In pgbouncer.ini, set ignore_startup_parameters = options."
                if STARTUP in str(error)
                else ""
            )
            raise CommandError(f"No connection: {str(error).strip()}.{hint}") from error

    def tell(self, verdict: str, findings: list[Finding]) -> None:
        style = self.style.SUCCESS if verdict == doctor.SAFE else self.style.ERROR
        self.stdout.write(style(verdict))
        for each in findings:
            self.stdout.write(f"{each.level:8} {each.subject}: {each.text}")
            for line in each.facts.get("evidence", ())[1:]:
                self.stdout.write(f"{'':9}{line}")
