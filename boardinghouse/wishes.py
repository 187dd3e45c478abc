"""Which schema a request asks for: `?__schema=NAME` or the header `X-Change-Schema`."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote_plus

from django.http import HttpRequest
from django.utils.encoding import escape_uri_path
from django.utils.http import escape_leading_slashes

PARAMETER = "__schema"
SIGNATURE = "__schema_signature"
HEADER = "X-Change-Schema"
#: Where WSGI and ASGI have it; `request.headers` would be made anew for each request.
HEADER_IN_META = "HTTP_X_CHANGE_SCHEMA"

#: The address of the endpoint: the chooser, or with a name (or none at all) a switch.
ENDPOINT = "/__change_schema__/"
ENDPOINT_PATTERN = re.compile(r"\A/__change_schema__(?:/(?P<name>[^/]*)(?P<slash>/?))?\Z")


class Wish(NamedTuple):
    """A schema that a request asks for (empty: none), and whether its address says so."""

    name: str
    is_in_address: bool


def wish_of(request: HttpRequest) -> Wish | None:
    """Return what a request asks for; the address goes before the header."""
    if request.META.get("QUERY_STRING") and PARAMETER in request.GET:
        return Wish(request.GET[PARAMETER], is_in_address=True)
    name = request.META.get(HEADER_IN_META)
    return None if name is None else Wish(name, is_in_address=False)


def is_endpoint(request: HttpRequest) -> bool:
    """Tell whether a request is for the change-schema endpoint."""
    return ENDPOINT_PATTERN.match(request.path_info) is not None


def endpoint_address(request: HttpRequest) -> str:
    """Return the endpoint's address on this site, wherever the site is mounted."""
    prefix: str = request.META.get("SCRIPT_NAME", "")
    return prefix.rstrip("/") + ENDPOINT


def name_in_endpoint(request: HttpRequest) -> str | None:
    """Return the name in the endpoint's address: empty to deselect, None for the chooser."""
    found = ENDPOINT_PATTERN.match(request.path_info)
    if found is None or (not found["name"] and not found["slash"]):
        return None
    return found["name"]


def query_without_parameter(request: HttpRequest) -> str:
    """Return a request's query string without our parameters."""
    return without_parameters(request.META.get("QUERY_STRING", ""))


def without_parameters(query: str) -> str:
    """Return a query string without our parameters; the rest stays as it was written."""
    ours = (PARAMETER, SIGNATURE)
    parts = query.split("&")
    return "&".join(part for part in parts if unquote_plus(part.split("=")[0]) not in ours)


def address_without_parameter(request: HttpRequest) -> str:
    """Return a request's own address without our parameter, never one of another site."""
    path = escape_leading_slashes(escape_uri_path(request.path))
    query = query_without_parameter(request)
    return f"{path}?{query}" if query else path
