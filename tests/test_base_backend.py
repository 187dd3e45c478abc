"""``BOARDINGHOUSE_BASE_BACKEND``: ours over another backend than Django's."""

import json
import os
import subprocess
import sys

from django.db import connection


def look():
    """Return what another process finds, whose settings name the loud backend."""
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.loud.look", connection.settings_dict["NAME"]],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.loud.settings"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert finished.stderr == ""
    return json.loads(finished.stdout)


def test_both_backends_are_at_work(committed_schemata):
    found = look()

    assert (found["shout"], found["is_loud"]) == ("LOUD", True)
    assert "LOUD" in found["sql"]
    assert (found["a"], found["b"]) == ("a", "b")
    assert "testapp.Account is private to each schema" in found["refusal"]
    assert found["regions"] == 0
