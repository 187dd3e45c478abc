"""How each package is set up, asked to create schemata, and asked to migrate them."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager

import psycopg
from psycopg import sql

from benchmarks.request_cost import ROOT


def connect(server):
    names = ("USER", "PASSWORD", "HOST", "PORT")
    address = {key.lower(): server[key] for key in names if server.get(key)}
    address |= {**server.get("OPTIONS", {}), "dbname": server.get("NAME", "postgres")}
    return psycopg.connect(**address, autocommit=True)


@contextmanager
def database(server, name, template="template0"):
    """Make a database, a copy of another one, and drop it at the end."""
    name = f"benchmark_{name.replace('-', '_')}_{os.getpid()}"
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    with connect(server) as connection:
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield {**server, "NAME": name}
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(name)))


class Package:
    """A package: `migrate` has its ways to migrate all schemata, and what to type for each."""

    name: str
    set_up: list
    migrate: dict
    #: Creates one of some names; `template` is run once before clones are made.
    create: str
    template: str = ""

    def run(self, entry, *arguments, is_pending=False, **more):
        """Run a command of Django's in a process; return its seconds and what it printed."""
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "benchmarks.peers.settings",
            "BENCHMARKS_SIDE": self.name,
            "BENCHMARKS_DATABASE": json.dumps(entry),
            "BENCHMARKS_LATER": "1" if is_pending else "",
            "PYTHONWARNINGS": "ignore",
            **more,
        }
        begin = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "django", *arguments],
            capture_output=True,
            text=True,
            env=environment,
            cwd=ROOT.parent,
        )
        seconds = time.perf_counter() - begin
        if done.returncode:
            raise SystemExit(
                f"{self.name}: {' '.join(arguments)[:200]}\n{done.stdout}{done.stderr}"
            )
        return seconds, done.stdout

    def run_code(self, entry, code, **more):
        """Run Python in a process, and return what it printed last, read as JSON."""
        _seconds, printed = self.run(entry, "shell", "--no-imports", "--command", code, **more)
        return json.loads(printed.splitlines()[-1])

    def measure_creating(self, server, rounds):
        """Return the seconds of each way of creating, the first of which is not counted."""
        ways = {f"{self.name}, migrations": ""}
        if self.template:
            ways[f"{self.name}, clone"] = "1"
        return {way: self.time_creating(server, rounds, clone) for way, clone in ways.items()}

    def time_creating(self, server, rounds, clone):
        with database(server, f"{self.name}_new") as entry:
            more = {"BENCHMARKS_CLONE": clone}
            self.run(entry, *self.set_up, **more)
            if clone:
                self.run(entry, "shell", "--no-imports", "--command", self.template, **more)
            names = [f"s{number:05}" for number in range(rounds + 1)]
            return self.run_code(entry, TIMED.format(names=names, create=self.create), **more)[1:]

    @contextmanager
    def fleet(self, server, size):
        """Have a database with so many schemata, and the last migration not yet applied."""
        with database(server, f"{self.name}_{size}") as entry:
            self.run(entry, *self.set_up)
            names = [f"s{number:05}" for number in range(size)]
            self.run_code(entry, TIMED.format(names=names, create=self.create))
            with connect(entry) as connection:
                connection.execute("VACUUM ANALYZE")
            yield entry

    def measure_migrating(self, fleet, command, size):
        """Return the seconds of the pending migration, and of the same with nothing to do."""
        with database(fleet_server(fleet), f"{self.name}_copy", fleet["NAME"]) as entry:
            pending, _printed = self.run(entry, *command, is_pending=True)
            self.prove(entry, size)
            nothing, _printed = self.run(entry, *command, is_pending=True)
        return pending, nothing

    def prove(self, entry, size):
        """See that every schema has got the new column: a fast nothing is no result."""
        with connect(entry) as connection:
            (count,) = connection.execute(
                "SELECT count(*) FROM information_schema.columns WHERE column_name = 'note'"
                " AND table_schema ~ %s",
                ["^public$" if self is PLAIN else "^s[0-9]{5}$"],
            ).fetchone()
        if count != (1 if self is PLAIN else size):
            raise SystemExit(f"{self.name} migrated {count} schemata of {size}.")


def fleet_server(fleet):
    """Return the entry to make copies with: nobody may be connected to what is copied."""
    return {**fleet, "NAME": "postgres"}


TIMED = """
import json, time
seconds = []
for name in {names}:
    begin = time.perf_counter()
    {create}
    seconds.append(time.perf_counter() - begin)
print(json.dumps(seconds))
"""


class Plain(Package):
    name = "plain Django"
    set_up = ["migrate"]
    migrate = {"plain Django": ["migrate"]}
    create = "pass"


class DjangoTenants(Package):
    name = "django-tenants"
    set_up = ["migrate_schemas", "--shared"]
    migrate = {
        "django-tenants, standard": ["migrate_schemas", "--tenant", "--executor=standard"],
        "django-tenants, 2 processes": [
            *("migrate_schemas", "--tenant", "--executor=multiprocessing")
        ],
    }
    create = (
        "from benchmarks.peers.dt_customers.models import Customer; "
        "Customer(schema_name=name, name=name).save(verbosity=0)"
    )
    template = (
        "from django.core.management import call_command; from django.db import connection; "
        "connection.cursor().execute('CREATE SCHEMA template_of_all'); "
        "call_command('migrate_schemas', tenant=True, schema_name='template_of_all', "
        "interactive=False, verbosity=0)"
    )


class DjangoPgschemas(Package):
    name = "django-pgschemas"
    set_up = ["migrate", "-s", "public"]
    migrate = {
        "django-pgschemas, sequential": ["migrate", "-ds"],
        "django-pgschemas, 2 threads": ["migrate", "-ds", "--parallel"],
    }
    create = (
        "from benchmarks.peers.pg_customers.models import Customer; "
        "Customer(schema_name=name, name=name).save(verbosity=0)"
    )
    template = "from django.core.management import call_command; call_command('createrefschema')"


class Boardinghouse(Package):
    name = "boardinghouse"
    set_up = ["migrate"]
    migrate = {"boardinghouse": ["migrate"]}
    create = (
        "from boardinghouse.models import Schema; Schema.objects.create(schema=name, name=name)"
    )

    def measure_creating(self, server, rounds):
        """Return the seconds of the bare statements, and of our ways: see `creating`."""
        with database(server, "boardinghouse_new") as entry:
            self.run(entry, *self.set_up)
            code = (
                "import json; from benchmarks import creating; "
                f"print(json.dumps(creating.measure({rounds})))"
            )
            found = self.run_code(entry, code)
        names = {
            "floor": "the bare statements",
            "create": "boardinghouse, create",
            "spare": "boardinghouse, a spare",
            "copy": "boardinghouse, clone with rows",
        }
        return {name: found[way] for way, name in names.items()}


PLAIN = Plain()
BOARDINGHOUSE = Boardinghouse()
PACKAGES = [DjangoTenants(), DjangoPgschemas(), BOARDINGHOUSE]
