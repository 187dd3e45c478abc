"""What sockets are told, through the channel layer: in all processes."""

from __future__ import annotations

import asyncio
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

#: What a message says: look whether you may stay; or, your session has moved (``schema``).
LOOK, MOVE = "boardinghouse.look", "boardinghouse.move"

#: An event loop keeps no task alive by itself.
_sending: set[asyncio.Task[None]] = set()


def broadcast(groups: list[str], message: dict[str, Any]) -> None:
    """Send a message to groups, from whichever thread this is."""
    layer = get_channel_layer()
    if layer is None:
        return  # and so no socket is open
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        async_to_sync(send_to_all)(layer, groups, message)
    else:
        sending = loop.create_task(send_to_all(layer, groups, message))
        _sending.add(sending)
        sending.add_done_callback(_sending.discard)


async def send_to_all(layer: Any, groups: list[str], message: dict[str, Any]) -> None:
    for group in groups:
        await layer.group_send(group, message)
