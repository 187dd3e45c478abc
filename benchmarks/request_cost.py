"""What a request costs, beside plain Django on the same tables, in one run.

    python -m benchmarks.request_cost [--rounds 15] [--requests 200] [--verbose] [--json]

Each side is a process with a database of its own, dropped afterwards: plain Django with the
tables in ``public``; boardinghouse with twenty schemata, round which the requests go. Sessions
are in the database, a user is logged in, the connection is kept, and the WSGI handler is
called in process. Each round measures every page on both sides in turn, so a ratio compares
neighbours in time; what is printed is the median over the rounds, and the ratios' range.

The server is that of ``DATABASE_URL``, or else an embedded PostgreSQL.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.side import PAGES
from benchmarks.trips import purpose_of
from boardinghouse.contrib.embedded import database_settings

ENGINES = {"plain": "django.db.backends.postgresql", "ours": "boardinghouse.backends.postgres"}
ROOT = Path(__file__).resolve().parent

MEANINGS = {
    "private": "private: session, user, one count of a private model",
    "shared": "shared: session, user, one count of a shared model",
    "neither": "neither: a page that asks the database nothing, seen by a logged-in user",
    "anonymous": "anonymous: the same page, seen by somebody who is not logged in",
}


class Process:
    """A side at work; see `benchmarks.side`."""

    def __init__(self, name, entry):
        environment = {
            **os.environ,
            "BENCHMARKS_SIDE": name,
            "BENCHMARKS_DATABASE": json.dumps(entry),
            "PYTHONHASHSEED": "0",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.side"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=ROOT.parent,
        )

    def ask(self, *call):
        self.process.stdin.write(json.dumps(call) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("A side of the comparison has died; what it said stands above.")
        return json.loads(answer)

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@contextmanager
def database_of_its_own(entry, name):
    """Create a database, and drop it at the end."""
    parameters = {
        key.lower(): entry[key] for key in ("USER", "PASSWORD", "HOST", "PORT") if key in entry
    }
    parameters |= {**entry["OPTIONS"], "dbname": entry.get("NAME", "postgres")}
    with psycopg.connect(**parameters, autocommit=True) as connection:
        identifier = sql.Identifier(f"benchmark_{name}_{os.getpid()}")
        connection.execute(sql.SQL("CREATE DATABASE {}").format(identifier))
        try:
            yield {**entry, "NAME": identifier._obj[0], "ENGINE": ENGINES[name]}
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


@contextmanager
def running(entry, name):
    with database_of_its_own(entry, name) as own:
        process = Process(name, own)
        try:
            yield process
        finally:
            process.stop()


def compare(sides, *, rounds, requests):
    """Return the statements of each page, and the times of each round."""
    versions, _same = [side.ask("start") for side in sides.values()]
    trips = {
        page: {name: side.ask("trace", page) for name, side in sides.items()} for page in PAGES
    }
    times = {page: {name: [] for name in sides} for page in PAGES}
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        turn = list(sides.items())[:: -1 if number % 2 else 1]
        for page in PAGES:
            for name, side in turn:
                times[page][name].append(side.ask("measure", page, requests))
    say("")
    return {"versions": versions, "trips": trips, "times": times}


def say(progress):
    """Show how far it is, to a person."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{progress}")
        sys.stderr.flush()


def summarise(times, part):
    """Return both sides' median microseconds, and the median, least and greatest ratio."""
    plain, ours = ([each[part] for each in times[name]] for name in ("plain", "ours"))
    ratios = [mine / theirs for mine, theirs in zip(ours, plain, strict=True)]
    return {
        "plain": statistics.median(plain) * 1e6,
        "ours": statistics.median(ours) * 1e6,
        "ratio": statistics.median(ratios),
        "least": min(ratios),
        "greatest": max(ratios),
    }


def table(result):
    """Yield the lines of the readable table."""
    yield f"{'':10} {'round trips':^21}   {'µs until the response':^33}   {'µs in all':^33}"
    heading = f"{'plain':>6} {'ours':>6} {'ratio':>6} {'(range)':>12}"
    yield f"{'page':10} {'plain':>6} {'ours':>14}   {heading}   {heading}"
    for page, times in result["times"].items():
        sides = result["trips"][page]
        plain, ours = (count(sides[name]) for name in ("plain", "ours"))
        parts = "   ".join(row(summarise(times, part)) for part in ("response", "total"))
        yield f"{page:10} {plain:>6} {ours:>14}   {parts}"


def count(trips):
    waiting, after = len(trips["waiting"]), len(trips["after"])
    return f"{waiting} + {after} after" if after else str(waiting)


def row(each):
    limits = f"({each['least']:.2f}-{each['greatest']:.2f})"
    return f"{each['plain']:6.0f} {each['ours']:6.0f} {each['ratio']:6.2f} {limits:>12}"


def names(result):
    """Yield what the round trips are for."""
    for page, sides in result["trips"].items():
        yield MEANINGS[page]
        for name, trips in sides.items():
            parts = [
                f"{label} {', '.join(map(purpose_of, trips[key]))}"
                for key, label in (("waiting", "the client waits for"), ("after", "after:"))
                if trips[key]
            ]
            yield f"  {name}: {'; '.join(parts) or 'no round trip'}"


def statements(result):
    """Yield the first words of every statement."""
    for page, sides in result["trips"].items():
        for name, trips in sides.items():
            for key, each in [(key, each) for key, found in trips.items() for each in found]:
                yield f"{page}, {name}, {key}: {each[:100]}"


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.request_cost",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=15, help="how often each page has its turn")
    parser.add_argument("--requests", type=int, default=200, help="requests to a page in a round")
    parser.add_argument("--verbose", action="store_true", help="print each statement too")
    parser.add_argument("--json", action="store_true", help="print everything measured as JSON")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    entry = database_settings(ROOT / ".data", durable=False)
    with running(entry, "plain") as plain, running(entry, "ours") as ours:
        say("making the databases")
        sides = {"plain": plain, "ours": ours}
        result = compare(sides, rounds=options.rounds, requests=options.requests)
    if options.json:
        lines = [json.dumps(result, indent=2)]
    else:
        versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
        size = f"{options.rounds} rounds of {options.requests} requests to each page"
        lines = [f"{versions}; {size}", "", *table(result), "", *names(result)]
        lines += ["", *statements(result)] if options.verbose else []
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
