"""What grows with the fleet: everything that a schema or a request costs, at several sizes.

    python -m benchmarks.alone [--sizes 100,1000,5000,10000] [--rounds 5] [--patience 600]
        [--json FILE]

Small schemata (four private tables, two of them with keys to the user table) on a database of its
own, dropped afterwards, that grows from one size to the next. At each size everything is
measured some times, and printed are medians in milliseconds, with the ratio of the last to the
first. All of it twice: with PostgreSQL's constraints to shared tables, and without
(``BOARDINGHOUSE_SHARED_CONSTRAINTS = False``). Sizes that it would take longer to grow to than
there is patience, as creating was last measured, are left out.

The server is that of ``DATABASE_URL``, or else an embedded PostgreSQL with room for ``--locks``
locks in each transaction: without it nobody deletes a user of many schemata.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import psycopg

from benchmarks.creating import django_command
from benchmarks.nothing_to_do import manage
from benchmarks.request_cost import ROOT, database_of_its_own, say
from boardinghouse.contrib.embedded import database_settings

LOCKS = 2048
PATIENCE = 600
DATA = ROOT / ".data" / "alone"
#: At most: the last size's cost of a schema, or of a request, as a multiple of the first's.
FLAT = 1.5
WAYS = {
    "with constraints to shared tables": {},
    "without": {"BENCHMARKS_WITHOUT_CONSTRAINTS": "1"},
}
APPS = {"BENCHMARKS_APPS": "benchmarks.pending"}
#: What should cost the same however large the fleet is.
FLAT_ONES = (
    *("create", "spare", "drop", "migrate", "back", "switch", "page", "log_in", "last_login"),
    *("connect", "chooser"),
)
NOTES = {
    "create": "create a schema",
    "spare": "create, from a spare",
    "drop": "drop a schema",
    "migrate": "the pending migration, a schema",
    "back": "and back, a schema",
    "nothing": "migrate with nothing to do, in all",
    "switch": "switch by header, and a private page",
    "page": "a private page",
    "log_in": "log in",
    "last_login": "update last_login",
    "connect": "first use of a new connection",
    "memory": "its memory then, kB",
    "chooser": "the chooser, of who may enter all",
    "search": "search there",
    "delete": "delete a user",
}


def name_of(number):
    return f"s{number:06}"


# In a process of its own, with Django


def grow(size):
    """Create schemata until there are so many, with a member of all and one of twenty."""
    from django.contrib.auth.models import User
    from django.db import connection

    from boardinghouse.models import Schema

    everybody, _ = User.objects.get_or_create(username="everybody")
    member, _ = User.objects.get_or_create(username="member")
    there = Schema.objects.count()
    Schema.objects.mass_create(*(name_of(number) for number in range(there, size)))
    everybody.schemata.add(*Schema.objects.exclude(users=everybody))
    member.schemata.add(*Schema.objects.order_by("pk")[:20])
    connection.cursor().execute("VACUUM ANALYZE")


def report(rounds):
    """Measure what a process does, and print the milliseconds as JSON."""
    found = {}
    for number in range(-1, rounds):
        for what, each in measure_once(number + 1).items():
            measured = found.setdefault(what, [])
            if number >= 0 and each is not None:
                measured.append(each)
    sys.stdout.write(json.dumps(found))


def measure_once(number):
    from django.contrib.auth.models import User
    from django.test import Client

    found = measure_schemata()
    member, everybody = (User.objects.get(username=each) for each in ("member", "everybody"))
    with_many, with_few = Client(), Client()
    found["log_in"] = timed(with_few.force_login, member)
    with_many.force_login(everybody)
    names = list(member.schemata.values_list("pk", flat=True))
    found["switch"] = statistics.median(
        timed(get, with_few, "/private/", headers={"X-Change-Schema": name}) for name in names
    )
    found["page"] = statistics.median(timed(get, with_few, "/private/") for _ in names)
    found["chooser"] = timed(get, with_many, "/__change_schema__/")
    found["search"] = timed(get, with_many, "/__change_schema__/?q=s00009")
    found["last_login"] = statistics.median(timed(touch, member) for _ in names)
    found["connect"], found["memory"] = measure_connection(member)
    found["delete"] = measure_deleting(number)
    return found


def measure_schemata():
    from django.db import connection

    from boardinghouse import spares
    from boardinghouse.models import Schema

    create = {"schema": "of_benchmark", "name": "of_benchmark"}
    seconds = {"create": timed(Schema.objects.create, **create)}
    seconds["drop"] = timed(Schema.objects.filter(pk="of_benchmark").delete, drop=True)
    spares.make(connection, 1)
    seconds["spare"] = timed(Schema.objects.create, **create)
    Schema.objects.filter(pk="of_benchmark").delete(drop=True)
    return seconds


def measure_connection(user):
    """Return the milliseconds of a new connection that writes a user, and its kB then."""
    from django.db import connection

    connection.close()
    connect = timed(touch, user)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(total_bytes) / 1024 FROM pg_backend_memory_contexts")
        return connect, float(cursor.fetchone()[0])


def measure_deleting(number):
    """Return the milliseconds of deleting a user; None where PostgreSQL has no room for it."""
    from django.contrib.auth.models import User

    from boardinghouse.exceptions import LockBudgetExceeded

    user = User.objects.create_user(f"leaver {number}")
    try:
        return timed(user.delete)
    except LockBudgetExceeded:
        return None


def touch(user):
    from django.utils import timezone

    user.last_login = timezone.now()
    user.save(update_fields=["last_login"])


def get(client, path, **options):
    response = client.get(path, **options)
    if response.status_code != 200:
        raise RuntimeError(f"{path} answered {response.status_code}: {response.content[:300]}")


def timed(action, *arguments, **options):
    begin = time.perf_counter()
    action(*arguments, **options)
    return (time.perf_counter() - begin) * 1000


# The comparison


def ask(entry, code, **environment):
    """Run a function of this module in a process with Django, and return what it printed."""
    code = f"from benchmarks import alone; alone.{code}"
    shell = ("shell", "--no-imports", "--command", code)
    return django_command(entry, *shell, **APPS, **environment)


def measure(server, sizes, rounds, patience):
    """Return lists of milliseconds, by way, by what was done, and by size."""
    found = {way: {} for way in WAYS}
    for way, environment in WAYS.items():
        with database_of_its_own(server, "ours") as entry:
            manage("ours", entry, "migrate", **APPS, **environment)
            for size, more in zip(sizes, differences(sizes), strict=True):
                if more * seconds_to_create(found[way]) > patience:
                    break
                say(f"{way}: growing to {size} schemata")
                ask(entry, f"grow({size})", **environment)
                say(f"{way}: {size} schemata")
                here = json.loads(ask(entry, f"report({rounds})", **environment))
                here |= measure_migrating(entry, size, environment)
                for what, each in here.items():
                    found[way].setdefault(what, {})[size] = each
    say("")
    return found


def differences(sizes):
    return [size - before for before, size in pairwise([0, *sizes])]


def seconds_to_create(found):
    """Return the seconds of a schema at the largest size so far: none before the first."""
    return statistics.median(last(found.get("create", {})) or [0]) / 1000


def last(times):
    return times[max(times)] if times else []


def measure_migrating(entry, size, environment):
    """Return the milliseconds of a schema, above those of the command with nothing to do."""

    def run(*arguments):
        options = {**APPS, **environment}
        return timed(manage, "ours", entry, "migrate", *arguments, **options)

    nothing = [run() for _ in range(3)]
    rest = statistics.median(nothing)
    back = (run("pending", "0001") - rest) / size
    return {"nothing": nothing, "migrate": [(run() - rest) / size], "back": [back]}


def tabulate(found, sizes):
    """Yield the lines of a table for each way, with medians."""
    for way, rows in found.items():
        yield f"{way + ', ms':45} " + " ".join(f"{size:>9}" for size in sizes) + "   last/first"
        for what, title in NOTES.items():
            yield f"{title:45} {row(rows.get(what, {}), sizes)}".rstrip()
        yield ""


def judge(found, sizes):
    """Yield whether what should be flat is, from the fewest schemata to the most."""
    for way, rows in found.items():
        for what in FLAT_ONES:
            few, many = sizes[0], max(rows[what])
            ratio = statistics.median(rows[what][many]) / statistics.median(rows[what][few])
            yield (
                f"{way}: {NOTES[what]}, at {many} / at {few}: {ratio:.2f} "
                f"(target: at most {FLAT}): {'met' if ratio <= FLAT else 'missed'}"
            )


def chosen(found):
    """Return medians of what is worth a line in the plot."""
    return {
        f"{NOTES[what]}, {'without' if way == 'without' else 'with'}": {
            size: statistics.median(times) for size, times in rows[what].items() if times
        }
        for way, rows in found.items()
        for what in ("create", "migrate", "log_in", "connect", "delete")
        if what in rows
    }


def row(times, sizes):
    """Return a line's medians, and the ratio of the last to the first."""
    cells = " ".join(cell(times.get(size)) for size in sizes)
    middle = [statistics.median(each) for each in times.values() if each]
    return f"{cells}   {middle[-1] / middle[0]:10.2f}" if middle and middle[0] else cells


