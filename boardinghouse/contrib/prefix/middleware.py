"""The middleware that moves a schema's name from the path to ``SCRIPT_NAME``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import request_finished
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import get_script_prefix, is_valid_path, set_script_prefix
from django.utils.encoding import escape_uri_path

from boardinghouse import access
from boardinghouse.contrib.prefix.places import find_place
from boardinghouse.contrib.prefix.segments import first_segments
from boardinghouse.csrf import SAFE_METHODS
from boardinghouse.exceptions import SchemaBehind
from boardinghouse.origin import wanted_in
from boardinghouse.pinned import pin_schema
from boardinghouse.places import Place
from boardinghouse.responses import ask_to_wait, refuse
from boardinghouse.views import safe_next
from boardinghouse.wishes import address_without_parameter, is_endpoint, wish_of

#: The script prefix from before a request was moved below a schema's.
_outside: ContextVar[str | None] = ContextVar("boardinghouse_outside_prefix", default=None)


class SchemaPrefixMiddleware:
    """Choose the schema that a path begins with, for this request only.

    Sync and async. Stands after the authentication middleware and before `SchemaMiddleware`.
    Entering costs the one round trip that it always costs.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)
        # Links are made until the last piece of a streamed page, and by the middleware outside.
        request_finished.connect(leave_prefix, dispatch_uid="boardinghouse.contrib.prefix")
        for signal in (user_logged_in, user_logged_out):
            signal.connect(leave_prefix, dispatch_uid="boardinghouse.contrib.prefix")

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._call_async(request)
        place = find_place(request)
        response = place and enter_place(request, place)
        return response or self.get_response(request)

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        place = find_place(request)
        response = place and await sync_to_async(enter_place)(request, place)
        return response or await self.get_response(request)


def enter_place(request: HttpRequest, place: Place) -> HttpResponseBase | None:
    """Move a request below the schema that its path names, or leave it to the site's own URLs.

    Raises Http404 below a parent path for what the user may not enter.
    """
    if not hasattr(request, "session") or not hasattr(request, "user"):
        raise ImproperlyConfigured(
            "boardinghouse.contrib.prefix.SchemaPrefixMiddleware stands after SessionMiddleware "
            "and AuthenticationMiddleware: move it down in MIDDLEWARE."
        )
    try:
        pinned = pin_schema(request, place.name)
    except SchemaBehind:
        return ask_to_wait(request)
    if pinned is None:
        if place.parent:
            raise Http404
        return None
    if not place.rest and request.method in SAFE_METHODS:
        query = request.META.get("QUERY_STRING", "")
        address = f"{escape_uri_path(place.prefix)}/"
        return HttpResponseRedirect(f"{address}?{query}" if query else address)
    move_request(request, place)
    return go_elsewhere(request, place) or go_to_static_file(request, place)


def move_request(request: Any, place: Place) -> None:
    """Let the site's URLs see the rest of the path, and links begin with the prefix."""
    # Django keeps relative ones as they are at the first look: they must not begin with a schema.
    _ = settings.STATIC_URL, settings.MEDIA_URL
    _outside.set(get_script_prefix())
    set_script_prefix(f"{place.prefix}/")
    request.schema_place = place
    request.path_info = request.META["PATH_INFO"] = place.rest or "/"
    set_script_name(request, place.prefix)


def set_script_name(request: Any, name: str) -> None:
    request.META["SCRIPT_NAME"] = name
    if hasattr(request, "script_name"):  # ASGI
        request.script_name = name


def leave_prefix(request: Any = None, **kwargs: Any) -> None:
    """Make links without the schema again: the request is over, or its user has changed."""
    place: Place | None = getattr(request, "schema_place", None)
    if place is not None:
        set_script_name(request, place.root)
    outside = _outside.get()
    if outside is not None:
        set_script_prefix(outside)
        _outside.set(None)


def go_elsewhere(request: HttpRequest, place: Place) -> HttpResponseBase | None:
    """Answer what asks for another schema by sending it to that one's addresses.

    The session is not touched. An empty name leads out of the prefix.
    """
    wish = wish_of(request)
    wanted = wanted_in(request, wish)
    if wanted is None:
        return None
    is_header = wish is not None and not wish.is_in_address and not is_endpoint(request)
    if wanted == place.name and is_header:
        return None
    if wanted not in ("", place.name) and not access.visible(request.user, wanted).exists():
        return refuse(request)
    if is_endpoint(request):
        back = safe_next(request, request.POST.get("next", ""))
        return HttpResponseRedirect(place.move(back, wanted))
    address = place.move(address_without_parameter(request), wanted)
    if request.method in SAFE_METHODS:
        return HttpResponseRedirect(address)
    # The same method, and what was sent, again.
    return HttpResponse(status=307, headers={"Location": address})


def go_to_static_file(request: HttpRequest, place: Place) -> HttpResponseBase | None:
    """Send what asks for a static file to the one address that all schemata have it at.

    Unless the site's own URLs serve it. Whatever serves static files may stand before Django.
    """
    base = urlsplit(settings.STATIC_URL or "")
    path = place.root + place.rest
    if base.netloc or not base.path.strip("/") or not path.startswith(base.path):
        return None
    if is_served_by_site(request):
        return None
    return HttpResponseRedirect(escape_uri_path(path))


def is_served_by_site(request: HttpRequest) -> bool:
    """Tell whether the site has a pattern for a path, and not only one that fits any path."""
    urlconf = getattr(request, "urlconf", None)
    segment = request.path_info.split("/")[1]
    return segment in first_segments(urlconf) and bool(is_valid_path(request.path_info, urlconf))
