"""Addresses that switch: plain ones for the site's own pages, signed ones for e-mails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.core import signing
from django.db import router
from django.http import HttpRequest

from boardinghouse.conf import conf
from boardinghouse.schema import get_schema_model
from boardinghouse.wishes import (
    PARAMETER,
    SIGNATURE,
    address_without_parameter,
    endpoint_address,
    is_endpoint,
)

if TYPE_CHECKING:
    from boardinghouse.models import AbstractSchema

SALT = "boardinghouse.links"


def schema_url(schema: str | AbstractSchema | None, url: str, *, user: Any = None) -> str:
    """Return an address that switches to a schema (or to none) and then shows `url`.

    With a user it is signed: bound to that user, that schema and the database of schemata, valid
    for ``BOARDINGHOUSE_SIGNED_LINK_AGE`` seconds, and good for a click in an e-mail or on another
    site.
    """
    name = str(getattr(schema, "schema", schema) or "")
    parameters = {PARAMETER: name}
    if user is not None:
        parameters[SIGNATURE] = signing.dumps(claim(user, name), salt=SALT)
    parts = urlsplit(str(url))  # it may be a lazy one
    query = "&".join(filter(None, [parts.query, urlencode(parameters)]))
    return urlunsplit(parts._replace(query=query))


def is_signed(request: HttpRequest, schema: str) -> bool:
    """Tell whether a request's address was signed for its user and this schema, of late."""
    return bool(read_signature(request) == claim(request.user, schema))


def read_signature(request: HttpRequest) -> Any:
    """Return the claim that a request's address was signed for, of late; None if there is none."""
    try:
        return signing.loads(
            request.GET.get(SIGNATURE, ""), salt=SALT, max_age=conf.SIGNED_LINK_AGE
        )
    except signing.BadSignature:
        return None


def claim(user: Any, schema: str) -> list[str]:
    """Return what a signature says; in two databases users and schemata may have equal keys."""
    return [router.db_for_write(get_schema_model()), str(user.pk), schema]


def address_after_login(request: HttpRequest) -> str:
    """Return where somebody goes on who has to log in first: to a signed link as it is.

    Otherwise to the chooser, and from there on: another site may have made the link.
    """
    if read_signature(request):
        return request.get_full_path()
    back = (
        request.GET.get("next", "") if is_endpoint(request) else address_without_parameter(request)
    )
    return f"{endpoint_address(request)}?{urlencode({'next': back})}"
