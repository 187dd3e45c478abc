"""Requests from a page that was made in another schema than the one that is active now."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import add_never_cache_headers
from django.utils.http import escape_leading_slashes
from django.utils.translation import gettext as _

from boardinghouse import access
from boardinghouse.csrf import SAFE_METHODS, view_of
from boardinghouse.responses import answer, is_person, is_script, show
from boardinghouse.schema import get_active_schema, get_active_schema_name
from boardinghouse.wishes import PARAMETER

FIELD = "__expected_schema"
HEADER = "X-Expected-Schema"
#: What a browser never shows again, and so neither do we.
SECRET = ("password", "secret", "token")


def expected_schemata(request: HttpRequest, *, may_read_form: bool = True) -> list[str]:
    """Return each schema that the sender says its page was made in (empty: none)."""
    said = [str(request.headers[HEADER])] if HEADER in request.headers else []
    # Parsing a form of this kind leaves the body to be read by the view.
    if may_read_form or request.content_type == "application/x-www-form-urlencoded":
        said += request.POST.getlist(FIELD)
    return said


def refuse_stale(request: HttpRequest, *, may_read_form: bool = True) -> HttpResponse | None:
    """Return a 409 if an unsafe request was meant for another schema than the active one."""
    if request.method in SAFE_METHODS:
        return None
    active = get_active_schema_name() or ""
    for expected in expected_schemata(request, may_read_form=may_read_form):
        if expected != active:
            response = conflict(request, expected)
            add_never_cache_headers(response)
            return response
    return None


def refuse_contradiction(request: HttpRequest, wanted: str) -> HttpResponse | None:
    """Return a 409 if an unsafe request asks for a schema and says that it is for another one.

    For before the session is changed.
    """
    if request.method in SAFE_METHODS:
        return None
    is_exempt = getattr(view_of(request), "csrf_exempt", False)
    said = expected_schemata(request, may_read_form=not is_exempt)
    if all(each == wanted for each in said):
        return None
    message = _(
        "This asks for one schema, and says that it was made in another. Nothing was changed."
    )
    return answer(request, message, status=409)


def conflict(request: HttpRequest, expected: str) -> HttpResponse:
    """Say which schema was meant and which is active; a page keeps what was typed."""
    here = get_active_schema()
    there = access.visible(request.user, expected).first() if expected else None
    message = _("This was made in another schema than the one you are in now. Nothing was saved.")
    if is_script(request) or (HEADER in request.headers and not is_person(request)):
        told = {
            "message": message,
            "expected": there.schema if there else None,
            "active": here.schema if here else None,
        }
        return JsonResponse(told, status=409)
    context = {"message": message, "here": here, "there": there, **kept(request)}
    if there is not None:
        context["address_there"] = address_in(request, there.schema)
    return show(request, "boardinghouse/conflict.html", context, status=409)


def kept(request: HttpRequest) -> dict[str, Any]:
    """Return what the page needs to send the same again, in the one schema or in the other."""
    typed = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in (FIELD, "csrfmiddlewaretoken")
        for value in values
    ]
    return {
        "field": FIELD,
        "address": address_of(request),
        "is_about_object": names_object(request),
        "typed": typed,
        "shown": [(name, value) for name, value in typed if value and not is_secret(name)],
        "files": sorted(request.FILES),
        "is_multipart": request.content_type == "multipart/form-data",
    }


def names_object(request: HttpRequest) -> bool:
    """Tell whether an address names something, which in another schema is something else."""
    match: Any = request.resolver_match
    return match is not None and bool(match.args or match.captured_kwargs)


def is_secret(name: str) -> bool:
    return any(word in name.lower() for word in SECRET)


def address_of(request: HttpRequest) -> str:
    """Return a request's address as a link on this site, though its path may begin with ``//``."""
    return escape_leading_slashes(request.get_full_path())


def address_in(request: HttpRequest, schema: str) -> str:
    """Return a request's address, with a switch to a schema before it is served."""
    address = address_of(request)
    return f"{address}{'&' if '?' in address else '?'}{urlencode({PARAMETER: schema})}"
