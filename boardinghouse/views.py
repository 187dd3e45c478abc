"""The change-schema endpoint. The middleware serves it; no `urls.py` entry is needed."""

from __future__ import annotations

from posixpath import normpath
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from boardinghouse.chooser import choose
from boardinghouse.responses import accepts_json, answer
from boardinghouse.switching import change_schema
from boardinghouse.wishes import endpoint_address, name_in_endpoint, without_parameters


def endpoint(request: HttpRequest) -> HttpResponse:
    """Serve ``/__change_schema__/`` (choose) and ``/__change_schema__/NAME/`` (switch)."""
    name = name_in_endpoint(request)
    if name is not None:
        return switch(request, name) if request.method in ("GET", "POST") else not_allowed()
    if request.method == "POST":
        if "schema" not in request.POST:
            return answer(request, _("Say which schema: send `schema`."), status=400)
        return switch(request, request.POST["schema"])
    if request.method not in ("GET", "HEAD"):
        return not_allowed()
    return choose(request, back=safe_next(request, request.GET.get("next", "")))


def switch(request: HttpRequest, name: str) -> HttpResponse:
    """Change the session's schema, say so, or go on to where the person came from.

    A script that accepts JSON goes on by itself. Raises Forbidden, which the middleware answers.
    """
    change_schema(request, name)
    accepted = safe_next(request, request.POST.get("next", ""))
    if accepted and not accepts_json(request):
        return HttpResponseRedirect(accepted)
    if not name:
        return answer(request, _("Schema deselected"))
    return answer(request, _("Schema changed to %(name)s") % {"name": name}, schema=name)


def safe_next(request: HttpRequest, address: str) -> str:
    """Return an address of this site that does not switch again, or nothing."""
    safe = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    if not safe or leads_to_endpoint(request, address):
        return ""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(query=without_parameters(parts.query)))


def leads_to_endpoint(request: HttpRequest, address: str) -> bool:
    """Tell whether a browser that is sent to an address, however it is spelt, switches again."""
    followed = urljoin(request.path, address.replace("\\", "/"))
    path = normpath(unquote(urlsplit(followed).path))
    return f"/{path.lstrip('/')}/".startswith(endpoint_address(request))


def not_allowed() -> HttpResponse:
    return HttpResponseNotAllowed(["GET", "POST"])
