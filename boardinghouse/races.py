"""Sessions that a slow request saves after another request has switched.

Sessions are written whole, and the last write wins: a request that began before a switch, and
saves its session after it, would undo the switch.
"""

from __future__ import annotations

import time
from functools import cache, partial
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.signed_cookies import SessionStore as CookieSession
from django.core import signing
from django.db import router, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from boardinghouse.signals import session_schema_stored
from boardinghouse.switching import KEY, NAME_KEY

CHOICE_COOKIE = "boardinghouse_choice"
CHOSEN_AT = "schema_chosen_at"
SALT = "boardinghouse.races"


def has_switched(request: HttpRequest) -> bool:
    """Tell whether a request has itself changed its session's schema."""
    return getattr(request.session, "schema_has_changed", False)


def keep_later_switches(session: Any) -> Any:
    """Return a session that, when it is saved, takes over a switch made since it was loaded.

    Whoever saves it, and whenever: a view, the session middleware, one that stands before ours.
    """
    if not isinstance(session, SessionBase) or isinstance(session, CookieSession):
        return session
    kept = guarded(type(session))(session.session_key)
    kept.__dict__.update(session.__dict__)
    return kept


@cache
def guarded(store: type[SessionBase]) -> type[SessionBase]:
    """Return a session engine's class that saves no older schema over a newer one."""

    class Guarded(store):  # type: ignore[misc, valid-type]
        tells_when_stored = True

        def save(self, must_create: bool = False) -> None:
            if not must_create:
                take_over(self, store)
            super().save(must_create=must_create)
            tell_stored(self)

        async def asave(self, must_create: bool = False) -> None:
            if not must_create:
                await sync_to_async(take_over)(self, store)
            await super().asave(must_create=must_create)
            await sync_to_async(tell_stored)(self)

        def delete(self, session_key: str | None = None) -> None:
            key = session_key or self.session_key
            super().delete(session_key)
            tell(self, key, None)

        async def adelete(self, session_key: str | None = None) -> None:
            key = session_key or self.session_key
            await super().adelete(session_key)
            await sync_to_async(tell)(self, key, None)

        def cycle_key(self) -> None:
            take_over(self, store)
            super().cycle_key()

        async def acycle_key(self) -> None:
            await sync_to_async(take_over)(self, store)
            await super().acycle_key()

    Guarded.__qualname__ = store.__qualname__  # engines sign their data with it
    return Guarded


def take_over(session: Any, store: type[SessionBase]) -> None:
    """Read the stored session's schema into one that has not switched itself.

    It costs what loading a session costs, and only sessions that are saved pay it.
    """
    if getattr(session, "schema_has_changed", False) or not session.session_key:
        return
    stored = store(session.session_key).load()
    if not stored:
        return  # It is gone; saving it says so.
    for key in (KEY, NAME_KEY):
        if key in stored:
            session[key] = stored[key]
        else:
            session.pop(key, None)


def tell_stored(session: Any) -> None:
    """Tell that a session has been stored, if a switch was stored with it."""
    if getattr(session, "schema_has_changed", False):
        tell(session, session.session_key, session.get(KEY))


def tell(session: Any, session_key: str | None, schema: str | None) -> None:
    """Send `session_schema_stored` once the session can be read so by everybody."""
    if not session_key or not session_schema_stored.has_listeners(None):
        return
    # What is stored stays so, whatever its receivers do: Django logs their errors.
    send = partial(session_schema_stored.send_robust, None, session_key=session_key, schema=schema)
    if hasattr(session, "get_model_class"):
        transaction.on_commit(send, using=router.db_for_write(session.get_model_class()))
    else:
        send()


# A session that is kept in a cookie cannot be asked for: the browser holds it, and takes the
# last one it gets. The last choice then goes into a cookie of its own, signed and dated.


def recall_choice(request: HttpRequest) -> None:
    """Take over a choice that is later than the session in the browser's cookie."""
    if not isinstance(request.session, CookieSession):
        return
    try:
        user, schema, name, chosen_at = signing.loads(
            request.COOKIES.get(CHOICE_COOKIE, ""), salt=SALT, max_age=settings.SESSION_COOKIE_AGE
        )
    except signing.BadSignature:
        return
    session: Any = request.session
    if user == str(request.user.pk) and chosen_at > session.get(CHOSEN_AT, 0):
        session[CHOSEN_AT] = chosen_at
        session[KEY], session[NAME_KEY] = schema, name
        if not schema:
            del session[KEY], session[NAME_KEY]


def note_choice(request: HttpRequest, response: HttpResponseBase) -> None:
    """Send the choice that a request has made, or take it away when the user has left."""
    session: Any = request.session
    if not isinstance(session, CookieSession):
        return
    if not request.user.is_authenticated:
        if CHOICE_COOKIE in request.COOKIES:
            response.delete_cookie(CHOICE_COOKIE, path=settings.SESSION_COOKIE_PATH)
    elif has_switched(request):
        session[CHOSEN_AT] = time.time()
        choice = [str(request.user.pk), session.get(KEY), session.get(NAME_KEY), session[CHOSEN_AT]]
        response.set_cookie(
            CHOICE_COOKIE,
            signing.dumps(choice, salt=SALT),
            max_age=settings.SESSION_COOKIE_AGE,
            path=settings.SESSION_COOKIE_PATH,
            domain=settings.SESSION_COOKIE_DOMAIN,
            secure=settings.SESSION_COOKIE_SECURE,
            samesite=settings.SESSION_COOKIE_SAMESITE,
            httponly=True,
        )
