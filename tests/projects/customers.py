"""A site with a database per customer, and none that is the default."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "boardinghouse.contrib.databases",
    "boardinghouse.contrib.prefix",
]
SCHEMA = MIDDLEWARE.index("boardinghouse.middleware.SchemaMiddleware")
MIDDLEWARE = [
    "boardinghouse.contrib.databases.middleware.DatabaseMiddleware",
    *MIDDLEWARE[:SCHEMA],
    "boardinghouse.contrib.prefix.SchemaPrefixMiddleware",
    *MIDDLEWARE[SCHEMA:],
]
DATABASE_ROUTERS = [
    "boardinghouse.routers.SchemaRouter",
    "boardinghouse.contrib.databases.routers.DatabaseRouter",
]
# The default database is empty, and none can depend on it.
TEST = {"DEPENDENCIES": []}
NAME = os.environ["PROJECT_DATABASE"]
DATABASES = {
    "default": {},
    "client1": {**DATABASES["default"], "NAME": NAME, "TEST": TEST},
    "client2": {**DATABASES["default"], "NAME": f"{NAME}_2", "TEST": TEST},
}
BOARDINGHOUSE_DATABASE_HOSTS = {
    "client1.example.com": "client1",
    "www.client1.example.com": "client1",
    "client2.example.com": "client2",
}
ALLOWED_HOSTS = [*BOARDINGHOUSE_DATABASE_HOSTS]
