"""Telling sockets that their session has moved, or to look whether their user may stay.

After the commit, in all processes, through the channel layer. What sends no signal (raw SQL,
``update()`` on users) is seen when a socket looks by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models.signals import m2m_changed, post_delete, post_save

from boardinghouse.contrib.channels.groups import (
    group_of_schema,
    group_of_session,
    group_of_user,
)
from boardinghouse.contrib.channels.watching import LOOK, SESSION
from boardinghouse.schema import get_schema_model
from boardinghouse.signals import schemata_deleted, schemata_updated, session_schema_stored

#: An event loop keeps no task alive by itself.
_sending: set[asyncio.Task[None]] = set()


def connect_all() -> None:
    session_schema_stored.connect(move_session)
    for user in kinds_of(get_user_model()):
        post_save.connect(look_at_user, sender=user)
        post_delete.connect(look_at_user, sender=user)
    for schema in kinds_of(get_schema_model()):
        post_save.connect(look_at_schema, sender=schema)
    schemata_updated.connect(look_at_schemata)
    schemata_deleted.connect(look_at_schemata)
    membership = get_schema_model()._meta.get_field("users").remote_field.through
    m2m_changed.connect(look_at_members, sender=membership)
    post_save.connect(look_at_membership, sender=membership)
    post_delete.connect(look_at_membership, sender=membership)


def kinds_of(model: Any) -> list[Any]:
    """Return a model, its proxies and its children: each sends signals of its own."""
    return [each for each in apps.get_models() if issubclass(each, model)]


def move_session(session_key: str, schema: str | None, **kwargs: Any) -> None:
    """Tell a session's sockets, once its new schema can be read, in which it is now."""
    broadcast([group_of_session(session_key)], {"type": SESSION, "schema": schema})


def look_at_user(instance: Any, using: str, **kwargs: Any) -> None:
    look([group_of_user(instance.pk)], using)


def look_at_schema(instance: Any, using: str, **kwargs: Any) -> None:
    look([group_of_schema(instance.pk)], using)


def look_at_schemata(schemata: Iterable[str], using: str, **kwargs: Any) -> None:
    look([group_of_schema(name) for name in schemata], using)


def look_at_members(
    action: str, instance: Any, reverse: bool, pk_set: set[Any] | None, using: str, **kwargs: Any
) -> None:
    """Look when members were taken out of a schema, from either side of the relation."""
    if action not in ("post_remove", "post_clear"):
        return
    if reverse:
        look([group_of_user(instance.pk)], using)
    elif pk_set is None:
        look([group_of_schema(instance.pk)], using)
    else:
        look([group_of_user(pk) for pk in pk_set], using)


def look_at_membership(instance: Any, using: str, **kwargs: Any) -> None:
    """Look when a row of a project's own model of memberships has changed, or gone."""
    users = get_schema_model()._meta.get_field("users")
    field = type(instance)._meta.get_field(users.m2m_reverse_field_name())
    look([group_of_user(getattr(instance, field.attname))], using)


def look(groups: list[str], using: str) -> None:
    """Let the sockets of groups look, once what they would see is committed.

    A layer that cannot be reached is logged: the change is made, and must not fail after all.
    """
    message = {"type": LOOK}
    transaction.on_commit(partial(broadcast, groups, message), using=using, robust=True)


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
