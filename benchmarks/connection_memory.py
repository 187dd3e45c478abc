"""What the server process of a connection keeps of the schemata that it has seen.

    python -m benchmarks.connection_memory [--schemata 1000] [--limit 200] [--json]

One connection counts rows in every private table of one schema after the other, with no limit and
with ``BOARDINGHOUSE_MAX_SCHEMATA_PER_CONNECTION``, and Django's own work between requests after
each. The size is that of ``pg_backend_memory_contexts``, for which the role must be a superuser
or a member of ``pg_read_all_stats``.

The server is that of ``DATABASE_URL``, or else an embedded PostgreSQL.
"""

import argparse
import json
import os
import subprocess
import sys

from benchmarks.nothing_to_do import prepare
from benchmarks.request_cost import ROOT, database_of_its_own, say
from boardinghouse.contrib.embedded import database_settings

SEE_ALL = """
import json
from django.conf import settings
from django.db import close_old_connections, connection
from boardinghouse.schema import get_schema_model, override
from boardinghouse.sharing import private_tables
settings.BOARDINGHOUSE_MAX_SCHEMATA_PER_CONNECTION = {limit}
sizes, opened, process = [], 0, None
for name in get_schema_model().objects.order_by("pk").values_list("pk", flat=True):
    with override(name), connection.cursor() as cursor:
        for table in private_tables():
            cursor.execute(f'SELECT count(*) FROM "{{table}}"')
        cursor.execute("SELECT sum(total_bytes)::bigint, pg_backend_pid()"
            " FROM pg_backend_memory_contexts")
        size, pid = cursor.fetchone()
    opened += pid != process
    sizes, process = [*sizes, size], pid
    close_old_connections()
print(json.dumps({{"first": sizes[0], "most": max(sizes), "tables": len(private_tables()),
    "connections": opened}}))
"""


def see_all(entry, limit):
    """Return the sizes of a process that sees all schemata, and how many connections it took."""
    done = subprocess.run(
        [sys.executable, "-m", "django", "shell", "--command", SEE_ALL.format(limit=limit)],
        check=True,
        stdout=subprocess.PIPE,
        cwd=ROOT.parent,
        text=True,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
            "BENCHMARKS_SIDE": "ours",
            "BENCHMARKS_DATABASE": json.dumps(entry),
        },
    )
    return json.loads(done.stdout.splitlines()[-1])


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.connection_memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--schemata", type=int, default=1000)
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--json", action="store_true", help="print everything measured as JSON")
    options = parser.parse_args(arguments)
    with database_of_its_own(database_settings(ROOT / ".data", durable=False), "ours") as entry:
        prepare("ours", entry, options.schemata)
        say("measuring")
        result = {limit: see_all(entry, limit) for limit in (0, options.limit)}
        say("")
    if options.json:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
        return
    for limit, each in result.items():
        sys.stdout.write(
            f"{options.schemata} schemata of {each['tables']} tables, "
            f"{f'limit {limit}' if limit else 'no limit'}: {each['connections']} connection(s), "
            f"{each['first'] / 2**20:.1f} MB after the first schema, at most "
            f"{each['most'] / 2**20:.1f} MB\n"
        )


if __name__ == "__main__":
    main()
