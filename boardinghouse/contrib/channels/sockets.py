"""A websocket that can be closed under its consumer.

https://asgi.readthedocs.io/en/stable/specs/www.html#websocket
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Socket:
    """Stands between a server and a consumer, as `receive` and `send` of both."""

    def __init__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        self.subprotocols = scope.get("subprotocols") or [None]
        self._receive, self._send = receive, send
        self._incoming: asyncio.Future[Message] | None = None
        self._gone: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._is_accepted = self._is_closed = False

    async def receive(self) -> Message:
        """Return what the browser sends; once the socket was closed, only that it is gone."""
        if self._incoming is None:
            self._incoming = asyncio.ensure_future(self._receive())
        await asyncio.wait({self._incoming, self._gone}, return_when=asyncio.FIRST_COMPLETED)
        if self._gone.done():
            return self._gone.result()
        message, self._incoming = self._incoming.result(), None
        return message

    async def send(self, message: Message) -> None:
        """Pass on what a consumer sends, unless the socket was closed meanwhile."""
        if not self._is_closed:
            self._is_accepted = self._is_accepted or message["type"] == "websocket.accept"
            self._is_closed = message["type"] == "websocket.close"
            await self._send(message)

    async def close(self, code: int) -> None:
        """Close the socket with a code that the browser can read, and tell the consumer.

        A browser learns no code of a handshake that was refused, and fails one that does not
        choose among the subprotocols it has offered.
        """
        if self._is_closed:
            return
        self._is_closed = True
        self._gone.set_result({"type": "websocket.disconnect", "code": code, "reason": ""})
        if not self._is_accepted:
            await self._send({"type": "websocket.accept", "subprotocol": self.subprotocols[0]})
        await self._send({"type": "websocket.close", "code": code})

    def forget(self) -> None:
        """Wait no longer for what the browser sends."""
        if self._incoming is not None:
            self._incoming.cancel()
