"""What a pending migration costs for each schema: a column with a default, and an index.

    python -m benchmarks.migrate_fleet [--schemata 100 1000] [--parallel 2] [--json]

Small schemata on a database of their own, dropped afterwards. The whole command is measured,
in a process of its own: forwards and back with PostgreSQL's lock table deciding whether that is one
transaction, then in batches. The slope between the fewest and the most schemata is the cost of
each; what is left is Python's, once.

The server is that of ``DATABASE_URL``, or else an embedded PostgreSQL.
"""

import argparse
import json
import sys
import time

from benchmarks.nothing_to_do import manage, prepare
from benchmarks.request_cost import ROOT, database_of_its_own, say
from boardinghouse.contrib.embedded import database_settings

WAYS = {"as it likes": (), "in batches of 50": ("--batch-size", "50")}
APPS = {"BENCHMARKS_APPS": "benchmarks.pending"}


def seconds(entry, name, *options):
    begin = time.perf_counter()
    manage("ours", entry, "migrate", "pending", name, *options, **APPS)
    return time.perf_counter() - begin


def measure(schemata, parallel):
    """Return how long it takes each way, forwards and back."""
    server = database_settings(ROOT / ".data", durable=False)
    with database_of_its_own(server, "ours") as entry:
        prepare("ours", entry, schemata, **APPS)
        found = {}
        for way, options in WAYS.items():
            say(f"{schemata} schemata, {way}")
            options = (*options, "--parallel", str(parallel))
            back = seconds(entry, "0001", *options)
            found[way] = {"forwards": seconds(entry, "0002", *options), "back": back}
        say("")
        return found


def slopes(times):
    """Return the milliseconds of each schema: between the fewest and the most."""
    few, many = min(times), max(times)
    return {
        way: {
            direction: 1000
            * (times[many][way][direction] - times[few][way][direction])
            / (many - few)
            for direction in ("forwards", "back")
        }
        for way in WAYS
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.migrate_fleet",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--schemata", type=int, nargs=2, default=[100, 1000])
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print everything measured as JSON")
    options = parser.parse_args(arguments)
    times = {number: measure(number, options.parallel) for number in options.schemata}
    if options.json:
        sys.stdout.write(json.dumps({"seconds": times, "slopes": slopes(times)}, indent=2) + "\n")
        return
    for way, slope in slopes(times).items():
        for direction, each in slope.items():
            totals = ", ".join(
                f"{number}: {times[number][way][direction]:.2f} s" for number in sorted(times)
            )
            sys.stdout.write(f"{way}, {direction}: {each:.2f} ms a schema ({totals})\n")


if __name__ == "__main__":
    main()
