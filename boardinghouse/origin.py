"""Where a request comes from, as far as the browser says.

https://www.w3.org/TR/fetch-metadata/; clients that send no such header are not browsers, or old.
"""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from boardinghouse.chooser import choose
from boardinghouse.conf import conf
from boardinghouse.links import is_signed
from boardinghouse.responses import answer
from boardinghouse.wishes import (
    SIGNATURE,
    Wish,
    address_without_parameter,
    is_endpoint,
    name_in_endpoint,
)

PREFETCH_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
PREFETCHES = ("prefetch", "prerender", "preview")


def ask_first(request: HttpRequest, wish: Wish | None) -> HttpResponseBase | None:
    """Return a page that asks, if another site or a prefetch wants to switch; a script is refused.

    An address that was signed for this user and schema goes through, unless it is prefetched; one
    that was signed for others asks wherever it comes from, as one goes on to it after a login.
    """
    wanted = wanted_in(request, wish)
    has_signature = wish is not None and wish.is_in_address and SIGNATURE in request.GET
    if wanted is None or not (is_cross_site(request) or is_prefetch(request) or has_signature):
        return None
    if is_prefetch(request):
        return choose(request, wanted=wanted, status=503)
    if has_signature and is_signed(request, wanted):
        return None
    if wish is not None and not wish.is_in_address:
        return answer(request, _("Another site may not choose your schema."), status=403)
    back = "" if is_endpoint(request) else address_without_parameter(request)
    return choose(request, wanted=wanted, back=back)


def wanted_in(request: HttpRequest, wish: Wish | None) -> str | None:
    """Return the schema that a request wants the session to have, in whichever way."""
    if not is_endpoint(request):
        return None if wish is None else wish.name
    if request.method == "POST" and name_in_endpoint(request) is None:
        return request.POST.get("schema")
    return name_in_endpoint(request)


def is_cross_site(request: HttpRequest) -> bool:
    """Tell whether another site's page caused a request.

    With a database per customer, so is another host's page: it may be another customer's.
    """
    others = {"cross-site", "same-site"} if conf.DATABASE_HOSTS else {"cross-site"}
    return request.headers.get("Sec-Fetch-Site", "").lower() in others


def is_prefetch(request: HttpRequest) -> bool:
    """Tell whether a browser loads a page that nobody has asked to see yet."""
    purposes = [request.headers.get(header, "").lower() for header in PREFETCH_HEADERS]
    return any(word in purpose for purpose in purposes for word in PREFETCHES)
