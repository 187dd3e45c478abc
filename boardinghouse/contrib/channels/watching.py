"""Waiting for what ends a visit: messages of its groups, and a look now and then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections

from boardinghouse.conf import conf
from boardinghouse.contrib.channels.news import LOOK, MOVE
from boardinghouse.contrib.channels.visits import Visit

#: The thread that looks: the one that sync consumers share may be busy for as long as they like.
_looking = ThreadPoolExecutor(1, thread_name_prefix="boardinghouse-look")


class Watch:
    """A visit's own channel of the layer."""

    def __init__(self, layer: Any, channel: str, visit: Visit) -> None:
        self.layer, self.channel, self.visit = layer, channel, visit

    async def join(self) -> None:
        """Enter the groups, again too: a layer forgets its members after a day, or a restart."""
        for group in self.visit.groups:
            await self.layer.group_add(group, self.channel)

    async def leave(self) -> None:
        for group in self.visit.groups:
            await self.layer.group_discard(group, self.channel)

    async def until_over(self) -> None:
        """Return when the visit is over."""
        receiving = asyncio.ensure_future(self.layer.receive(self.channel))
        try:
            while True:
                await asyncio.wait({receiving}, timeout=conf.WS_SECONDS_BETWEEN_LOOKS)
                if not receiving.done():
                    await self.join()
                    message = {"type": LOOK}
                else:
                    message = receiving.result()
                    receiving = asyncio.ensure_future(self.layer.receive(self.channel))
                if await self.ends(message):
                    return
        finally:
            receiving.cancel()

    async def ends(self, message: dict[str, Any]) -> bool:
        """Tell whether a message, or what can be seen after it, ends the visit."""
        if message["type"] == MOVE:
            return (message["schema"] or "") != self.visit.name
        return await sync_to_async(look, thread_sensitive=False, executor=_looking)(self.visit)


def look(visit: Visit) -> bool:
    """Tell whether a visit is over, in a thread that no request cleans up after."""
    close_old_connections()
    try:
        return visit.is_over()
    finally:
        close_old_connections()


@asynccontextmanager
async def watching(visit: Visit) -> AsyncIterator[Watch]:
    """Hear of all that could end a visit, from now on."""
    layer = get_channel_layer()
    if layer is None:
        raise ImproperlyConfigured(
            "There is no channel layer: nobody could close a socket whose session has moved to "
            "another schema. Set CHANNEL_LAYERS['default']."
        )
    watch = Watch(layer, await layer.new_channel(), visit)
    await watch.join()
    try:
        yield watch
    finally:
        await watch.leave()
