"""The tests' own project, served by Daphne: several processes with one database and one Redis."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

DATABASES["default"]["NAME"] = os.environ["PROJECT_DATABASE"]
DATABASES.pop("other")
ALLOWED_HOSTS = ["127.0.0.1"]
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": os.environ["PROJECT_LAYER"],
        "CONFIG": {"hosts": [{"address": os.environ["PROJECT_REDIS"], "socket_timeout": None}]},
    }
}
