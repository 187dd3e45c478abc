"""The database of a request: that of its host."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.http.response import HttpResponseBase

from boardinghouse import schema
from boardinghouse.contrib.databases import receivers
from boardinghouse.contrib.databases.active import begin_request, end_request
from boardinghouse.contrib.databases.hosts import database_of


class DatabaseMiddleware:
    """Work on the database of the request's host, until its response has gone.

    Sync and async. Stands first, so that the session and all else is that database's, and an
    unknown host is told 404 before anything else happens. No round trip.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        receivers.connect_requests()
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._call_async(request)
        alias = begin(request)
        if alias is None:
            return not_found()
        with ending_in_death():
            response: HttpResponseBase = self.get_response(request)
        return response

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        alias = begin(request)
        if alias is None:
            return not_found()
        with ending_in_death():
            response: HttpResponseBase = await self.get_response(request)
        return response


def begin(request: HttpRequest) -> str | None:
    """Begin a request in the database of its host, with no schema active; return its alias."""
    alias = database_of(request)
    schema.begin_request()
    begin_request(alias)
    return alias


def not_found() -> HttpResponse:
    """Say nothing of which hosts there are, and ask no database for a page to say it with."""
    return HttpResponseNotFound("Not Found", content_type="text/plain; charset=utf-8")


@contextmanager
def ending_in_death() -> Iterator[None]:
    """Leave the database when a view dies of what Django turns into no response.

    A worker that is told to exit sends no `request_finished`.
    """
    try:
        yield
    except BaseException:
        end_request()
        raise
