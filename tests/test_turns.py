"""One migration at a time; see also tests/test_fleets.py, where two processes want to."""

import pytest
from django.db import connection, connections

from boardinghouse import turns
from boardinghouse.progress import Lines
from boardinghouse.turns import MIGRATE_LOCK, Turn


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
def test_who_waits_names_those_at_work_on_this_database(monkeypatch):
    here, elsewhere = connections["default"].copy(), connections["other"].copy()
    for each in (here, elsewhere):
        each.cursor().execute(f"SELECT pg_advisory_lock({MIGRATE_LOCK})")
    pid, said = here.connection.info.backend_pid, []
    monkeypatch.setattr(turns.time, "sleep", lambda seconds: here.close())

    turn = Turn(connection, Lines(said.append))
    has_waited = turn.take()
    turn.end()
    elsewhere.close()

    assert has_waited
    assert said == [
        f"Another migrate is at work on this database (PostgreSQL's process {pid}). Waiting."
    ]
