from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from boardinghouse import ddl, drift, journal, removal, shared_constraints
from boardinghouse.drift import Difference
from boardinghouse.management.options import add_database_option, refuse_unknown, schemata_of
from boardinghouse.names import TEMPLATE
from boardinghouse.progress import show_on
from boardinghouse.removal import Remains
from boardinghouse.repair import repair
from boardinghouse.shared_constraints import Orphans
from boardinghouse.turns import Turn

REPAIRABLE = "`manage.py check_schemata --repair` puts back what is safe."
UNFINISHED = (
    "A migration is unfinished, and some have yet to do it. Type `manage.py migrate` first."
)
LEFT = "What was left needs a person: change the schema by hand, and check it again."
#: For more schemata, or more repairs, progress is shown.
MANY = 200


class Fleet(NamedTuple):
    """What is to be compared, and what cannot be."""

    names: list[str]
    missing: list[str]
    orphans: list[str]
    remains: list[Remains]

    @property
    def is_complete(self) -> bool:
        """Whether every row has a schema, and every schema a row."""
        return not (self.missing or self.orphans or self.remains)


class Finding(NamedTuple):
    """A difference, and what became of it if it was to be repaired."""

    difference: Difference
    is_repaired: bool = False
    reason: str | None = None

    def __str__(self) -> str:
        fate = f" ({self.reason})" if self.reason else ""
        return f"{self.difference.schema}: {self.difference}{fate}" + (
            ": repaired" if self.is_repaired else ""
        )

    def as_data(self) -> dict[str, Any]:
        return {
            **self.difference._asdict(),
            "problem": self.difference.problem,
            "repaired": self.is_repaired,
            "reason": self.reason,
        }


