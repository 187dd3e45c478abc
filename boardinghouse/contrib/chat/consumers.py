"""What a room's open page talks to: JSON in, JSON out, and nothing that is not text."""

from __future__ import annotations

import json
import time
from collections import deque
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.utils.translation import gettext as _

from boardinghouse.conf import conf
from boardinghouse.contrib.chat import messages
from boardinghouse.exceptions import Forbidden

#: What a socket is closed with: as the middleware does who may not be here; and who floods us.
FORBIDDEN = 4403
TOO_MANY = 4429

#: How many frames of any kind a page may send in how many seconds.
FRAMES, SECONDS = 60, 10
#: JSON may write a character as two escapes of six.
LONGEST_ESCAPE = 12
ROOM_FOR_THE_REST = 200


class ChatConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # untyped
    """One page of one person, in the room of its address and the schema that it opened in.

    A page sends ``{"say": TEXT, "mark": ANYTHING}``, ``{"read": KEY}`` and, now and then,
    ``{"after": KEY}`` with the last message that it has. It is sent ``ready`` when it connects and
    when it has asked, ``message``, ``saved`` or ``refused`` (with its mark), and ``gap`` if it has
    missed more than it can be given. A mark that is a UUID makes `say` say it once.
    """

    async def connect(self) -> None:
        if not self.scope.get("schema_name"):
            raise ImproperlyConfigured(
                "The chat's websockets have no schema: wrap their router in "
                "boardinghouse.contrib.channels.SchemaMiddlewareStack."
            )
        self.user = self.scope["user"]
        self.room_id = self.scope["url_route"]["kwargs"]["room_id"]
        self.frames: deque[float] = deque(maxlen=FRAMES)
        self.group = messages.group_of(self.room_id)
        await self.accept()
        await self.catch_up(self.last_of_address())

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.is_flood():
            await self.close(TOO_MANY)
            return
        frame = read_frame(text_data)
        if isinstance(frame.get("say"), str):
            await self.take(frame["say"], frame.get("mark"))
        elif isinstance(frame.get("after"), int):
            await self.catch_up(frame["after"])
        elif isinstance(frame.get("read"), int):
            await database_sync_to_async(messages.mark_read)(self.room_id, self.user, frame["read"])
        else:
            await self.refuse(_("That could not be understood."), frame.get("mark"))

    async def chat_message(self, event: dict[str, Any]) -> None:
        """Show a message to this page, if it was meant for its user."""
        if str(self.user.pk) in event["for"]:
            is_own = event["sender"] == str(self.user.pk)
            await self.send_data({"type": "message", "own": is_own, **event["message"]})

    async def take(self, text: str, mark: Any) -> None:
        """Save what a page says, or tell it why not."""
        try:
            message = await database_sync_to_async(messages.say)(
                self.room_id, self.user, text, once=messages.read_once(mark)
            )
        except ValidationError as error:
            await self.refuse(" ".join(error.messages), mark)
        except Forbidden:
            await self.close(FORBIDDEN)
        else:
            await self.send_data({"type": "saved", "id": message.pk, "mark": mark})

    async def refuse(self, reason: str, mark: Any) -> None:
        await self.send_data({"type": "refused", "reason": reason, "mark": mark})

    async def catch_up(self, after: int | None) -> None:
        """Join the room's group, send what was said after a message, and say that it is all.

        Joined again too: a layer forgets its members after a day, or a restart, and what it could
        not deliver. First the group, then the past: nothing falls between them. The page sorts
        and sifts.
        """
        if not await database_sync_to_async(messages.may_listen)(self.room_id, self.user):
            await self.close(FORBIDDEN)
            return
        await self.channel_layer.group_add(self.group, self.channel_name)
        for data in await database_sync_to_async(self.list_missed)(after):
            await self.send_data(data)
        await self.send_data({"type": "ready"})

    def last_of_address(self) -> int | None:
        """Return the key of the last message that a page says it has, as it connects."""
        said = parse_qs(self.scope.get("query_string", b"").decode(errors="replace"))
        after = said.get("after", [""])[0]
        return int(after) if after.isdecimal() and len(after) <= 18 else None

    def list_missed(self, after: int | None) -> list[dict[str, Any]]:
        missed = [] if after is None else messages.list_missed(self.room_id, after)
        if missed is None:
            return [{"type": "gap"}]
        return [
            {"type": "message", "own": each.sender_id == self.user.pk, **messages.as_data(each)}
            for each in missed
        ]

    def is_flood(self) -> bool:
        now = time.monotonic()
        full = len(self.frames) == FRAMES and now - self.frames[0] < SECONDS
        self.frames.append(now)
        return full

    async def send_data(self, data: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(data))


def read_frame(text: str | None) -> dict[str, Any]:
    """Return what a frame says; nothing for one that is too long, binary, or no JSON object."""
    longest = conf.CHAT_MAX_LENGTH * LONGEST_ESCAPE + ROOM_FOR_THE_REST
    if text is None or len(text) > longest:
        return {}
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return frame if isinstance(frame, dict) else {}
