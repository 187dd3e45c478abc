"""For those who come from django-chatter: its names for what there is here."""

from __future__ import annotations

from typing import Any

from boardinghouse.contrib.channels import (
    SchemaMiddleware,
    SchemaMiddlewareStack,
    UserMiddleware,
)
from boardinghouse.contrib.chat.rooms import create_room

__all__ = ["ChatterMTMiddlewareStack", "MTAuthMiddleware", "MTSchemaMiddleware", "create_room"]

MTAuthMiddleware = UserMiddleware
ChatterMTMiddlewareStack = SchemaMiddlewareStack


class MTSchemaMiddleware:
    """`SchemaMiddleware` that finds the session's user by itself, if none is in the scope yet."""

    def __init__(self, inner: Any) -> None:
        self.inner = SchemaMiddleware(inner)
        self.alone = MTAuthMiddleware(self.inner)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        application = self.inner if "user" in scope else self.alone
        return await application(scope, receive, send)
