"""One database per customer, chosen by the host name of the request."""

from boardinghouse.contrib.databases.active import carry, database, get_active_database
from boardinghouse.contrib.databases.asgi import DatabaseASGIMiddleware
from boardinghouse.contrib.databases.middleware import DatabaseMiddleware
from boardinghouse.contrib.databases.routers import DatabaseRouter

__all__ = [
    "DatabaseASGIMiddleware",
    "DatabaseMiddleware",
    "DatabaseRouter",
    "carry",
    "database",
    "get_active_database",
]
