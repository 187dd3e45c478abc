"""What a connection asks for, and what it may have."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.signed_cookies import SessionStore as CookieSession
from django.core.exceptions import ImproperlyConfigured
from django.db import router
from django.http import QueryDict
from django.utils.functional import LazyObject

from boardinghouse import access
from boardinghouse.contrib.channels.groups import (
    group_of_schema,
    group_of_session,
    group_of_user,
)
from boardinghouse.contrib.channels.users import load_user, user_pk
from boardinghouse.exceptions import Forbidden
from boardinghouse.races import keep_later_switches, recall_choice
from boardinghouse.schema import get_schema_model
from boardinghouse.switching import KEY
from boardinghouse.wishes import PARAMETER

if TYPE_CHECKING:
    from boardinghouse.models import AbstractSchema


class Moved(Forbidden):
    """The session has moved to another schema."""


class Visit:
    """One connection: whose it is, and which schema its address or its session asks for."""

    def __init__(self, scope: dict[str, Any]) -> None:
        if "user" not in scope:
            raise ImproperlyConfigured(
                "boardinghouse.contrib.channels.SchemaMiddleware finds no user: put it within "
                "channels.auth.AuthMiddlewareStack(...), or use SchemaMiddlewareStack alone."
            )
        self.user = scope["user"]
        self.cookies = scope.get("cookies", {})
        self.session = keep_switches(scope.get("session"))
        # Somebody whom not the session names: a token's user, say.
        self.is_by_session = self.session is not None and user_pk(self.session) == self.user.pk
        self.wish = QueryDict(scope.get("query_string", b"")).get(PARAMETER)
        self.name = self.wanted(self.session)
        self.groups = list(self._groups())

    def _groups(self) -> Iterator[str]:
        """Yield the groups in which this connection hears of what would end it."""
        if self.session is not None and self.session.session_key:
            yield group_of_session(self.session.session_key)
        if self.user.pk is not None:
            yield group_of_user(self.user.pk, router.db_for_write(get_user_model()))
        if self.name:
            yield group_of_schema(self.name, router.db_for_write(get_schema_model()))

    def wanted(self, session: Any) -> str:
        """Return the schema that is asked for; empty for none."""
        if self.wish is not None:
            return self.wish
        return "" if session is None else self.remembered(session)

    def remembered(self, session: Any) -> str:
        """Return the schema that a session remembers, or a later choice in a cookie beside it."""
        if isinstance(session, CookieSession):
            session = reread_session(session)
            request: Any = SimpleNamespace(user=self.user, session=session, COOKIES=self.cookies)
            recall_choice(request)
        return session.get(KEY) or ""

    def find_schema(self) -> AbstractSchema | None:
        """Return the schema that was asked for as things are now, or None if none was.

        Session, user and membership are all read anew, a round trip each. Raises Forbidden, and
        Moved if the session asks for another schema by now.
        """
        session = reread_session(self.session)
        user = load_user(session) if self.is_by_session else reread_user(self.user)
        if user.pk != self.user.pk:
            raise Forbidden
        if self.wanted(session) != self.name:
            raise Moved
        if not self.name:
            return None
        schema: AbstractSchema | None = access.visible(user, self.name).first()
        if schema is None:
            raise Forbidden
        return schema

    def is_over(self) -> bool:
        """Tell whether the connection would not be given its schema any more."""
        try:
            self.find_schema()
        except Forbidden:
            return True
        return False


def keep_switches(session: Any) -> Any:
    """Return a scope's session, which will undo no switch if a consumer saves it one day.

    Channels' is a lazy object; its middleware looks at the inside, too.
    """
    if not isinstance(session, LazyObject):
        return session
    lazy: Any = session
    keep_later_switches(lazy._wrapped)
    return lazy._wrapped


def reread_session(session: Any) -> Any:
    """Return a session as it is stored now."""
    return None if session is None else type(session)(session.session_key)


def reread_user(user: Any) -> Any:
    """Return a user as the database has them now; an anonymous user is nobody's row."""
    if user.pk is None:
        return user
    found = get_user_model()._default_manager.filter(pk=user.pk).first()
    if found is None:
        raise Forbidden
    return found
