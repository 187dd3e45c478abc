"""A project that has installed boardinghouse on the database named in the environment."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS

NOT_HERE = ("tests.zoo", "tests.lending", "boardinghouse.contrib.chat")
INSTALLED_APPS = [app for app in INSTALLED_APPS if app not in NOT_HERE]
DATABASES = {"default": {**DATABASES["default"], "NAME": os.environ["PROJECT_DATABASE"]}}
