"""Compare boardinghouse with django-tenants and django-pgschemas, in one run on one server.

    python -m benchmarks [--sizes 100,200,1000] [--rounds 3] [--quick] [--json FILE] [--docs DIR]

The project is `benchmarks.workload`: 36 tables, about 230 indexes, 21 migrations and a pending
one. Each package has databases of its own, dropped afterwards, and each command is a process of
its own. Measured in turn: creating a schema; the pending migration at each size, with each
executor; the same command again, with nothing to do, beside plain Django's. Printed are medians,
and the targets, met or missed. `--docs` writes the table and a plot there. Before it:
``pip install django-tenants==4.0.1 django-pgschemas==1.3.2``.

The server is that of ``DATABASE_URL``, or else an embedded PostgreSQL.
"""

import argparse
import json
import statistics
import sys
from contextlib import ExitStack
from pathlib import Path

from benchmarks.peers.packages import BOARDINGHOUSE, PACKAGES, PLAIN
from benchmarks.peers.report import judge, plot, tabulate
from benchmarks.request_cost import ROOT, say
from boardinghouse.contrib.embedded import database_settings


def measure(sizes, rounds):
    """Return all that was measured: seconds, by what and by package."""
    server = database_settings(ROOT / ".data", durable=False)
    found = {"sizes": sizes, "create": {}, "pending": {}, "nothing": {}}
    for package in PACKAGES:
        say(f"creating with {package.name}")
        found["create"].update(package.measure_creating(server, rounds))
    for size in sizes:
        measure_size(server, size, rounds, found)
    say("")
    return found


def measure_size(server, size, rounds, found):
    """Build each package's fleet once, and measure on copies of it, one after the other."""
    with ExitStack() as stack:
        fleets = {}
        for package in (PLAIN, *PACKAGES):
            say(f"building {size} schemata with {package.name}")
            fleets[package] = stack.enter_context(package.fleet(server, size))
        for number in range(rounds):
            for package, fleet in fleets.items():
                for way, command in package.migrate.items():
                    say(f"{size} schemata, round {number + 1}: {way}")
                    pending, nothing = package.measure_migrating(fleet, command, size)
                    found["pending"].setdefault(way, {}).setdefault(size, []).append(pending)
                    found["nothing"].setdefault(way, {}).setdefault(size, []).append(nothing)


def medians(found):
    """Return the same with medians for lists."""
    if isinstance(found, dict):
        return {key: medians(each) for key, each in found.items() if key != "sizes"}
    return statistics.median(found)


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sizes", default="100,200,1000", help="schemata, separated by commas")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="two sizes, 2 and 4, in one round")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured there")
    parser.add_argument(
        "--docs", type=Path, metavar="DIR", help="write benchmarks.txt and .svg there"
    )
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    sizes = [2, 4] if options.quick else [int(each) for each in options.sizes.split(",")]
    found = measure(sizes, 1 if options.quick else options.rounds)
    middle = medians(found)
    text = "\n".join([*tabulate(middle, sizes), "", *judge(middle, sizes, BOARDINGHOUSE, PLAIN)])
    sys.stdout.write(f"{text}\n")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2))
    if options.docs:
        (options.docs / "benchmarks.txt").write_text(f"{text}\n")
        (options.docs / "benchmarks.svg").write_text(plot(middle["pending"], sizes))


if __name__ == "__main__":
    main()
