"""What there is to know about a deployment: each examination yields findings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import psycopg
from django.db import DatabaseError, ProgrammingError, transaction

from boardinghouse import ddl, fleet
from boardinghouse.conf import conf
from boardinghouse.names import TEMPLATE, quote
from boardinghouse.schema import working_in
from boardinghouse.sharing import private_tables
from boardinghouse.switch_proof import (
    Step,
    has_pooler,
    shares_processes,
    switch_against_each_other,
)

OK, NOTE, WARNING, PROBLEM = "ok", "note", "warning", "problem"
SAFE, LEAK, UNPROVED = "SAFE", "LEAK", "UNPROVED"
SUPPORTED = range(14, 19)
REPORTING = 180000
TRACKING = "track_extra_parameters = search_path"
#: Catalogs of so many bytes a row are swollen; the widest has some 500 when it is fresh.
SWOLLEN, WORTH_A_LOOK = 2000, 64 * 2**20


class Finding(NamedTuple):
    """What an examination found: a subject, how bad it is, a sentence, and facts for machines."""

    subject: str
    level: str
    text: str
    facts: dict[str, Any]


def find(subject: str, level: str, text: str, **facts: Any) -> Finding:
    return Finding(subject, level, text, facts)


def examine(connection: Any) -> Iterator[Finding]:
    """Examine a deployment through its own settings; the switching comes first."""
    with working_in(None):
        names = fleet.names_of_schemata(connection)
        steps: list[Step] = []
        yield from examine_switching(connection, names, steps)
        yield from examine_server(connection)
        yield from examine_pooler(connection, steps)
        yield from examine_locks(connection, len(names))
        yield from examine_public(connection)
        yield from examine_catalogs(connection)
        yield from examine_memory(connection, names)


def verdict(findings: list[Finding]) -> str:
    """Return SAFE, LEAK or UNPROVED: what the switching came to."""
    return next(str(each.facts["verdict"]) for each in findings if each.subject == "switching")


# Switching


def examine_switching(connection: Any, names: list[str], steps: list[Step]) -> Iterator[Finding]:
    """Switch two connections against each other; `steps` is filled with what they met."""
    pair = pair_to_switch(connection, names)
    if pair is None:
        text = "There is no schema to switch to. Type `manage.py migrate`, then `create_schema`."
        yield find("switching", WARNING, text, verdict=UNPROVED)
        return
    try:
        steps += switch_against_each_other(connection.alias, *pair)
    except DatabaseError as error:
        text = f"Two connections could not be switched: {str(error).strip()}"
        yield find("switching", PROBLEM, text, verdict=UNPROVED)
        return
    wrong = [each for each in steps if not each.is_right]
    if wrong:
        text = f"Switching LEAKS: {len(wrong)} of {len(steps)} times, {wrong[0]}."
        evidence = [str(each) for each in wrong]
        yield find("switching", PROBLEM, text, verdict=LEAK, evidence=evidence)
    else:
        processes = sorted({each.process for each in steps})
        text = (
            f"Two connections were switched against each other {len(steps)} times, and each "
            f"statement met the path that was wanted (server processes "
            f"{', '.join(map(str, processes))})."
        )
        yield find("switching", OK, text, verdict=SAFE, steps=len(steps), processes=processes)


def pair_to_switch(connection: Any, names: list[str]) -> tuple[str | None, str | None] | None:
    """Return two schemata, as good as there are; the template, or none, will do for one."""
    if len(names) > 1:
        return names[0], names[1]
    found = [*names, *([TEMPLATE] if ddl.schema_exists(connection, TEMPLATE) else []), None]
    return (found[0], found[1]) if len(found) > 1 else None


# The server


def examine_server(connection: Any) -> Iterator[Finding]:
    """Look at PostgreSQL's version, and whether it reports the search path."""
    number = connection.pg_version // 10000
    level = OK if number in SUPPORTED else (PROBLEM if number < SUPPORTED[0] else WARNING)
    text = f"PostgreSQL {number}; 14 to 18 are supported."
    yield find("PostgreSQL", level, text, version=connection.pg_version)
    connection.ensure_connection()
    is_reported = connection.connection.info.parameter_status("search_path") is not None
    if is_reported:
        text = "The server reports every change of search_path, whoever makes it."
        yield find("search_path", OK, text, reported=True)
    elif connection.pg_version >= REPORTING:
        text = "PostgreSQL 18 reports search_path, but something between keeps the report back."
        yield find("search_path", WARNING, text, reported=False)
    else:
        text = (
            "PostgreSQL reports search_path from 18 on; until then, do not set it in SQL of your "
            "own."
        )
        yield find("search_path", NOTE, text, reported=False)


# Poolers


def examine_pooler(connection: Any, steps: list[Step]) -> Iterator[Finding]:
    """Tell whether a pooler stands between, and how it is set up if it is PgBouncer."""
    if not steps:
        return
    if not has_pooler(steps):
        yield find("pooler", OK, "Nothing stands between us and the server.", pooler=False)
        return
    shared = shares_processes(steps)
    how = "shares server processes between connections" if shared else "keeps connections apart"
    text = f"A pooler stands between, and {how}."
    yield find("pooler", NOTE, text, pooler=True, shares_processes=shared)
    yield from examine_pgbouncer(connection, shared)


