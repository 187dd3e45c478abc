"""Compare boardinghouse with django-tenants and django-pgschemas, in one run on one server.

    python -m benchmarks [--only peers|alone] [--rounds 3] [--quick] [--json FILE] [--docs DIR]

The project is `benchmarks.workload`: 36 tables, about 230 indexes, 21 migrations and a pending
one. Each package has databases of its own, dropped afterwards, and each command is a process of
its own. Measured in turn: creating a schema; the pending migration at each size, with each
executor; the same command again, with nothing to do, beside plain Django's; and the memory of its
largest process. Then boardinghouse alone, with small schemata: see `benchmarks.alone`. Printed are
medians, and the targets, met or missed. `--docs` writes the tables and a plot of each there. Before
it: ``pip install django-tenants==4.0.1 django-pgschemas==1.3.2``.

The server is that of ``DATABASE_URL``, or else an embedded PostgreSQL.
"""

import argparse
import json
import statistics
import sys
from contextlib import ExitStack
from pathlib import Path

from benchmarks import alone
from benchmarks.peers.packages import BOARDINGHOUSE, PACKAGES, PLAIN, Failed
from benchmarks.peers.report import judge, plot, tabulate
from benchmarks.request_cost import ROOT, say
from boardinghouse.contrib.embedded import database_settings


def measure(sizes, rounds, patience):
    """Return all that was measured: seconds and MB, by what and by package."""
    server = database_settings(ROOT / ".data", durable=False)
    found = {"create": {}, "pending": {}, "nothing": {}, "memory": {}}
    for package in PACKAGES:
        say(f"creating with {package.name}")
        found["create"].update(package.measure_creating(server, rounds))
    for size in sizes:
        measure_size(server, size, rounds, patience, found)
    say("")
    return found


def measure_size(server, size, rounds, patience, found):
    """Build each package's fleet once, and measure on copies of it, one after the other.

    What took longer than there is patience is not measured again.
    """
    with ExitStack() as stack:
        fleets = {}
        for package in (PLAIN, *PACKAGES):
            say(f"building {size} schemata with {package.name}")
            fleets[package] = stack.enter_context(package.fleet(server, size))
        for number in range(rounds):
            for package, fleet in fleets.items():
                for way, command in package.migrate.items():
                    if max(found["pending"].get(way, {}).get(size, [0])) <= patience:
                        say(f"{size} schemata, round {number + 1}: {way}")
                        measure_way(package, fleet, way, command, size, patience, found)


def measure_way(package, fleet, way, command, size, patience, found):
    """Measure one way once; an error is told, and what else there is to measure goes on."""
    try:
        pending, nothing = package.measure_migrating(fleet, command, size, patience)
    except Failed as error:
        sys.stderr.write(f"{way}, {size} schemata: {error}\n")
        return
    note(found["pending"], way, size, pending.seconds)
    note(found["memory"], way, size, pending.megabytes)
    if nothing is not None:
        note(found["nothing"], way, size, nothing.seconds)


def note(found, way, size, value):
    found.setdefault(way, {}).setdefault(size, []).append(value)


def medians(found):
    """Return the same with medians for lists."""
    if isinstance(found, dict):
        return {key: medians(each) for key, each in found.items()}
    return statistics.median(found)


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sizes", default="100,200,1000", help="schemata, separated by commas")
    parser.add_argument(
        "--alone", default="100,1000,5000,10000", metavar="SIZES", help="without peers"
    )
    parser.add_argument("--only", choices=("peers", "alone"), help="one half of it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--patience", type=float, default=120, help="seconds; what takes longer is measured once"
    )
    parser.add_argument("--quick", action="store_true", help="a few schemata, in one round")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured there")
    parser.add_argument("--docs", type=Path, metavar="DIR", help="write the tables and plots there")
    return parser.parse_args(arguments)


def compare(options):
    """Measure with the peers; return everything, the lines to print, and the plot."""
    sizes = [2, 4] if options.quick else numbers(options.sizes)
    found = measure(sizes, 1 if options.quick else options.rounds, options.patience)
    middle = medians(found)
    lines = [*tabulate(middle, sizes), "", *judge(middle, sizes, BOARDINGHOUSE, PLAIN)]
    title = "The pending migration: seconds of the whole command, by schemata"
    return found, lines, plot(middle["pending"], sizes, title)


def grow(options):
    """The same of boardinghouse alone."""
    sizes = [4, 8] if options.quick else numbers(options.alone)
    rounds = 1 if options.quick else options.rounds
    found = alone.measure(alone.start_server(alone.LOCKS), sizes, rounds, alone.PATIENCE)
    lines = [*alone.tabulate(found, sizes), *alone.judge(found, sizes)]
    title = "boardinghouse alone: milliseconds, by schemata"
    return found, lines, plot(alone.chosen(found), sizes, title)


PARTS = {"peers": compare, "alone": grow}
FILES = {"peers": "benchmarks", "alone": "benchmarks-alone"}


def numbers(text):
    return [int(each) for each in text.split(",")]


def main(arguments=None):
    options = parse(arguments)
    everything = {}
    for part, run in PARTS.items():
        if options.only in (None, part):
            everything[part], lines, drawn = run(options)
            text = "\n".join(lines) + "\n"
            sys.stdout.write(f"{text}\n")
            if options.docs:
                (options.docs / f"{FILES[part]}.txt").write_text(text)
                (options.docs / f"{FILES[part]}.svg").write_text(drawn)
    if options.json:
        options.json.write_text(json.dumps(everything, indent=2))


if __name__ == "__main__":
    main()
