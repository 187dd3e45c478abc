"""Which consumers a connection finds: its schema's own, everybody's, or those for visitors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from channels.routing import URLRouter
from django.core.exceptions import ImproperlyConfigured
from django.urls.exceptions import Resolver404

from boardinghouse.conf import conf
from boardinghouse.contrib.channels.sockets import Receive, Send

if TYPE_CHECKING:
    from boardinghouse.models import AbstractSchema


class SchemaURLRouter:
    """Route as the schema says, within SchemaMiddleware.

    In a schema: by its object's ``ws_urlconf`` if it has one, else by the routes given here,
    else by ``BOARDINGHOUSE_WS_URLCONF``. For visitors, who are in none: by `visitors`, else by
    ``BOARDINGHOUSE_WS_VISITORS_URLCONF``; where that has no route, SchemaMiddleware refuses.
    """

    _path_routing = True  # for a URLRouter around it

    def __init__(
        self, routes: Sequence[Any] | None = None, *, visitors: Sequence[Any] | None = None
    ) -> None:
        self.routes = None if routes is None else URLRouter(routes)
        self.visitors = None if visitors is None else URLRouter(visitors)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> Any:
        router = self.visitors_router() if scope["schema"] is None else self.router(scope["schema"])
        return await router(scope, receive, send)

    def router(self, schema: AbstractSchema) -> Any:
        """Return the router of a schema."""
        if own := getattr(schema, "ws_urlconf", None):
            return router_of(own)
        if self.routes is not None:
            return self.routes
        if not conf.WS_URLCONF:
            raise ImproperlyConfigured(
                "SchemaURLRouter has no routes: name a module in BOARDINGHOUSE_WS_URLCONF, or "
                "write SchemaURLRouter(websocket_urlpatterns)."
            )
        return router_of(conf.WS_URLCONF)

    def visitors_router(self) -> Any:
        """Return the router of those who are in no schema, or None."""
        if self.visitors is None and conf.WS_VISITORS_URLCONF:
            return router_of(conf.WS_VISITORS_URLCONF)
        return self.visitors

    def serves_visitors(self, scope: dict[str, Any]) -> bool:
        """Tell whether visitors have a route for this address."""
        router = self.visitors_router()
        path = scope.get("path_remaining", scope["path"]).lstrip("/")
        return router is not None and any(is_match(route, path) for route in router.routes)


def is_match(route: Any, path: str) -> bool:
    try:
        return bool(route.pattern.match(path))
    except Resolver404:
        return False


@cache
def router_of(urlconf: str) -> Any:
    """Return the router of a module's ``websocket_urlpatterns`` or ``urlpatterns``."""
    module = import_module(urlconf)
    for name in ("websocket_urlpatterns", "urlpatterns"):
        if hasattr(module, name):
            return URLRouter(getattr(module, name))
    raise ImproperlyConfigured(
        f"The module {urlconf!r} has no websocket_urlpatterns: write "
        "websocket_urlpatterns = [path(...), ...] there."
    )