def examine_pgbouncer(connection: Any, shared: bool) -> Iterator[Finding]:
    try:
        version, settings = ask_pgbouncer(connection)
    except psycopg.Error as error:
        text = (
            "PgBouncer's console could not be asked. If it is PgBouncer, put the role into "
            f"stats_users. It said: {str(error).strip()}"
        )
        yield find("PgBouncer", NOTE, text)
        return
    tracked = settings.get("track_extra_parameters", "")
    tracks = "search_path" in [each.strip().lower() for each in tracked.split(",")]
    facts = {"version": version, "pool_mode": settings.get("pool_mode"), "tracks": tracks}
    text = f"{version}, pool_mode = {facts['pool_mode']}, track_extra_parameters = {tracked!r}."
    if shared and not tracks:
        advice = f" Set {TRACKING} (PgBouncer 1.20, PostgreSQL 18), or pool_mode = session."
        yield find("PgBouncer", PROBLEM, text + advice, **facts)
    elif shared and connection.pg_version < REPORTING:
        advice = " Before PostgreSQL 18 there is nothing to track: set pool_mode = session."
        yield find("PgBouncer", PROBLEM, text + advice, **facts)
    else:
        yield find("PgBouncer", OK, text, **facts)


def ask_pgbouncer(connection: Any) -> tuple[str, dict[str, str]]:
    """Return the version and the settings that PgBouncer's console tells."""
    known = connection.get_connection_params()
    kept = {
        name: known[name]
        for name in ("host", "port", "user", "password", "sslmode", "sslrootcert")
        if known.get(name)
    }
    with psycopg.connect(**kept, dbname="pgbouncer", autocommit=True, connect_timeout=5) as console:
        version = console.execute("SHOW VERSION").fetchall()[0][0]
        settings = {row[0]: row[1] or "" for row in console.execute("SHOW CONFIG").fetchall()}
    return version, settings


# What grows with the fleet


def examine_locks(connection: Any, schemata: int) -> Iterator[Finding]:
    """Compare PostgreSQL's lock table with the size of the fleet."""
    budget = ddl.lock_budget(connection)
    room = ddl.schemata_per_transaction(connection)
    facts = {"budget": budget, "schemata_per_transaction": room, "schemata": schemata}
    text = f"{budget} locks, room for {room} schemata in one transaction; there are {schemata}."
    if schemata <= room:
        yield find("locks", OK, text, **facts)
    else:
        advice = (
            " What creates, drops or alters every table goes in batches; for larger ones, raise "
            "max_locks_per_transaction and restart PostgreSQL."
        )
        yield find("locks", NOTE, text + advice, **facts)


def examine_public(connection: Any) -> Iterator[Finding]:
    """Look for private tables in public."""
    in_public, in_template = ddl.tables_in(connection, "public", TEMPLATE)
    left = sorted(set(private_tables()) & in_public)
    if not left:
        yield find("public", OK, "No private table is in public.", tables=left)
        return
    advice = (
        "save what they hold and drop them"
        if in_template
        else "`manage.py adopt_public` moves them"
    )
    text = f"Private tables are in public: {', '.join(left)}; {advice}."
    yield find("public", PROBLEM, text, tables=left)


def examine_catalogs(connection: Any) -> Iterator[Finding]:
    """Look for catalogs that are swollen, or that leave the cache no room for data."""
    with connection.cursor() as cursor:
        cursor.execute(ddl.read_sql("catalogs"))
        found = cursor.fetchall()
        cursor.execute(
            "SELECT setting::bigint * 8192 FROM pg_settings WHERE name = 'shared_buffers'"
        )
        buffers = int(cursor.fetchone()[0])
    size = sum(each[1] for each in found)
    swollen = [
        name
        for name, bytes_, rows in found
        if bytes_ > WORTH_A_LOOK and bytes_ > SWOLLEN * max(rows, 1)
    ]
    facts = {"bytes": size, "shared_buffers": buffers, "swollen": swollen}
    text = f"PostgreSQL's catalogs take {megabytes(size)}; shared_buffers has {megabytes(buffers)}."
    if swollen:
        text += f" Much of it is dead rows: `VACUUM FULL {', '.join(swollen)}` when nobody works."
    elif size > buffers // 2:
        text += " Every connection reads them: raise shared_buffers to several times their size."
    level = WARNING if swollen or size > buffers // 2 else OK
    yield find("catalogs", level, text, **facts)


def examine_memory(connection: Any, names: list[str]) -> Iterator[Finding]:
    """Measure what a connection keeps of a schema, and reckon what the limit makes of it."""
    try:
        each = measure_schema(connection, (names or [TEMPLATE])[0])
    except ProgrammingError as error:
        if not isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege):
            raise
        text = "The role may not measure it: GRANT pg_read_all_stats TO it."
        yield find("memory", NOTE, text)
        return
    limit = conf.MAX_SCHEMATA_PER_CONNECTION
    seen = min(limit or len(names), len(names))
    text = (
        f"A connection keeps {each / 2**10:.0f} kB of each schema that it has seen, so up to "
        f"{megabytes(each * seen)} for {seen} schemata "
        f"(BOARDINGHOUSE_MAX_SCHEMATA_PER_CONNECTION = {limit}, {len(names)} schemata)."
    )
    yield find("memory", OK, text, bytes_per_schema=each, limit=limit, most=each * seen)


def measure_schema(connection: Any, name: str) -> int:
    """Return the bytes by which a connection grows when it first uses all tables of a schema."""
    (tables,) = ddl.tables_in(connection, name)
    use_all = " UNION ALL ".join(
        f"(SELECT 1 FROM {quote(name)}.{quote(table)} LIMIT 0)" for table in sorted(tables)
    )
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        before = memory_of(cursor)
        cursor.execute(use_all or "SELECT 1")
        return max(0, memory_of(cursor) - before)


def memory_of(cursor: Any) -> int:
    """Return how many bytes the server process of a connection has."""
    cursor.execute("SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts")
    return int(cursor.fetchone()[0])


def megabytes(size: int) -> str:
    return f"{size / 2**20:.0f} MB"
