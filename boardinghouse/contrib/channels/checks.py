"""Whether sockets can be told that their session has moved, in this process and in others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured

from boardinghouse.conf import conf
from boardinghouse.contrib.channels.routing import router_of

REDIS = (
    'CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", '
    '"CONFIG": {"hosts": [{"address": "redis://127.0.0.1:6379/0", "socket_timeout": None}]}}}'
)


def register_all() -> None:
    checks.register(check_channel_layer, "boardinghouse")
    checks.register(check_patience_with_redis, "boardinghouse")
    checks.register(check_urlconfs, "boardinghouse")


def check_channel_layer(**kwargs: Any) -> Iterator[CheckMessage]:
    layer = get_channel_layer()
    if layer is None:
        yield checks.Error(
            "There is no channel layer: sockets could not be closed when their session leaves "
            "the schema, and so none is served.",
            hint=REDIS,
            id="boardinghouse.E050",
        )
    elif isinstance(layer, InMemoryChannelLayer) and not settings.DEBUG:
        yield checks.Warning(
            "The channel layer is in memory: a switch in one process would not close the "
            "sockets that another one serves.",
            hint=REDIS,
            id="boardinghouse.W051",
        )


def check_patience_with_redis(**kwargs: Any) -> Iterator[CheckMessage]:
    layer = get_channel_layer()
    # The class is asked: RedisPubSubChannelLayer looks for what it has not in a running loop.
    if not hasattr(type(layer), "brpop_timeout"):
        return
    for timeout in socket_timeouts(layer):
        if timeout is not None and not 0 < layer.brpop_timeout < timeout:
            yield checks.Error(
                f"The channel layer waits for messages {layer.brpop_timeout} seconds at a time, "
                f"and its connections to Redis give up after {timeout}: every socket that is "
                "quiet for so long would be closed.",
                hint=REDIS,
                id="boardinghouse.E090",
            )


def socket_timeouts(layer: Any) -> Iterator[float | None]:
    """Yield how long connections to each Redis of a layer wait for an answer; none is opened."""
    for index in range(len(layer.hosts)):
        yield layer.create_pool(index).make_connection().socket_timeout


def check_urlconfs(**kwargs: Any) -> Iterator[CheckMessage]:
    for setting in ("WS_URLCONF", "WS_VISITORS_URLCONF"):
        urlconf = getattr(conf, setting)
        try:
            if urlconf:
                router_of(urlconf)
        except (ImportError, ImproperlyConfigured) as error:
            yield checks.Error(
                f"BOARDINGHOUSE_{setting}, {urlconf!r}, has no routes of websockets: {error}",
                hint="Name a module that has websocket_urlpatterns = [path(...), ...].",
                id="boardinghouse.E052",
            )
