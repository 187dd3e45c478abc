"""What ``tox run -e example`` runs: three boarding schools on a PostgreSQL of their own."""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import django
import psycopg
from django.core.management import call_command
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pupils.schools import PASSWORD, PEOPLE, SCHOOLS
from walk import walk_through

EXAMPLE = Path(__file__).resolve().parent
DATA = EXAMPLE / ".data"
HOST = "127.0.0.1"
SECONDS_TO_START = 120


def main() -> int:
    """Serve the example, or check it; return the exit status."""
    options = parse_options()
    if options.check:
        exit_on_signals(status=1)
        return check()
    exit_on_signals(status=0)
    return serve(port=options.port, fresh=options.fresh)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tox run -e example --", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="where to serve; 8000 unless told")
    parser.add_argument("--fresh", action="store_true", help="forget the data of earlier starts")
    parser.add_argument(
        "--check",
        action="store_true",
        help="walk through the site on a throw-away database, say what failed, and end",
    )
    return parser.parse_args()


def exit_on_signals(*, status: int) -> None:
    """Exit in order when stopped. Ctrl-C under tox comes twice: from the terminal, and from tox."""
    signals = (signal.SIGINT, signal.SIGTERM)

    def stop(*_: object) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        sys.exit(status)

    for each in signals:
        signal.signal(each, stop)


def complain(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


def serve(*, port: int, fresh: bool) -> int:
    """Serve until stopped; PostgreSQL stops with us, and its data stays."""
    if not can_serve_at(port):
        return complain(
            f"Port {port} is busy or may not be used. Choose another: "
            f"tox run -e example -- --port {free_port()}"
        )
    if fresh and os.environ.get("DATABASE_URL"):
        return complain(
            "--fresh removes only the example's own database. Unset DATABASE_URL, or empty "
            "the database that it names yourself."
        )
    os.environ.setdefault("BOARDING_SCHOOLS_DATA", str(DATA))
    if fresh:
        shutil.rmtree(os.environ["BOARDING_SCHOOLS_DATA"], ignore_errors=True)
    load_site()
    print_welcome(port)
    call_command("runserver", f"{HOST}:{port}", use_reloader=False)
    return 0


def load_site() -> None:
    """Start PostgreSQL (the settings do), migrate, and load the schools."""
    print("Starting PostgreSQL ...", flush=True)
    os.environ["DJANGO_SETTINGS_MODULE"] = "school_site.settings"
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("load_schools")


def print_welcome(port: int) -> None:
    print(f"\n  http://{HOST}:{port}/         the schools")
    print(f"  http://{HOST}:{port}/admin/   Django's admin\n")
    print(f"  Log in with the password '{PASSWORD}' as")
    for username, roles in PEOPLE.items():
        where = [f"{role} at {SCHOOLS[schema]['name']}" for schema, role in roles.items()]
        print(f"    {username:8}{', '.join(where) or 'a member of no school'}")
    print(f"    {'admin':8}superuser: every school, and everything in it\n")
    print("  Ctrl-C stops it; the data stays for the next start.\n", flush=True)


def can_serve_at(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def check() -> int:
    """Start the example on a throw-away database and walk through it."""
    port = free_port()
    with throwaway_database() as environment, run_site(port, environment) as (site, log):
        if not wait_until_served(site, port):
            print(log.read_text())
            return complain("FAILED: the example did not start.")
        failures = walk_through(f"http://{HOST}:{port}")
        if failures:
            print("\nThe site's last words:\n", *log.read_text().splitlines()[-40:], sep="\n")
            return complain(f"\nFAILED: {failures} of the steps above.")
    print("\nEverything works.")
    return 0


def throwaway_database() -> AbstractContextManager[dict[str, str]]:
    """Give the environment of a database that is gone afterwards."""
    server = os.environ.get("DATABASE_URL")
    return throwaway_database_on(server) if server else throwaway_server()


@contextmanager
def throwaway_server() -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory(prefix="boarding-schools-") as directory:
        yield {"BOARDING_SCHOOLS_DATA": directory}


@contextmanager
def throwaway_database_on(server: str) -> Iterator[dict[str, str]]:
    name = f"boarding_schools_{uuid.uuid4().hex}"
    execute(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        with tempfile.TemporaryDirectory(prefix="boarding-schools-") as directory:
            address = make_conninfo(server, dbname=name)
            yield {"DATABASE_URL": address, "BOARDING_SCHOOLS_DATA": directory}
    finally:
        execute(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def execute(server: str, statement: sql.Composed) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)


@contextmanager
def run_site(
    port: int, environment: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Run the example in a process of its own; give it, and the file that it writes to."""
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "log"
        with log.open("wb") as output:
            site = subprocess.Popen(
                [sys.executable, __file__, "--port", str(port)],
                env={**os.environ, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield site, log
        finally:
            site.terminate()
            site.wait()


def wait_until_served(site: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and site.poll() is None:
        try:
            socket.create_connection((HOST, port)).close()
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
