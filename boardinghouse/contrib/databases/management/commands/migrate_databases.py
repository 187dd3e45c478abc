from __future__ import annotations

import argparse
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from boardinghouse.contrib.databases.active import known_alias
from boardinghouse.contrib.databases.hosts import databases_in_use
from boardinghouse.contrib.databases.migrating import Outcome, migrate_all


class Command(BaseCommand):
    requires_system_checks = []  # `migrate` itself runs them
    help = (
        "Migrate every customer's database, with all its schemata. Where one fails the others go "
        "on; then the exit status is not zero."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--database",
            action="append",
            dest="databases",
            metavar="ALIAS",
            help="A database to migrate; can be given several times. Default: those that "
            "BOARDINGHOUSE_DATABASE_HOSTS names.",
        )
        parser.add_argument(
            "--parallel",
            nargs="?",
            type=positive,
            default=0,
            const=os.cpu_count() or 1,
            metavar="N",
            help="Migrate N databases at once, each in a process of its own. Default: one after "
            "the other; N is the number of processors unless told.",
        )

    def handle(
        self, *, databases: list[str] | None, parallel: int, verbosity: int, **options: Any
    ) -> None:
        aliases = [known_alias(each) for each in dict.fromkeys(databases or databases_in_use())]
        if not aliases:
            raise CommandError(
                "BOARDINGHOUSE_DATABASE_HOSTS names no database. Name one, or type "
                "`manage.py migrate_databases --database ALIAS`."
            )
        outcomes = []
        for outcome in migrate_all(aliases, verbosity=verbosity, processes=parallel):
            outcomes.append(outcome)
            self.tell(outcome, verbosity)
        self.summarise(outcomes)

    def tell(self, outcome: Outcome, verbosity: int) -> None:
        if verbosity:
            self.stdout.write(self.style.MIGRATE_HEADING(f"Database {outcome.alias!r}:"))
            self.stdout.write(outcome.output, ending="")
        if outcome.error:
            self.stderr.write(outcome.error)

    def summarise(self, outcomes: list[Outcome]) -> None:
        width = max(len(each.alias) for each in outcomes)
        self.stdout.write(self.style.MIGRATE_HEADING("Summary:"))
        for each in sorted(outcomes):
            state = self.style.ERROR("FAILED") if each.error else self.style.SUCCESS("migrated")
            self.stdout.write(f"  {each.alias:{width}}  {state}")
        failed = sorted(each.alias for each in outcomes if each.error)
        if failed:
            again = " ".join(f"--database {alias}" for alias in failed)
            raise CommandError(
                f"{len(failed)} of {len(outcomes)} databases failed: {', '.join(failed)}. See "
                f"above why; then type `manage.py migrate_databases {again}`."
            )


def positive(value: str) -> int:
    number = int(value)
    if number < 1:
        raise argparse.ArgumentTypeError("N is 1 or more.")
    return number
