"""Other connections: what they do meanwhile, and waiting until one waits.

Waiting is bounded, and no test's verdict.
"""

import time
from contextlib import closing, contextmanager

from django.db import connection

from tests.conftest import connected_with


def wait_for_lock(kind, seconds=20):
    """Return once somebody waits for a lock of a kind, such as relation or advisory."""
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = %s"
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(query, [kind])
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise TimeoutError(f"Nobody waits for a lock of the kind {kind!r}.")


@contextmanager
def elsewhere():
    """Yield a cursor of another connection to the same database."""
    with closing(connection.copy()) as other, other.cursor() as cursor:
        yield cursor


@contextmanager
def busy_users():
    """Keep the table of users locked by another connection; ours waits half a minute at most."""
    with connected_with({"options": "-c statement_timeout=30s"}), elsewhere() as cursor:
        cursor.execute("BEGIN; LOCK TABLE public.auth_user IN ROW EXCLUSIVE MODE")
        yield
        cursor.execute("ROLLBACK")
