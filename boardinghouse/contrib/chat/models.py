"""Rooms, who is in them, and what was said. All of it is private to each schema."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _


class RoomQuerySet(models.QuerySet["Room"]):
    def of(self, user: Any) -> Self:
        """Return the rooms that a user is in."""
        return self.filter(members=user.pk)

    def with_news(self, user: Any) -> Self:
        """Return a user's rooms, the latest first, each with its `unread` and `latest` message.

        One's own messages are never unread.
        """
        said = Message.objects.filter(room=OuterRef("pk")).order_by()
        news = said.filter(pk__gt=OuterRef("membership__read_up_to"))
        unread = news.exclude(sender=user.pk).values("room").annotate(count=Count("pk"))
        newest = said.order_by("-pk")
        return (
            self.filter(membership__user=user.pk)
            .annotate(
                unread=Coalesce(Subquery(unread.values("count")), Value(0)),
                latest=Subquery(newest.values("text")[:1]),
                latest_at=Subquery(newest.values("sent_at")[:1]),
            )
            .order_by(Coalesce(F("latest_at"), F("created_at")).desc(), "pk")
        )


class Room(models.Model):
    """The one room of a set of users. Who they are was settled when it was made."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(
        _("key"),
        max_length=64,
        unique=True,
        editable=False,
        help_text=_("A digest of its users: there is one room of exactly these."),
    )
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        through="Member",
        related_name="chat_rooms",
        verbose_name=_("members"),
    )
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    objects: ClassVar[Any] = RoomQuerySet.as_manager()

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")

    def __str__(self) -> str:
        return str(self.pk)


class Member(models.Model):
    """That a user is in a room, and how far they have read. It goes when the user goes."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="membership")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="chat_membership"
    )
    read_up_to = models.BigIntegerField(
        _("read up to"),
        default=0,
        db_default=0,
        help_text=_("The key of the last message that was read; the message may be gone."),
    )

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            models.UniqueConstraint(fields=["room", "user"], name="boardinghouse_chat_member_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.room_id}"


class Message(models.Model):
    """What somebody said in a room. It stays when they are deleted, without their name.

    In a room, keys grow in the order in which messages were committed: `say` sees to it.
    """

    # The index below begins with the room.
    room = models.ForeignKey(
        Room, on_delete=models.CASCADE, related_name="messages", db_index=False
    )
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="chat_messages",
        db_index=False,
    )
    text = models.TextField(_("text"))
    sent_at = models.DateTimeField(_("sent at"), db_default=Now(), editable=False)
    once = models.UUIDField(
        _("once"),
        null=True,
        editable=False,
        help_text=_("What its page made of it, so that sending it again says nothing twice."),
    )

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["room", "id"], name="boardinghouse_chat_in_room"),
            models.Index(fields=["sender", "id"], name="boardinghouse_chat_of_sender"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="boardinghouse_chat_says_something"),
            models.UniqueConstraint(
                fields=["room", "sender", "once"],
                condition=Q(once__isnull=False),
                name="boardinghouse_chat_said_once",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]