class Command(BaseCommand):
    help = (
        "Compare the schemata with the template and name each difference. The exit status is 1 "
        "while there are any."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "names", nargs="*", metavar="NAME", help="The schemata to check. Default: all."
        )
        parser.add_argument(
            "--repair",
            action="store_true",
            help="Put back missing indexes, constraints, and columns with a default.",
        )
        parser.add_argument(
            "--orphans",
            action="store_true",
            help="Also look for rows that refer to shared rows that are not there; see "
            "BOARDINGHOUSE_SHARED_CONSTRAINTS.",
        )
        parser.add_argument("--json", action="store_true", dest="as_json", help="Print JSON.")
        add_database_option(parser)

    connection: Any

    def handle(
        self,
        *,
        names: list[str],
        repair: bool,
        orphans: bool,
        as_json: bool,
        database: str,
        verbosity: int,
        **options: Any,
    ) -> None:
        self.connection = connections[database]
        self.verbosity = 0 if as_json else verbosity
        turn = Turn(self.connection, show_on(self.stdout, verbosity=self.verbosity))
        try:
            if repair:
                self.take(turn)
            fleet = self.look_round(names, database)
            found = [Finding(each) for each in self.compare(fleet.names)]
            if repair:
                found = self.repair([each.difference for each in found])
        finally:
            turn.end()
        lost = self.find_orphans(fleet.names) if orphans else None
        if as_json:
            self.stdout.write(json.dumps(self.as_data(fleet, found, lost), indent=2))
        else:
            for line in self.lines(fleet, found, lost):
                self.stdout.write(line)
        self.refuse(fleet, [each for each in found if not each.is_repaired], lost, repair)

    def take(self, turn: Turn) -> None:
        """Let nobody migrate meanwhile; refuse what would do a migration's work by halves."""
        turn.take()
        if journal.is_there(self.connection):
            raise CommandError(f"Nothing was repaired. {UNFINISHED}")

    # Looking

    def look_round(self, names: list[str], database: str) -> Fleet:
        """Find out which schemata there are."""
        registered = list(schemata_of(database).order_by("pk").values_list("pk", flat=True))
        if not ddl.schema_exists(self.connection, TEMPLATE):
            raise CommandError(
                "There is no template schema to compare with. Type `manage.py migrate`."
            )
        unregistered = drift.find_unregistered(self.connection, registered)
        spares = [name for name in unregistered if drift.is_spare(name)]
        remains = removal.unfinished(self.connection)
        known = {*spares, *(each.schema for each in remains)}
        if names:
            refuse_unknown([name for name in names if name not in spares], database)
        wanted = names or [*registered, *spares]
        there = ddl.existing_schemata(self.connection, wanted)
        return Fleet(
            names=[name for name in wanted if name in there],
            missing=[name for name in wanted if name not in there],
            orphans=[] if names else [name for name in unregistered if name not in known],
            remains=[] if names else remains,
        )

    def compare(self, names: Collection[str]) -> list[Difference]:
        progress = show_on(self.stdout, verbosity=self.verbosity * (len(names) > MANY))
        what, steps = f"Comparing {len(names)} schemata", len(drift.QUESTIONS)
        with progress.task(what, total=steps, unit="questions") as task:
            return drift.find_differences(self.connection, names, task.advance)

    def repair(self, found: list[Difference]) -> list[Finding]:
        """Repair what can be; compare again, and return what became of each difference."""
        progress = show_on(self.stdout, verbosity=self.verbosity * (len(found) > MANY))
        reasons: dict[Difference, str | None] = {}
        with progress.task("Repairing", total=len(found), unit="differences") as task:
            for difference, reason in repair(self.connection, found):
                reasons[difference] = reason
                task.advance()
        left = self.compare({each.schema for each in found})
        return [Finding(each, is_repaired=True) for each in found if each not in left] + [
            Finding(each, reason=reasons.get(each)) for each in left
        ]

    def find_orphans(self, names: Collection[str]) -> list[Orphans]:
        progress = show_on(self.stdout, verbosity=self.verbosity * (len(names) > MANY))
        total = len(shared_constraints.find_keys())
        with progress.task("Looking for orphans", total=total, unit="keys") as task:
            found = shared_constraints.find_orphans(self.connection, names, task.advance)
            return sorted(found)

    # Telling

    def lines(
        self, fleet: Fleet, found: list[Finding], lost: list[Orphans] | None
    ) -> Iterator[str]:
        for name in fleet.missing:
            yield f"{name}: has a row, but PostgreSQL has no such schema"
        for name in fleet.orphans:
            yield f"{name}: is in PostgreSQL, but has no row"
        for each in fleet.remains:
            yield f"{each.schema}: is what an interrupted drop has left of {each.name!r}"
        yield from map(str, found)
        for orphans in lost or ():
            yield f"{orphans.schema}: {orphans}"
        if self.verbosity and fleet.is_complete and not found and not lost:
            yield self.style.SUCCESS(f"All {len(fleet.names)} schemata are like the template.")

    def as_data(
        self, fleet: Fleet, found: list[Finding], lost: list[Orphans] | None
    ) -> dict[str, Any]:
        rows = {} if lost is None else {"orphaned_rows": [each._asdict() for each in lost]}
        return {
            "compared": len(fleet.names),
            "missing": fleet.missing,
            "orphans": fleet.orphans,
            "remains": [each._asdict() for each in fleet.remains],
            "differences": [each.as_data() for each in found],
            **rows,
        }

    def find_remedy(self) -> str:
        return UNFINISHED if journal.is_there(self.connection) else REPAIRABLE

    def refuse(
        self, fleet: Fleet, left: list[Finding], lost: list[Orphans] | None, repaired: bool
    ) -> None:
        """Raise CommandError while anything is not as it should be, and say what to type."""
        advice = []
        if left:
            differing = len({each.difference.schema for each in left})
            advice.append(
                f"{differing} of {len(fleet.names)} schemata differ from the template. "
                + (LEFT if repaired else self.find_remedy())
            )
        if fleet.missing:
            advice.append(
                "A schema that PostgreSQL has not must be restored from a backup; `manage.py "
                "drop_schema NAME --noinput` deletes its row."
            )
        if fleet.orphans:
            advice.append(
                "A schema without a row is entered by nobody: create its row again, or drop it "
                "with `DROP SCHEMA`."
            )
        if fleet.remains:
            advice.append(
                "To finish what was being dropped, type `manage.py drop_schema "
                f"{fleet.remains[0].name} --noinput`."
            )
        if lost:
            advice.append(
                "Rows refer to shared rows that are gone: point them at others, or delete them. "
                "Queries that join the shared table do not show them."
            )
        if advice:
            raise CommandError("\n".join(advice))
