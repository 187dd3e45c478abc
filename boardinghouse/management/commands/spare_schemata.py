from __future__ import annotations

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from boardinghouse import ddl, journal, progress, spares
from boardinghouse.conf import conf
from boardinghouse.management.options import add_database_option, schemata_of
from boardinghouse.names import TEMPLATE


def number(text: str) -> int:
    """Return a number of schemata."""
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text!r} is no number of schemata")
    return int(text)


class Command(BaseCommand):
    help = (
        "Fill the pool of spare schemata, as BOARDINGHOUSE_SPARE_SCHEMATA says, so that the next "
        "ones are created by renaming. Spares that are not like the template are dropped."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--number",
            type=number,
            metavar="N",
            help="Keep N ready. Default: the setting. 0 drops those that nobody has taken.",
        )
        progress.add_json_option(parser)
        add_database_option(parser)

    def handle(
        self, *, number: int | None, as_json: bool, database: str, verbosity: int, **options: Any
    ) -> None:
        schemata_of(database)
        connection: Any = connections[database]
        if not ddl.schema_exists(connection, TEMPLATE):
            raise CommandError("There is no template schema yet. Type `manage.py migrate`.")
        if journal.is_there(connection):
            raise CommandError(
                "A migration is unfinished, and spares have yet to do it too. Type "
                "`manage.py migrate` first."
            )
        shown = progress.show_on(self.stdout, verbosity=verbosity, as_json=as_json)
        wanted = conf.SPARE_SCHEMATA if number is None else number
        dropped = self.drop_surplus(connection, wanted, shown)
        made = self.fill(connection, wanted, shown)
        ready = sum(is_ready for _name, is_ready in spares.look(connection))
        shown.say(
            f"{len(dropped)} spares were dropped, {made} made; {ready} are ready.",
            dropped=len(dropped),
            made=made,
            ready=ready,
        )

    def drop_surplus(self, connection: Any, wanted: int, shown: progress.Progress) -> list[str]:
        """Drop the spares that are not like the template, and those that are too many."""
        there = spares.look(connection)
        ready = [name for name, is_ready in there if is_ready]
        surplus = [name for name, is_ready in there if not is_ready] + ready[wanted:]
        if not surplus:
            return []
        with shown.task("Dropping", total=len(surplus)) as task:
            dropped = []
            for name in surplus:
                dropped += spares.drop(connection, [name])
                task.advance()
        return dropped

    def fill(self, connection: Any, wanted: int, shown: progress.Progress) -> int:
        """Make spares until there are enough; return how many were made."""
        missing = wanted - len(spares.look(connection))
        if missing <= 0:
            return 0
        made = 0
        with shown.task("Making", total=missing) as task:
            while spares.make(connection, wanted):
                made += 1
                task.advance()
        return made
