"""What it costs that objects know their schema, beside shared ones and plain Django, in one run.

    python -m benchmarks.stamp_cost [--rounds 15] [--rows 2000] [--json]

Two processes, each with a database of its own, dropped afterwards: plain Django, and
boardinghouse with its router and a schema active. In each, the same two models of two columns,
of which one is shared under boardinghouse and the other private. Every round measures each kind
on each side in turn; what is printed is the median over the rounds, in microseconds for one
object, and the private model's median ratio to plain Django on the same table, and its range.

The server is that of ``DATABASE_URL``, or else an embedded PostgreSQL.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

from benchmarks.request_cost import ROOT, Process, database_of_its_own, say
from boardinghouse.contrib.embedded import database_settings

#: What is measured, and of how many rows' worth of objects (one in so many) it is enough.
ACTIONS = {
    "load": ("list(objects.all()): the query and its objects", 1),
    "make": ("from_db(): an object of a row that is at hand", 1),
    "new": ("Model(name=...): an object that is no row", 1),
    "hash": ("hash(object)", 1),
    "equal": ("object == another with its key", 1),
    "prefetch": ("setting what is related, as a prefetch does: the router's share", 1),
    "save": ("save() of an existing row", 20),
    "insert": ("bulk_create()", 1),
    "delete": ("queryset.delete() of rows that nothing refers to", 1),
}
KINDS = ("shared", "private")


class StampProcess(Process):
    """One side at work: this module, run with an argument."""

    def __init__(self, name, entry):
        environment = {
            **os.environ,
            "BENCHMARKS_SIDE": name,
            "BENCHMARKS_DATABASE": json.dumps(entry),
            "PYTHONHASHSEED": "0",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.stamp_cost", "--side"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=ROOT.parent,
        )


class Side:
    """The models of one side, and what is done with them."""

    def __init__(self, is_ours):
        self.is_ours = is_ours

    def start(self, rows):
        import django
        from django.conf import settings
        from django.core.management import call_command

        if self.is_ours:
            settings.DATABASE_ROUTERS = ["boardinghouse.routers.SchemaRouter"]
        django.setup()
        call_command("migrate", verbosity=0)
        if self.is_ours:
            from boardinghouse.schema import activate_schema, get_schema_model

            get_schema_model().objects.mass_create("school")
            activate_schema("school")
        from benchmarks.pages.models import Holiday, Pupil

        self.models = {"shared": Holiday, "private": Pupil}
        for model in self.models.values():
            model.objects.bulk_create(model(name="name") for _ in range(rows))
        return self.check()

    def check(self):
        """Prove that what is measured is what it is called."""
        stamped = {
            kind: "_schema" in model.objects.first().__dict__ for kind, model in self.models.items()
        }
        if stamped != {"shared": False, "private": self.is_ours}:
            raise RuntimeError(f"The wrong objects are stamped: {stamped}.")
        return stamped

    def measure(self, action, kind, rows):
        """Return the microseconds for each of so many objects."""
        model = self.models[kind]
        rows //= ACTIONS[action][1]
        objects = list(model.objects.order_by("pk")[:rows])
        act = getattr(self, action)(model, objects)
        begin = time.perf_counter()
        act()
        return (time.perf_counter() - begin) * 1e6 / len(objects)

    def load(self, model, objects):
        return lambda: list(model.objects.all())

    def make(self, model, objects):
        names, values = ["id", "name"], [(each.pk, each.name) for each in objects]
        if not self.is_ours:
            return lambda: [model.from_db("default", names, each) for each in values]
        from boardinghouse import stamps

        making = stamps.Making(model, True, 0, ())
        if model not in stamps._marked:
            return lambda: [model.from_db("default", names, each) for each in values]
        return lambda: [
            model.from_db("default", names, each)
            for each in stamps.hand_over(values, making, "school")
        ]

    def new(self, model, objects):
        return lambda: [model(name="name") for _each in objects]

    def hash(self, model, objects):
        return lambda: [hash(each) for each in objects]

    def equal(self, model, objects):
        pairs = list(zip(objects, model.objects.order_by("pk")[: len(objects)], strict=True))
        return lambda: [one == other for one, other in pairs]

    def prefetch(self, model, objects):
        from django.db import router

        return lambda: [router.allow_relation(each, each) for each in objects]

    def save(self, model, objects):
        return lambda: [each.save() for each in objects]

    def insert(self, model, objects):
        made = [model(name="more") for _each in objects]
        model.objects.filter(name="more").delete()
        return lambda: model.objects.bulk_create(made)

    def delete(self, model, objects):
        model.objects.filter(name="more").delete()
        model.objects.bulk_create(model(name="more") for _each in objects)
        return lambda: model.objects.filter(name="more").delete()


def serve():
    """Do what the lines of JSON on stdin say, and answer each with one."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    side = Side(is_ours=os.environ["BENCHMARKS_SIDE"] == "ours")
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        sys.stdout.write(json.dumps(getattr(side, name)(*arguments)) + "\n")
        sys.stdout.flush()


def compare(sides, *, rounds, rows):
    """Return the microseconds of each round, by action, side and kind."""
    for side in sides.values():
        side.ask("start", rows)
    times = {action: {name: {kind: [] for kind in KINDS} for name in sides} for action in ACTIONS}
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        turn = list(sides.items())[:: -1 if number % 2 else 1]
        for action in ACTIONS:
            for kind in KINDS:
                for name, side in turn:
                    times[action][name][kind].append(side.ask("measure", action, kind, rows))
    say("")
    return times


def table(times):
    """Yield the lines of the readable table."""
    yield f"{'':9} {'plain':^17} {'ours':^17} {'private, ours to plain':^24}"
    yield f"{'':9} {'shared':>8} {'private':>8} {'shared':>8} {'private':>8} {'ratio':>9}"
    for action, sides in times.items():
        medians = [statistics.median(sides[name][kind]) for name in sides for kind in KINDS]
        pairs = zip(sides["plain"]["private"], sides["ours"]["private"], strict=True)
        ratios = [ours / plain for plain, ours in pairs]
        limits = f"({min(ratios):.2f}-{max(ratios):.2f})"
        columns = " ".join(f"{each:8.2f}" for each in medians)
        yield f"{action:9} {columns} {statistics.median(ratios):9.2f} {limits}"


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.stamp_cost",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=15, help="how often each has its turn")
    parser.add_argument("--rows", type=int, default=2000, help="objects of each model")
    parser.add_argument("--json", action="store_true", help="print everything measured as JSON")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    entry = database_settings(ROOT / ".data", durable=False)
    with (
        database_of_its_own(entry, "plain") as plain,
        database_of_its_own(entry, "ours") as ours,
    ):
        sides = {"plain": StampProcess("plain", plain), "ours": StampProcess("ours", ours)}
        try:
            times = compare(sides, rounds=options.rounds, rows=options.rows)
        finally:
            for side in sides.values():
                side.stop()
    if options.json:
        lines = [json.dumps(times, indent=2)]
    else:
        meanings = [f"{action}: {meaning}" for action, (meaning, _part) in ACTIONS.items()]
        size = f"microseconds for one object; {options.rounds} rounds of {options.rows} rows"
        lines = [size, "", *table(times), "", *meanings]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["--side"] else main()
