"""Websockets, and HTTP through Channels, in the schema of their session."""

from __future__ import annotations

from boardinghouse.contrib.channels.groups import schema_group
from boardinghouse.contrib.channels.middleware import (
    MOVED,
    REFUSED,
    SchemaMiddleware,
    SchemaMiddlewareStack,
)
from boardinghouse.contrib.channels.routing import SchemaURLRouter
from boardinghouse.contrib.channels.users import UserMiddleware

__all__ = [
    "MOVED",
    "REFUSED",
    "SchemaMiddleware",
    "SchemaMiddlewareStack",
    "SchemaURLRouter",
    "UserMiddleware",
    "schema_group",
]
