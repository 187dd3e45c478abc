"""A project that has installed boardinghouse on the database named in the environment."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "tests.zoo"]
DATABASES = {"default": {**DATABASES["default"], "NAME": os.environ["PROJECT_DATABASE"]}}
