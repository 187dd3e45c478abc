from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from boardinghouse import ddl, fleet, journal, progress
from boardinghouse import shared_constraints as constraints
from boardinghouse.conf import conf
from boardinghouse.management.options import add_database_option, schemata_of
from boardinghouse.names import TEMPLATE
from boardinghouse.shared_constraints import Change
from boardinghouse.turns import Turn

#: So many schemata that failed are named.
NAMED = 20


class Command(BaseCommand):
    help = (
        "Make the template and every schema as BOARDINGHOUSE_SHARED_CONSTRAINTS says: drop the "
        "foreign keys of private tables to shared ones from PostgreSQL, or add those that are "
        "missing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would be done, and do nothing."
        )
        progress.add_json_option(parser)
        add_database_option(parser)

    connection: Any

    def handle(
        self, *, dry_run: bool, as_json: bool, database: str, verbosity: int, **options: Any
    ) -> None:
        schemata_of(database)
        self.connection = connections[database]
        self.shown = progress.show_on(self.stdout, verbosity=verbosity, as_json=as_json)
        if not ddl.schema_exists(self.connection, TEMPLATE):
            raise CommandError("There is no template schema yet. Type `manage.py migrate`.")
        turn = Turn(self.connection, self.shown)
        turn.take()
        try:
            if journal.is_there(self.connection):
                raise CommandError(
                    "A migration is unfinished. Type `manage.py migrate` first, then this again."
                )
            if dry_run:
                self.tell(self.find_all())
            else:
                self.change()
        finally:
            turn.end()

    def names(self) -> list[str]:
        return fleet.names_of_schemata(self.connection)

    # What is to be done

    def find_in_template(self) -> list[Change]:
        if conf.SHARED_CONSTRAINTS:
            return constraints.find_missing_in_template(self.connection)
        return constraints.find_unwanted(self.connection, [TEMPLATE])

    def find_in(self, names: list[str]) -> list[Change]:
        find = constraints.find_missing if conf.SHARED_CONSTRAINTS else constraints.find_unwanted
        return find(self.connection, names)

    def find_all(self) -> list[Change]:
        """Return the template's changes, then those of all schemata, which follow it."""
        in_template, names = self.find_in_template(), self.names()
        here = self.find_in(names)
        if conf.SHARED_CONSTRAINTS:
            here += [each._replace(schema=name) for name in names for each in in_template]
        return in_template + sorted(here, key=lambda change: names.index(change.schema))

    # Doing it

    def change(self) -> None:
        """Change the template first, so that new schemata are right, then all that are there."""
        failed = self.change_in(self.find_in_template())
        if failed:
            self.refuse(failed)
        changed = 0
        # Once more, for what was created in between.
        while changes := [each for each in self.find_in(self.names()) if each.schema not in failed]:
            changed += len(changes)
            failed |= self.change_in(changes)
        verb = "added" if conf.SHARED_CONSTRAINTS else "dropped"
        self.shown.say(f"{changed} constraints were {verb}.", **{verb: changed})
        if failed:
            self.refuse(failed)

    def change_in(self, changes: list[Change]) -> dict[str, str]:
        """Change schema by schema; return why it failed in which."""
        failed: dict[str, str] = {}
        if not changes:
            return failed
        verb = "Adding constraints" if conf.SHARED_CONSTRAINTS else "Dropping constraints"
        total = len({each.schema for each in changes})
        with self.shown.task(verb, total=total) as task:
            for outcome in constraints.change_each(self.connection, changes):
                task.advance()
                if outcome.reason is not None:
                    failed[outcome.schema] = outcome.reason
        return failed

    # Telling

    def tell(self, changes: list[Change]) -> None:
        for schema, name, statement in changes:
            self.shown.say(f"{schema}: {statement}", schema=schema, name=name, statement=statement)
        if not changes:
            self.shown.say("There is nothing to do.")

    def refuse(self, failed: dict[str, str]) -> None:
        told = "\n".join(f"{name}: {failed[name]}" for name in sorted(failed)[:NAMED])
        more = f"\nand {len(failed) - NAMED} more" if len(failed) > NAMED else ""
        advice = (
            "`manage.py check_schemata --orphans` finds the rows that are in the way."
            if conf.SHARED_CONSTRAINTS
            else "Type it again."
        )
        raise CommandError(f"{len(failed)} schemata were left as they are. {advice}\n{told}{more}")
