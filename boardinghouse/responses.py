"""What we answer: a page for people, text or JSON for scripts."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.apps import apps
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import resolve_url
from django.template import TemplateDoesNotExist
from django.template.backends.django import DjangoTemplates
from django.template.loader import get_template
from django.urls import NoReverseMatch, is_valid_path
from django.utils.translation import gettext as _

from boardinghouse.exceptions import NoActiveSchema
from boardinghouse.links import address_after_login
from boardinghouse.wishes import endpoint_address

logger = logging.getLogger("boardinghouse")

#: Seconds after which to ask again for a schema that is being migrated.
RETRY_AFTER = 10
#: The parameter of the chooser's address that lets it say that a schema must be selected.
MUST = "must"


def answer(
    request: HttpRequest, message: str, *, schema: str | None = None, status: int = 200
) -> HttpResponse:
    """Say in a short message what happened: as JSON for who accepts it, else as text."""
    if accepts_json(request):
        return JsonResponse({"schema": schema, "message": message}, status=status)
    return HttpResponse(message, status=status, content_type="text/plain; charset=utf-8")


def refuse(request: HttpRequest) -> HttpResponse:
    """Refuse a schema: the same for one that is forbidden and one that does not exist."""
    message = _("You may not enter that schema.")
    if is_person(request):
        context = {
            "message": message,
            "address": endpoint_address(request),
            "login": login_address(request),
        }
        return show(request, "boardinghouse/refused.html", context, status=403)
    return answer(request, message, status=403)


def login_address(request: HttpRequest) -> str:
    """Return where an anonymous person logs in, and then goes on; empty for everybody else.

    Empty, too, where a project has not said where (``LOGIN_URL``) and there is no such page.
    """
    configured: Any = settings
    is_known = configured.is_overridden("LOGIN_URL") or is_valid_path(configured.LOGIN_URL)
    if request.user.is_authenticated or not is_known:
        return ""
    try:
        parts = urlsplit(resolve_url(configured.LOGIN_URL))
    except NoReverseMatch:
        return ""
    query = QueryDict(parts.query, mutable=True)
    query["next"] = address_after_login(request)
    return urlunsplit(parts._replace(query=query.urlencode(safe="/")))


def ask_to_wait(request: HttpRequest) -> HttpResponse:
    """Say that the schema is being migrated, and when to come back (RFC 9110, 15.6.4)."""
    message = _("This schema is being updated. Please try again in a moment.")
    if is_person(request):
        response = show(request, "boardinghouse/updating.html", {"message": message}, status=503)
    else:
        response = answer(request, message, status=503)
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def ask_to_select(request: HttpRequest) -> HttpResponse:
    """Say that a schema must be selected: an error for scripts, the chooser for people."""
    if is_script(request):
        return answer(request, must_select(), status=400)
    query = {"next": request.get_full_path()}
    try:
        messages.error(request, must_select())
    except messages.MessageFailure:  # without django.contrib.messages the chooser says it
        query[MUST] = "select"
    return HttpResponseRedirect(f"{endpoint_address(request)}?{urlencode(query)}")


def must_select() -> str:
    """Return what somebody is told who has been nowhere and must be somewhere."""
    return _("You must select a schema to access that resource")


def show(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render one of our pages; with our own template where a project's engines do not find it.

    Or where a context processor of the project, or its template, needs a schema: nobody could
    choose one. A refusal must not become an error, after which the session would not be saved.
    """
    # Beside the admin, our pages have its looks, and the light or dark that was chosen there.
    context = {"is_admin_installed": apps.is_installed("django.contrib.admin"), **context}
    try:
        found: Any = get_template(template)
    except TemplateDoesNotExist:
        found = own_engine().get_template(template)
    try:
        page = found.render(context, request)
    except NoActiveSchema as error:
        logger.warning("%s was shown as we have it, without your templates: %s", template, error)
        page = own_engine().get_template(template).render(context, request)
    return HttpResponse(page, status=status)


@cache
def own_engine() -> DjangoTemplates:
    """Return a template engine that knows our templates."""
    processors = [
        "django.template.context_processors.request",
        "django.contrib.messages.context_processors.messages",
    ]
    return DjangoTemplates(
        {
            "NAME": "boardinghouse",
            "DIRS": [Path(__file__).parent / "templates"],
            "APP_DIRS": False,
            "OPTIONS": {"context_processors": processors},
        }
    )


def accepts_json(request: HttpRequest) -> bool:
    """Tell whether a request asks for JSON by name."""
    return "application/json" in request.headers.get("Accept", "").lower()


def is_script(request: HttpRequest) -> bool:
    """Tell whether a script sent a request: one that a redirect to a page would not help."""
    return (
        request.headers.get("X-Requested-With") == "XMLHttpRequest"
        or "HX-Request" in request.headers
        or accepts_json(request)
        or request.content_type == "application/json"
    )


def is_person(request: HttpRequest) -> bool:
    """Tell whether a browser shows the answer to a person."""
    return "text/html" in request.headers.get("Accept", "") and not is_script(request)
