"""Round trips, counted and named from libpq's own trace."""

import re
import tempfile
from contextlib import contextmanager
from pathlib import Path

from psycopg.pq import Trace

#: What a page's statements are for, by what stands in them; the first that matches.
PURPOSES = (
    ("session", re.compile(r'FROM "django_session"')),
    ("user", re.compile(r'FROM "auth_user"')),
    ("check and enter", re.compile(r"set_config\(.*boardinghouse_schema", re.DOTALL)),
    ("set the path", re.compile(r"set_config\(")),
    ("count", re.compile(r"COUNT\(")),
)

#: One message: the way it goes (F to the server, B back), its length, its kind, its fields.
MESSAGE = re.compile(r"^([FB])\t\d+\t(\w+)(.*?)(?=^[FB]\t|\Z)", re.DOTALL | re.MULTILINE)

#: The statement in a Query, or in a Parse after the name.
STATEMENT = re.compile(r'\t (?:"[^"]*" (?="))?"(.*)"', re.DOTALL)

#: The name of a statement that was prepared before, in a Bind after the portal's.
BOUND = re.compile(r'\t "[^"]*" "([^"]*)"')


@contextmanager
def traced(connection):
    """Trace a psycopg connection within a block; yields the list that has its statements after.

    https://www.postgresql.org/docs/current/libpq-control.html#LIBPQ-PQTRACE
    """
    statements = []
    with tempfile.NamedTemporaryFile() as file:
        connection.pgconn.trace(file.fileno())
        connection.pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        try:
            yield statements
        finally:
            connection.pgconn.untrace()
        prepared = dict(connection.execute("SELECT name, statement FROM pg_prepared_statements"))
        statements += statements_in(Path(file.name).read_text(), prepared)


def statements_in(trace, prepared):
    """Return the statement of each round trip: of each answer that is complete."""
    found, statement = [], None
    for _way, kind, rest in MESSAGE.findall(trace):
        if kind in ("Query", "Parse"):
            statement = STATEMENT.match(rest)[1]
        elif kind == "Bind" and statement is None:
            statement = prepared[BOUND.match(rest)[1]]
        elif kind == "ReadyForQuery":
            if statement is None:
                raise RuntimeError(f"A round trip without a statement, in this trace:\n{trace}")
            found.append(statement)
            statement = None
    return found


def purpose_of(statement):
    """Name what a statement is for."""
    return next((name for name, pattern in PURPOSES if pattern.search(statement)), "other")
