"""A project whose role in the database is an ordinary one, no superuser."""

from tests.projects.library import *  # noqa: F403
from tests.projects.library import DATABASES

#: One that every server has.
ROLE = "pg_monitor"
DATABASES["default"]["OPTIONS"] = {"options": f"-c role={ROLE}"}