def cell(times):
    """Return a median; what PostgreSQL had no room for, or nobody the patience, has none."""
    if times:
        return f"{statistics.median(times):9.2f}"
    return f"{'too long' if times is None else 'refused':>9}"


def enlarge_lock_table(locks):
    """Set the embedded server's lock table; it counts when the server starts the next time."""
    entry = database_settings(DATA, durable=False)
    parameters = {key.lower(): entry[key] for key in ("USER", "HOST", "PORT") if key in entry}
    with psycopg.connect(**parameters, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET max_locks_per_transaction = {locks}")


def start_server(locks):
    """Return the settings of a server: the embedded one has so many locks for a transaction."""
    if not os.environ.get("DATABASE_URL"):
        # The server stops when the last process ends that uses it.
        code = f"from benchmarks import alone; alone.enlarge_lock_table({locks})"
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT.parent)
    return database_settings(DATA, durable=False)


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.alone",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sizes", default="100,1000,5000,10000", help="separated by commas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--patience", type=float, default=PATIENCE, help="seconds to grow to the next size, at most"
    )
    parser.add_argument("--locks", type=int, default=LOCKS, help="max_locks_per_transaction")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured there")
    options = parser.parse_args(arguments)
    sizes = [int(each) for each in options.sizes.split(",")]
    found = measure(start_server(options.locks), sizes, options.rounds, options.patience)
    sys.stdout.write("\n".join([*tabulate(found, sizes), *judge(found, sizes)]) + "\n")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
