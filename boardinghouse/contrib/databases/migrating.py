"""Migrating many databases, in this process or in several."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from io import StringIO
from multiprocessing import get_context
from typing import Any, NamedTuple

import django
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections

from boardinghouse.contrib.databases.active import database


class Outcome(NamedTuple):
    """What came of migrating a database: what was written, and an error or nothing."""

    alias: str
    output: str
    error: str


def migrate_all(aliases: list[str], *, verbosity: int, processes: int) -> Iterator[Outcome]:
    """Yield the outcome for each database as it is done; an error of one stops no other.

    `processes` is how many to use beside this one; with 0 this one does it all.
    """
    if not processes:
        for alias in aliases:
            yield migrate_one(alias, verbosity)
        return
    with ThreadPoolExecutor(processes) as threads:
        work = [threads.submit(migrate_apart, alias, verbosity) for alias in aliases]
        for done in as_completed(work):
            yield done.result()


def migrate_apart(alias: str, verbosity: int) -> Outcome:
    """Migrate a database in a process of its own; one that is killed takes no other along."""
    # Spawned, not forked: no connection is shared with a child.
    with ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), initializer=django.setup
    ) as process:
        work = process.submit(migrate_there, alias, connections.settings[alias], verbosity)
        error = work.exception()
        return Outcome(alias, "", f"{error!r}\n") if error else work.result()


def migrate_there(alias: str, entry: dict[str, Any], verbosity: int) -> Outcome:
    """Migrate a database in another process, the very one that this process has."""
    connections.settings[alias].update(entry)
    return migrate_one(alias, verbosity)


def migrate_one(alias: str, verbosity: int) -> Outcome:
    """Migrate a database; whatever goes wrong is its outcome."""
    output = StringIO()
    try:
        connections[alias].ensure_connection()
    except OperationalError as error:  # a server that is down: how we came here is no news
        return Outcome(alias, "", f"{error}\n")
    try:
        with database(alias):
            call_command(
                "migrate",
                database=alias,
                interactive=False,
                skip_checks=False,
                verbosity=verbosity,
                stdout=output,
                stderr=output,
            )
    except CommandError as error:
        return Outcome(alias, output.getvalue(), f"{error}\n")
    # A migration may raise anything, or exit, and the other customers' databases wait.
    except (Exception, SystemExit):
        return Outcome(alias, output.getvalue(), traceback.format_exc())
    return Outcome(alias, output.getvalue(), "")
