"""A readable cookie that says which schema the last response was made in.

Open tabs read it, and since pages vary on cookies, it keeps one schema's pages in the browser's
cache from being shown in another. Nothing on the server ever trusts it.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from boardinghouse.switching import KEY

COOKIE = "boardinghouse_schema"


def mirror_schema(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set the cookie to the session's schema, if the browser does not have it so already.

    Or to the only one there is, where a request from another site has entered it and not stored it.
    """
    schema: Any = request.session.get(KEY) or getattr(request, "visited_schema", "")
    if request.COOKIES.get(COOKIE, "") == schema:
        return
    where: Any = {
        "path": settings.SESSION_COOKIE_PATH,
        "domain": settings.SESSION_COOKIE_DOMAIN,
        "samesite": "Lax",
    }
    if schema:
        response.set_cookie(
            COOKIE,
            schema,
            max_age=settings.SESSION_COOKIE_AGE,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=False,
            **where,
        )
    else:
        # Not set to nothing: Python writes that as "", and scripts would read two quotes.
        response.delete_cookie(COOKIE, **where)
