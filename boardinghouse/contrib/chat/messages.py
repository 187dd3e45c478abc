"""Saying something in a room, reading on, and telling the pages that are open."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import BigIntegerField, Exists
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from boardinghouse.conf import conf
from boardinghouse.contrib.channels import schema_group
from boardinghouse.contrib.chat.models import Member, Message, Room
from boardinghouse.contrib.chat.people import may_be_here, name_of
from boardinghouse.exceptions import Forbidden

#: How many messages a page shows, and how many a page that reconnects is given.
PAGE_SIZE = 50
CATCH_UP = 200


def say(room_id: UUID, sender: Any, text: str, *, once: UUID | None = None) -> Message:
    """Save what a user says in a room of the active schema, and tell the open pages of its members.

    They are told when the transaction commits. The room's row is locked until then, so that keys
    grow as messages are committed, and a page that has seen one has missed none before it.

    `once` is a random key that the caller makes for a text: the same user saying the same with the
    same key again, after an answer that was lost, is given the message that is there.

    Raises Forbidden for somebody who is not in the room, or may not enter the schema any more;
    ValidationError for a text that is empty or too long, and for the one message too many.
    """
    text = clean(text)
    using = Room.objects.db
    with transaction.atomic(using=using):
        members = lock_members(room_id)
        present = may_be_here([member.user for member in members])
        if sender.pk not in present:
            raise Forbidden
        # A key that is used for another text too, by a page that was gone back to, is another.
        once = once and uuid5(once, text)
        said = find_said(room_id, sender, once)
        if said is not None:
            return said
        refuse_flood(sender)
        message = Message.objects.create(room_id=room_id, sender=sender, text=text, once=once)
        mark_read(room_id, sender, message.pk)
        transaction.on_commit(lambda: tell(message, present), using=using, robust=True)
    return message


def clean(text: Any) -> str:
    """Return a text as it is stored; raise ValidationError if it cannot be."""
    # PostgreSQL's text has no NUL, and UTF-8 no lone surrogates.
    stripped = str(text).replace("\0", "").replace("\r\n", "\n").strip()
    stripped = stripped.encode("utf-8", "replace").decode()
    if not stripped:
        raise ValidationError(_("Write something first."), code="empty")
    if len(stripped) > conf.CHAT_MAX_LENGTH:
        raise ValidationError(
            _("This is too long: %(limit)s characters are the most."),
            code="too_long",
            params={"limit": conf.CHAT_MAX_LENGTH},
        )
    return stripped


def find_said(room_id: UUID, sender: Any, once: UUID | None) -> Message | None:
    """Return what a user has said in a room with a key, if it is there already."""
    if once is None:
        return None
    return Message.objects.filter(room=room_id, sender=sender.pk, once=once).first()


def read_once(text: Any) -> UUID | None:
    """Return the key that a page has sent with a message; None for nothing that could be one."""
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None


def lock_members(room_id: UUID) -> list[Member]:
    """Return a room's members with their users as they are now, and let no other message by."""
    list(Room.objects.select_for_update(no_key=True).filter(pk=room_id).values_list("pk"))
    return list(Member.objects.filter(room=room_id).select_related("user"))


def may_listen(room_id: UUID, user: Any) -> bool:
    """Tell whether a user is in a room of the active schema, and may still enter it."""
    members = Member.objects.filter(room=room_id, user=user.pk).select_related("user")
    return bool(may_be_here([member.user for member in members]))


def refuse_flood(sender: Any) -> None:
    """Raise ValidationError if a user has said too much of late, wherever in the schema.

    What they are saying in another room at this moment is waited for.
    """
    own = Member.objects.filter(user=sender.pk).order_by("pk")
    list(own.select_for_update(no_key=True).values_list("pk"))
    most, seconds = conf.CHAT_RATE
    latest = Message.objects.filter(sender=sender.pk).order_by("-pk")
    oldest = latest.values("pk")[most - 1 : most]
    recent = latest.filter(pk__in=oldest, sent_at__gt=Now() - timedelta(seconds=seconds))
    if recent.exists():
        raise ValidationError(
            ngettext(
                "Not so fast: wait for %(count)s second.",
                "Not so fast: wait for %(count)s seconds.",
                seconds,
            ),
            code="too_fast",
            params={"count": seconds},
        )


def tell(message: Message, present: set[Any]) -> None:
    """Send a message to the pages of those who were entitled to it when it was said."""
    event = {
        "type": "chat.message",
        "for": [str(key) for key in present],
        "sender": str(message.sender_id),
        "message": as_data(message),
    }
    async_to_sync(get_channel_layer().group_send)(group_of(message.room_id), event)


def group_of(room_id: UUID) -> str:
    """Return the name of the group of a room's open pages in the active schema."""
    return schema_group("chat", str(room_id))


def as_data(message: Message) -> dict[str, Any]:
    """Return a message as it is sent to a page, which shows it as text."""
    return {
        "id": message.pk,
        "sender": sender_of(message),
        "text": message.text,
        "sent_at": message.sent_at.isoformat(),
    }


def sender_of(message: Message) -> str:
    """Return what people call who said a message."""
    return name_of(message.sender) if message.sender else _("somebody who has left")


def list_messages(room_id: UUID, *, before: int | None = None) -> tuple[list[Message], bool]:
    """Return a page of a room's messages, the latest last, and whether there are earlier ones."""
    found = Message.objects.filter(room=room_id).select_related("sender").order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    page = list(found[: PAGE_SIZE + 1])
    return page[PAGE_SIZE - 1 :: -1] if len(page) > PAGE_SIZE else page[::-1], len(page) > PAGE_SIZE


def list_missed(room_id: UUID, after: int) -> list[Message] | None:
    """Return what was said after a message; None if that is more than a page should be given."""
    found = Message.objects.filter(room=room_id, pk__gt=after).select_related("sender")
    missed = list(found.order_by("pk")[: CATCH_UP + 1])
    return missed if len(missed) <= CATCH_UP else None


def mark_read(room_id: UUID, user: Any, message: int) -> None:
    """Note that a user has read a room up to one of its messages; never less than before."""
    if message > BigIntegerField.MAX_BIGINT:
        return
    there = Message.objects.filter(pk=message, room=room_id)
    Member.objects.filter(Exists(there), room=room_id, user=user.pk, read_up_to__lt=message).update(
        read_up_to=message
    )
