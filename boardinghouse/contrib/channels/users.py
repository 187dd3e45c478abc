"""Whose session it is: read, and never written.

``django.contrib.auth.get_user`` and Channels' own flush a session that they find outdated. A
socket has no response to tell the browser so, and leaves it to the next request.
"""

from __future__ import annotations

from typing import Any

from channels.auth import AuthMiddleware
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
    load_backend,
)
from django.core.exceptions import ValidationError
from django.utils.crypto import constant_time_compare


class UserMiddleware(AuthMiddleware):  # type: ignore[misc]  # Channels has no types
    """Put the session's user into ``scope["user"]``; an anonymous one if there is none."""

    async def resolve_scope(self, scope: dict[str, Any]) -> None:
        scope["user"]._wrapped = await database_sync_to_async(load_user)(scope["session"])


def load_user(session: Any) -> Any:
    """Return a session's user, or an anonymous one.

    That is also for a session that has expired, a user who is inactive or gone, and one whose
    password has changed since. Two round trips at most: the session and the user.
    """
    from django.contrib.auth.models import AnonymousUser  # INSTALLED_APPS imports us before models

    pk = user_pk(session)
    path = session.get(BACKEND_SESSION_KEY)
    if pk is None or path not in settings.AUTHENTICATION_BACKENDS:
        return AnonymousUser()
    user = load_backend(path).get_user(pk)
    if user is None or not is_hash_of(user, session.get(HASH_SESSION_KEY)):
        return AnonymousUser()
    return user


def user_pk(session: Any) -> Any:
    """Return the primary key that a session has of its user, or None."""
    try:
        return get_user_model()._meta.pk.to_python(session[SESSION_KEY])
    except (KeyError, ValidationError):
        return None


def is_hash_of(user: Any, session_hash: str | None) -> bool:
    """Tell whether a session was begun with the password that its user has now."""
    if not hasattr(user, "get_session_auth_hash"):
        return True
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(session_hash or "", each) for each in hashes)
