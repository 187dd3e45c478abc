"""Waiting until another connection waits: bounded, and no test's verdict."""

import time

from django.db import connection


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
