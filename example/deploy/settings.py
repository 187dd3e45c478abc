"""The example's settings, and a database for each of two customers."""

import os

from boardinghouse.contrib.embedded import parse_address

ENGINE = "boardinghouse.backends.postgres"
# What docker-compose.yml starts. On a server, the environment says where they are.
CLIENT1 = os.environ.get(
    "CLIENT1_DATABASE_URL", "postgresql://schools:schools@127.0.0.1:15432/schools"
)
CLIENT2 = os.environ.get(
    "CLIENT2_DATABASE_URL", "postgresql://schools:schools@127.0.0.1:25432/schools"
)

# Without an address, the example's own settings start an embedded PostgreSQL.
os.environ.setdefault("DATABASE_URL", CLIENT1)
from school_site.settings import *  # noqa: E402, F403
from school_site.settings import BASE_DIR, INSTALLED_APPS, MIDDLEWARE  # noqa: E402

DEBUG = False
SECRET_KEY = os.environ["SECRET_KEY"]

# Nothing is by default: what has no customer is an error, and no test database depends on it.
TEST = {"DEPENDENCIES": []}
DATABASES = {
    "default": {},
    "client1": {**parse_address(CLIENT1, engine=ENGINE), "TEST": TEST},
    "client2": {**parse_address(CLIENT2, engine=ENGINE), "TEST": TEST},
}
BOARDINGHOUSE_DATABASE_HOSTS = {
    "client1.example.com": "client1",
    "client2.example.com": "client2",
}
ALLOWED_HOSTS = list(BOARDINGHOUSE_DATABASE_HOSTS)
# Both customers have a school named Hamilton: files lie in client1.hamilton, client2.hamilton.
BOARDINGHOUSE_PATHNAME_FUNCTION = "boardinghouse.contrib.databases.keys.pathname"

INSTALLED_APPS = [*INSTALLED_APPS, "boardinghouse.contrib.databases"]
MIDDLEWARE = ["boardinghouse.contrib.databases.middleware.DatabaseMiddleware", *MIDDLEWARE]
DATABASE_ROUTERS = [
    "boardinghouse.routers.SchemaRouter",
    "boardinghouse.contrib.databases.routers.DatabaseRouter",
]

STATIC_URL = "/static/"
STATIC_ROOT = os.environ.get("SCHOOLS_STATIC", BASE_DIR / "deploy" / "static")
