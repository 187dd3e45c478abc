"""What an ordinary role may do, to whom the database belongs and nothing else."""

import psycopg
import pytest

from tests.project import Project, empty_database, server

#: See `tests.projects.ordinary`.
ROLE = "pg_monitor"


@pytest.fixture
def project(db):
    with empty_database("bh_privileges") as name:
        with psycopg.connect(**server(), dbname="postgres", autocommit=True) as other:
            other.execute(f"ALTER DATABASE {name} OWNER TO {ROLE}")
        yield Project("tests.projects.ordinary", name)


def test_it_migrates_creates_copies_compares_and_drops(project):
    def manage(*arguments):
        return project.manage(*arguments, LOCK_TIMEOUT="5")

    manage("migrate", "-v", "0")
    manage("spare_schemata", "--number", "1")
    manage("create_schema", "a")
    manage("create_schema", "b", "--from", "a")
    manage("migrate", "library", "0001", "-v", "0")
    manage("migrate", "--batch-size", "1", "-v", "0")
    assert "All 2 schemata" in manage("check_schemata", "--repair")
    manage("drop_schema", "b", "--noinput")

    owners = project.query(
        "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname !~ '^pg_|^inf'"
    )
    assert owners == [(ROLE,)]
    assert project.query("SELECT schema FROM boardinghouse_schema") == [("a",)]
