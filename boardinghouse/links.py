"""Addresses that switch: plain ones for the site's own pages, signed ones for e-mails."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.core import signing
from django.http import HttpRequest

from boardinghouse.conf import conf
from boardinghouse.wishes import PARAMETER, SIGNATURE

SALT = "boardinghouse.links"


def schema_url(schema: str, url: str, *, user: Any = None) -> str:
    """Return an address that switches to a schema and then shows `url`.

    With a user it is signed: bound to that user and that schema, valid for
    ``BOARDINGHOUSE_SIGNED_LINK_AGE`` seconds, and good for a click in an e-mail or on another site.
    """
    parameters = {PARAMETER: schema}
    if user is not None:
        parameters[SIGNATURE] = signing.dumps([str(user.pk), schema], salt=SALT)
    parts = urlsplit(url)
    query = "&".join(filter(None, [parts.query, urlencode(parameters)]))
    return urlunsplit(parts._replace(query=query))


def is_signed(request: HttpRequest, schema: str) -> bool:
    """Tell whether a request's address was signed for its user and this schema, of late."""
    try:
        signed = signing.loads(
            request.GET.get(SIGNATURE, ""), salt=SALT, max_age=conf.SIGNED_LINK_AGE
        )
    except signing.BadSignature:
        return False
    return bool(signed == [str(request.user.pk), schema])
