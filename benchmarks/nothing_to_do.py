"""What ``migrate`` costs when there is nothing to do, beside plain Django's, in one run.

    python -m benchmarks.nothing_to_do [--schemata 1000] [--rounds 10] [--json]

Each side has a database of its own, dropped afterwards: plain Django with the tables in
``public``; boardinghouse with so many small schemata. Whole commands are measured, each in a
process of its own, both sides in turn; printed are the medians and the median ratio.

The server is that of ``DATABASE_URL``, or else an embedded PostgreSQL.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

from benchmarks.request_cost import ROOT, database_of_its_own, say
from boardinghouse.contrib.embedded import database_settings

TARGET = 1.2
CREATE = """
from django.db import connection
from boardinghouse.schema import get_schema_model
get_schema_model().objects.mass_create(*[f"s{{number:06}}" for number in range({})])
connection.cursor().execute("VACUUM ANALYZE")
"""


def manage(side, entry, *arguments, **environment):
    """Run a command of Django's on a side's database."""
    subprocess.run(
        [sys.executable, "-m", "django", *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT.parent,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
            "BENCHMARKS_SIDE": side,
            "BENCHMARKS_DATABASE": json.dumps(entry),
            **environment,
        },
    )


def prepare(side, entry, schemata, **environment):
    """Migrate once, with something to do, and create the schemata."""
    say(f"preparing {side}")
    manage(side, entry, "migrate", **environment)
    if side == "ours":
        manage(side, entry, "shell", "--command", CREATE.format(schemata), **environment)


def seconds(side, entry):
    begin = time.perf_counter()
    manage(side, entry, "migrate")
    return time.perf_counter() - begin


def measure(sides, rounds):
    """Return the seconds of each side's rounds."""
    times = {side: [] for side in sides}
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        for side, entry in list(sides.items())[:: -1 if number % 2 else 1]:
            times[side].append(seconds(side, entry))
    say("")
    return times


def compare(schemata, rounds):
    """Return how long both sides took, and the ratio."""
    server = database_settings(ROOT / ".data", durable=False)
    with database_of_its_own(server, "plain") as plain, database_of_its_own(server, "ours") as ours:
        sides = {"plain": plain, "ours": ours}
        for side, entry in sides.items():
            prepare(side, entry, schemata)
        times = measure(sides, rounds)
    ratios = [mine / other for mine, other in zip(times["ours"], times["plain"], strict=True)]
    return {
        "schemata": schemata,
        "seconds": times,
        "ratio": statistics.median(ratios),
        "target": TARGET,
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.nothing_to_do",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--schemata", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true", help="print everything measured as JSON")
    options = parser.parse_args(arguments)
    result = compare(options.schemata, options.rounds)
    if options.json:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
        return
    plain, ours = (statistics.median(result["seconds"][side]) for side in ("plain", "ours"))
    sys.stdout.write(
        f"migrate with nothing to do: plain Django {plain * 1000:.0f} ms; with boardinghouse and "
        f"{result['schemata']} schemata {ours * 1000:.0f} ms; ratio {result['ratio']:.2f} "
        f"(target: at most {TARGET})\n"
    )


if __name__ == "__main__":
    main()
