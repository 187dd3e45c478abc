"""Django's CSRF check, before a request changes the session rather than before its view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.urls import Resolver404, resolve

from boardinghouse.views import endpoint

SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")


def csrf_refusal(
    request: HttpRequest, view: Callable[..., Any] | None = None
) -> HttpResponseBase | None:
    """Return Django's refusal if a request that switches fails its CSRF check.

    Django itself checks after all middleware has seen the request; by then the session would
    be changed. A view that is exempt is exempt here.
    """
    if request.method in SAFE_METHODS:
        return None
    check = CsrfViewMiddleware(lambda request: HttpResponse())
    check.process_request(request)
    return check.process_view(request, view or view_of(request), (), {})


def view_of(request: HttpRequest) -> Callable[..., Any]:
    """Return the view that will serve a request; where there is none, one that is checked."""
    try:
        return resolve(request.path_info, getattr(request, "urlconf", None)).func
    except Resolver404:
        return endpoint
