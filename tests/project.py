"""Running the commands of a project in a process of its own, on a database of its own."""

import os
import subprocess
import sys
from contextlib import contextmanager

import psycopg
from django.db import connection
from psycopg import sql

DRIVER = "from django.core import management; management.execute_from_command_line()"


class Project:
    """A settings module and a database."""

    def __init__(self, settings, database):
        self.settings, self.database = settings, database

    def manage(self, *arguments, code=0, **environment):
        """Run a management command; return all that it wrote, and check its exit status."""
        process = self.start(*arguments, **environment)
        output, _nothing = process.communicate()
        assert process.returncode == code, output
        return output

    def start(self, *arguments, **environment):
        """Start a management command, and return its process."""
        return subprocess.Popen(
            [sys.executable, "-c", DRIVER, *arguments],
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": self.settings,
                "PROJECT_DATABASE": self.database,
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def shell(self, code):
        return self.manage("shell", "--no-imports", "--command", code)

    def query(self, statement):
        """Return the rows of a query, run beside Django."""
        with psycopg.connect(**server(), dbname=self.database, autocommit=True) as other:
            cursor = other.execute(statement)
            return cursor.fetchall() if cursor.description else None


def server():
    """Return how psycopg connects to the server of the tests."""
    names = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password"}
    return {
        option: connection.settings_dict[name]
        for name, option in names.items()
        if connection.settings_dict[name]
    }


@contextmanager
def empty_database(name, template="template1"):
    """Create a database for a block: an empty one, or a copy of another."""
    identifier = sql.Identifier(name)
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier)
    with psycopg.connect(**server(), dbname="postgres", autocommit=True) as other:
        other.execute(drop)
        other.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(identifier, sql.Identifier(template))
        )
        try:
            yield name
        finally:
            other.execute(drop)
