"""Sessions that a slow request saves after another request has switched.

Sessions are written whole, and the last write wins: a request that began before a switch, and
saves its session after it, would undo the switch.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore as DatabaseSession
from django.contrib.sessions.backends.signed_cookies import SessionStore as CookieSession
from django.core import signing
from django.db import router, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from boardinghouse.signals import session_schema_stored
from boardinghouse.switching import ANYTHING, KEY, NAME_KEY, REPLACES

CHOICE_COOKIE = "boardinghouse_choice"
CHOSEN_AT = "schema_chosen_at"
SALT = "boardinghouse.races"


def has_switched(session: Any) -> bool:
    """Tell whether a session's schema was changed in this request because somebody asked for it."""
    return getattr(session, REPLACES, None) is ANYTHING


def keep_later_switches(session: Any) -> None:
    """Have a session take over, when it is saved, a switch made since it was loaded.

    Whoever saves it, and whenever: a view, the session middleware, one that stands before ours.
    It stays the same object, which one that stands before ours may hold already.
    """
    is_known = isinstance(session, SessionBase) and not isinstance(session, CookieSession)
    if is_known and not hasattr(session, "tells_when_stored"):
        session.__class__ = guarded(session.__class__)


@cache
def guarded(store: type[SessionBase]) -> type[SessionBase]:
    """Return a session engine's class that saves no older schema over a newer one."""

    class Guarded(store):  # type: ignore[misc, valid-type]
        tells_when_stored = True

        def save(self, must_create: bool = False) -> None:
            if must_create:
                super().save(must_create=True)
            else:
                with taking_over(self, store):
                    super().save()
            tell_stored(self)

        # In one piece: a transaction must not be left open while other tasks run.
        async def asave(self, must_create: bool = False) -> None:
            await sync_to_async(self.save)(must_create)

        def delete(self, session_key: str | None = None) -> None:
            key = session_key or self.session_key
            super().delete(session_key)
            tell(self, key, None)

        async def adelete(self, session_key: str | None = None) -> None:
            await sync_to_async(self.delete)(session_key)

        def cycle_key(self) -> None:
            with taking_over(self, store):
                super().cycle_key()

        async def acycle_key(self) -> None:
            await sync_to_async(self.cycle_key)()

    Guarded.__qualname__ = store.__qualname__  # engines sign their data with it
    return Guarded


@contextmanager
def taking_over(session: Any, store: type[SessionBase]) -> Iterator[None]:
    """Save a session within, once it has the stored one's schema, unless it has switched itself.

    It costs what loading a session costs, and only sessions that are saved pay it. One that is a
    row is locked from then on, so that nobody switches in between; that is a savepoint more.
    """
    if has_switched(session) or not session.session_key:
        yield
    elif not isinstance(session, DatabaseSession):
        take_over(session, store(session.session_key).load())
        yield
    else:
        using = router.db_for_write(session.model)
        with transaction.atomic(using=using):
            take_over(session, read_locked(session, using))
            yield


def read_locked(session: Any, using: str) -> Any:
    """Return what is stored of a session, and let nobody else store it in this transaction."""
    rows = session.model._default_manager.using(using).select_for_update()
    row = rows.filter(pk=session.session_key, expire_date__gt=timezone.now()).first()
    return session.decode(row.session_data) if row else {}


def take_over(session: Any, stored: Any) -> None:
    """Take the stored schema into a session, unless its own was to replace just that one."""
    is_replaced = hasattr(session, REPLACES) and getattr(session, REPLACES) == stored.get(KEY)
    if is_replaced or not stored or stored.get(KEY) == session.get(KEY):
        return  # Where nothing is stored the session is gone; saving it says so.
    for key in (KEY, NAME_KEY):
        if key in stored:
            session[key] = stored[key]
        else:
            session.pop(key, None)


def tell_stored(session: Any) -> None:
    """Tell that a session has been stored, if a switch was stored with it."""
    if hasattr(session, REPLACES):
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
            response.delete_cookie(
                CHOICE_COOKIE,
                path=settings.SESSION_COOKIE_PATH,
                domain=settings.SESSION_COOKIE_DOMAIN,
                samesite=settings.SESSION_COOKIE_SAMESITE,
            )
    elif has_switched(session):
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
