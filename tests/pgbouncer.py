"""A real PgBouncer in front of the server of the tests."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.db import connection

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
PORT = 6543
CONFIG = """
[databases]
* = host={host} port={port} user={user}

[pgbouncer]
listen_addr =
listen_port = {own_port}
unix_socket_dir = {directory}
unix_socket_mode = 0777
auth_type = any
pool_mode = {pool_mode}
max_client_conn = 20
default_pool_size = 4
{more}
"""


def version():
    """Return PgBouncer's version as a tuple; None where it is not installed."""
    if PROGRAM is None:
        return None
    said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True)
    return tuple(map(int, re.search(r"(\d+)\.(\d+)", said.stdout).groups()))


@contextmanager
def running(pool_mode, more="ignore_startup_parameters = options"):
    """Run PgBouncer for a block; return how to connect to it, as Django's settings say that."""
    settings = connection.settings_dict
    host = settings["HOST"] or settings["OPTIONS"].get("host")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        config = directory / "pgbouncer.ini"
        config.write_text(
            CONFIG.format(
                host=host,
                port=settings["PORT"] or settings["OPTIONS"].get("port") or 5432,
                user=settings["USER"] or settings["OPTIONS"].get("user") or "postgres",
                own_port=PORT,
                directory=directory,
                pool_mode=pool_mode,
                more=more,
            )
        )
        process = start(directory, config, Path(host))
        try:
            wait_until_it_answers(process, directory)
            yield {"HOST": str(directory), "PORT": PORT}
        finally:
            process.kill()
            process.wait()


def start(directory, config, socket):
    """Start it as who owns the server's socket: it does not run as root."""
    user = {}
    if os.getuid() == 0:
        owner = socket.stat().st_uid if socket.is_dir() else pwd.getpwnam("nobody").pw_uid
        os.chown(directory, owner, -1)
        directory.chmod(0o755)
        user = {"user": owner}
    with (directory / "said").open("w") as log:
        return subprocess.Popen([PROGRAM, str(config)], stdout=log, stderr=log, **user)


def wait_until_it_answers(process, directory):
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError((directory / "said").read_text())
        try:
            psycopg.connect(host=str(directory), port=PORT, dbname="pgbouncer", user="x").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("PgBouncer does not answer.")
