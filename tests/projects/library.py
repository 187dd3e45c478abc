"""A project with an app whose migrations take a fleet through all that there is."""

import os

from tests.projects.adopted import *  # noqa: F403
from tests.projects.adopted import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.library"]
ROOT_URLCONF = "tests.library.urls"
BOARDINGHOUSE_LOCK_TIMEOUT = float(os.environ.get("LOCK_TIMEOUT", "0.1"))
