"""Telling sockets that their session has moved, or to look whether their user may stay.

Always after the commit. What sends no signal (raw SQL, ``update()`` on users) is seen when a
socket looks by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.signed_cookies import SessionStore as CookieSession
from django.core.signals import request_finished
from django.db import router, transaction
from django.db.models.signals import m2m_changed, post_delete, post_save

from boardinghouse.contrib.channels.groups import (
    group_of_schema,
    group_of_session,
    group_of_user,
)
from boardinghouse.contrib.channels.news import LOOK, MOVE, broadcast
from boardinghouse.schema import get_request, get_schema_model
from boardinghouse.signals import (
    schemata_deleted,
    schemata_updated,
    session_schema_changed,
    session_schema_stored,
)

if TYPE_CHECKING:
    from boardinghouse.models import AbstractSchema

#: A move of this request's that is told when its response has gone: a group, and a schema's name.
_noted: ContextVar[tuple[str, str | None] | None] = ContextVar(
    "boardinghouse_noted_move", default=None
)


def connect_all() -> None:
    session_schema_stored.connect(tell_session)
    session_schema_changed.connect(note_move)
    request_finished.connect(tell_noted_move)
    for user in kinds_of(get_user_model()):
        post_save.connect(look_at_user, sender=user)
        post_delete.connect(look_at_user, sender=user)
    for schema in kinds_of(get_schema_model()):
        post_save.connect(look_at_schema, sender=schema)
    schemata_updated.connect(look_at_schemata)
    schemata_deleted.connect(look_at_schemata)
    membership = membership_field().remote_field.through
    m2m_changed.connect(look_at_members, sender=membership)
    post_save.connect(look_at_membership, sender=membership)
    post_delete.connect(look_at_membership, sender=membership)


def kinds_of(model: Any) -> list[Any]:
    """Return a model, its proxies and its children: each sends signals of its own."""
    return [each for each in apps.get_models() if issubclass(each, model)]


def membership_field() -> Any:
    return get_schema_model()._meta.get_field("users")


# Where a session is


def tell_session(session_key: str, schema: str | None, **kwargs: Any) -> None:
    """Tell a session's sockets, once it can be read, which schema it is in now."""
    tell_move(group_of_session(session_key), schema)


def note_move(request: Any, user: Any, schema: AbstractSchema | None, **kwargs: Any) -> None:
    """Tell of a move that no `session_schema_stored` tells of, when the response has gone.

    Of a session in a cookie, that is, of which only the user is known; and of one that has not
    been through SchemaMiddleware, as a test client's.
    """
    session = request.session
    if getattr(session, "tells_when_stored", False):
        return
    is_in_cookie = isinstance(session, CookieSession)
    known = getattr(user, "pk", None) if is_in_cookie else session.session_key
    if known is None:
        return
    if is_in_cookie:
        group = group_of_user(known, router.db_for_write(get_user_model()))
    else:
        group = group_of_session(known)
    _noted.set((group, schema.schema if schema else None))
    if get_request() is None:
        tell_noted_move()


def tell_noted_move(**kwargs: Any) -> None:
    noted = _noted.get()
    if noted is not None:
        _noted.set(None)
        tell_move(*noted)


def tell_move(group: str, schema: str | None) -> None:
    broadcast([group], {"type": MOVE, "schema": schema})


# Whether a user may stay


def look_at_user(instance: Any, using: str, created: bool = False, **kwargs: Any) -> None:
    if not created:
        look([group_of_user(instance.pk, using)], using)


def look_at_schema(instance: Any, using: str, created: bool = False, **kwargs: Any) -> None:
    if not created:
        look([group_of_schema(instance.pk, using)], using)


def look_at_schemata(schemata: Iterable[str], using: str, **kwargs: Any) -> None:
    look([group_of_schema(name, using) for name in schemata], using)


def look_at_members(
    action: str, instance: Any, reverse: bool, pk_set: set[Any] | None, using: str, **kwargs: Any
) -> None:
    """Look when members were taken out of a schema, from either side of the relation."""
    if action not in ("post_remove", "post_clear"):
        return
    if reverse:
        look([group_of_user(instance.pk, using)], using)
    elif pk_set is None:
        look([group_of_schema(instance.pk, using)], using)
    else:
        look([group_of_user(pk, using) for pk in pk_set], using)


def look_at_membership(instance: Any, using: str, **kwargs: Any) -> None:
    """Look when a row of a project's own model of memberships has changed, or gone."""
    field = type(instance)._meta.get_field(membership_field().m2m_reverse_field_name())
    look([group_of_user(getattr(instance, field.attname), using)], using)


def look(groups: list[str], using: str) -> None:
    """Let the sockets of groups look, once what they would see is committed.

    A layer that cannot be reached is logged by Django: the change was made, and does not fail.
    """
    transaction.on_commit(partial(broadcast, groups, {"type": LOOK}), using=using, robust=True)
