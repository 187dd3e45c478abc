"""How each package is set up, asked to create schemata, and asked to migrate them."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

import psycopg
from psycopg import sql

from benchmarks.request_cost import ROOT

#: django-tenants starts it again for each schema, when it is told to have subprocesses.
MANAGE = Path(__file__).with_name("manage.py")


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


class Failed(Exception):
    """A command of a package's ended with an error, or did not do its work."""


class Run(NamedTuple):
    """What a command took: seconds, and the MB of its largest process; and what it printed."""

    seconds: float
    megabytes: float
    printed: str


class Package:
    """A package: `migrate` has its ways to migrate all schemata, and what to type for each."""

    name: str
    set_up: list
    migrate: dict
    #: Creates one of some names; `register` only notes one whose schema is there; `template` is
    #: run once before clones are made.
    create: str
    register: str = "pass"
    template: str = ""

    def run(self, entry, *arguments, is_pending=False, **more):
        """Run a command of Django's in a process of its own."""
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
        with TemporaryFile("w+") as output:
            process = subprocess.Popen(
                [sys.executable, str(MANAGE), *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=ROOT.parent,
            )
            _pid, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - begin
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            printed = output.read()
        if process.returncode:
            raise Failed(f"{self.name}: {' '.join(arguments)[:200]}\n{printed}")
        return Run(seconds, usage.ru_maxrss / 1024, printed)

    def run_code(self, entry, code, **more):
        """Run Python in a process, and return what it printed last, read as JSON."""
        done = self.run(entry, "shell", "--no-imports", "--command", code, **more)
        return json.loads(done.printed.splitlines()[-1])

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
        """Have a database with so many schemata, and the last migration not yet applied.

        The package creates the first with its migrations; the others are exact copies of it.
        """
        with database(server, f"{self.name}_{size}") as entry:
            self.run(entry, *self.set_up)
            first, *others = [f"s{number:05}" for number in range(size)]
            self.run_code(entry, TIMED.format(names=[first], create=self.create))
            self.copy(entry, first, others)
            with connect(entry) as connection:
                connection.execute("VACUUM ANALYZE")
            yield entry

    def copy(self, entry, source, names):
        BOARDINGHOUSE.run_code(
            {**entry, "ENGINE": "boardinghouse.backends.postgres"},
            COPY.format(source=source, names=names),
        )
        self.run_code(entry, TIMED.format(names=names, create=self.register))

    def measure_migrating(self, fleet, command, size, patience):
        """Return what the pending migration took, and the same command with nothing to do.

        None for the latter if there is no patience left for it.
        """
        with database(fleet_server(fleet), f"{self.name}_copy", fleet["NAME"]) as entry:
            pending = self.run(entry, *command, is_pending=True)
            self.prove(entry, size)
            nothing = None
            if pending.seconds <= patience:
                nothing = self.run(entry, *command, is_pending=True)
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
            raise Failed(f"{self.name} migrated {count} schemata of {size}.")


def fleet_server(fleet):
    """Return the entry to make copies with: nobody may be connected to what is copied."""
    return {**fleet, "NAME": "postgres"}


COPY = """
import json
from django.db import connection
from boardinghouse import clone, ddl
statements = clone.compile_schema(connection, "{source}").with_rows_at_once()
for name in {names}:
    ddl.create(connection, name, statements)
print(json.dumps(None))
"""

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

    def copy(self, entry, source, names):
        """One database for all: there is nothing to copy."""


class DjangoTenants(Package):
    name = "django-tenants"
    set_up = ["migrate_schemas", "--shared"]
    migrate = {
        "django-tenants, standard": ["migrate_schemas", "--tenant", "--executor=standard"],
        "django-tenants, 2 processes": [
            *("migrate_schemas", "--tenant", "--executor=multiprocessing")
        ],
        "django-tenants, 2 subprocesses": [
            *("migrate_schemas", "--tenant", "--executor=subprocess")
        ],
    }
    register = (
        "from benchmarks.peers.dt_customers.models import Customer; "
        "customer = Customer(schema_name=name, name=name); "
        "customer.auto_create_schema = False; customer.save()"
    )
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
    register = (
        "from benchmarks.peers.pg_customers.models import Customer; "
        "customer = Customer(schema_name=name, name=name); "
        "customer.auto_create_schema = False; customer.save()"
    )
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

    def copy(self, entry, source, names):
        """Create them, each a copy of the template."""
        self.run_code(entry, TIMED.format(names=names, create=self.create))

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
