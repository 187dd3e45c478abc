"""The schema of a session: chosen, checked and entered at each request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.utils.translation import gettext as _

from boardinghouse import access
from boardinghouse.behind import is_from_schema_behind
from boardinghouse.conditional import keep_apart
from boardinghouse.csrf import csrf_refusal
from boardinghouse.exceptions import Forbidden, SchemaBehind, TemplateSchemaActivation
from boardinghouse.mirror import mirror_schema
from boardinghouse.missing import is_for_want_of_schema, is_from_vanished_schema
from boardinghouse.origin import ask_first, is_cross_site, is_prefetch, wanted_in
from boardinghouse.pinned import get_pinned_schema, is_refused
from boardinghouse.races import keep_later_switches, note_choice, recall_choice
from boardinghouse.responses import answer, ask_to_select, ask_to_wait, refuse
from boardinghouse.schema import activate_schema, begin_request, deactivate_schema, end_request
from boardinghouse.stale import refuse_contradiction, refuse_stale
from boardinghouse.switching import (
    KEY,
    NAME_KEY,
    achange_schema,
    change_schema,
    forget_schema,
    store,
    unasked,
)
from boardinghouse.views import endpoint
from boardinghouse.wishes import (
    HEADER,
    Wish,
    address_without_parameter,
    is_endpoint,
    query_without_parameter,
    wish_of,
)

if TYPE_CHECKING:
    from boardinghouse.models import AbstractSchema

__all__ = ["SchemaMiddleware", "achange_schema", "change_schema"]


class SchemaMiddleware:
    """Enter the session's schema, once its user's membership has been checked.

    Sync and async. A request waits for one round trip more than without us: membership, the
    proof that the schema exists and the ``SET`` are one statement. Stands after the session
    and the authentication middleware.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = keep_apart(get_response)
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._call_async(request)
        response = process_request(request)
        if response is None:
            with ending_in_death():
                response = self.get_response(request)
        return process_response(request, response)

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        response = await sync_to_async(process_request)(request)
        if response is None:
            spare_second_user_query(request)
            with ending_in_death():
                response = await self.get_response(request)
        return process_response(request, response)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Refuse what was meant for another schema than the one that is active now."""
        return refuse_stale(request, may_read_form=not getattr(view, "csrf_exempt", False))

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """Answer what came of having no schema, or of one that vanished; leave all else alone."""
        if isinstance(exception, TemplateSchemaActivation):
            leave(request)
            return refuse(request)
        if is_for_want_of_schema(exception):
            return ask_to_select(request)
        if is_from_vanished_schema(exception):
            leave(request)
            return ask_to_select(request)
        if isinstance(exception, SchemaBehind) or is_from_schema_behind(exception):
            return ask_to_wait(request)
        return None


def process_request(request: HttpRequest) -> HttpResponseBase | None:
    """Start from nothing, then grant what the request asks for or resume what the session has."""
    begin_request(request)
    if not hasattr(request, "session") or not hasattr(request, "user"):
        raise ImproperlyConfigured(
            "boardinghouse.middleware.SchemaMiddleware stands after SessionMiddleware and "
            "AuthenticationMiddleware: move it down in MIDDLEWARE."
        )
    # This loads the user, which may flush the session, and which async views could not do.
    bool(request.user.is_authenticated)
    keep_later_switches(request.session)
    recall_choice(request)
    response = serve_or_enter(request)
    if response is not None:
        add_never_cache_headers(response)
    return response


def serve_or_enter(request: HttpRequest) -> HttpResponseBase | None:
    """Serve the endpoint, or enter a schema and leave the answer to the view (None)."""
    wish = wish_of(request)
    if pinned := get_pinned_schema(request):
        return stay(request, pinned, wish)
    try:
        if is_endpoint(request):
            return ask_first(request, wish) or csrf_refusal(request, endpoint) or endpoint(request)
        if wish is not None:
            return ask_first(request, wish) or grant(request, wish)
        resume(request)
    except Forbidden:
        return refuse(request)
    except SchemaBehind:
        return ask_to_wait(request)
    return None


def stay(
    request: HttpRequest, schema: AbstractSchema, wish: Wish | None
) -> HttpResponseBase | None:
    """Enter the schema that a request is pinned to, and no other; its session stays as it is."""
    activate_schema(schema)
    stays = (None,) if is_endpoint(request) else (None, schema.schema)
    if wanted_in(request, wish) not in stays:
        message = _("This address belongs to one schema. Use the other one's address.")
        return answer(request, message, status=409)
    return endpoint(request) if is_endpoint(request) else None


def grant(request: HttpRequest, wish: Wish) -> HttpResponseBase | None:
    """Give a request the schema that it asks for; raise Forbidden if its user may not."""
    if refusal := csrf_refusal(request):
        return refusal
    if wish.is_in_address and request.method in ("GET", "HEAD"):
        change_schema(request, wish.name)
        return HttpResponseRedirect(address_without_parameter(request))
    if refusal := refuse_contradiction(request, wish.name):
        return refusal
    store(request, wish.name, access.enter)
    if wish.is_in_address:
        request.META["QUERY_STRING"] = query_without_parameter(request)
        del request.GET  # a cached property of what META says
    return None


def resume(request: HttpRequest) -> None:
    """Enter the session's schema, or the only one there is; raise Forbidden if it is lost."""
    name = request.session.get(KEY)
    if not name:
        choose_only_one(request)
        return
    schema = access.enter(request.user, name)
    if schema is None:
        with unasked(request):
            forget_schema(request)
        raise Forbidden
    if request.session.get(NAME_KEY, schema.name) != schema.name:
        request.session[NAME_KEY] = schema.name  # people see it as something else since


def choose_only_one(request: HttpRequest) -> None:
    """Enter the one schema there is to enter, unless a receiver refuses; nothing was asked for."""
    if not request.user.is_authenticated or not (only := access.only_visible(request.user)):
        return
    if is_cross_site(request) or is_prefetch(request):
        visit(request, only)
        return
    with suppress(Forbidden), unasked(request):
        store(request, only.schema, access.enter)


def visit(request: HttpRequest, schema: AbstractSchema) -> None:
    """Enter a schema for this request alone: what another site causes changes no session."""
    if not is_refused(request, schema) and access.enter(request.user, schema.schema):
        request.visited_schema = schema.schema  # type: ignore[attr-defined]


def leave(request: HttpRequest) -> None:
    """Forget the schema, in the session that chose it and in this request."""
    if get_pinned_schema(request) is None:
        with unasked(request):
            forget_schema(request)
    deactivate_schema()


def spare_second_user_query(request: HttpRequest) -> None:
    """Let ``await request.auser()`` return the user that was loaded already."""

    async def auser() -> Any:
        return request.user

    request.auser = auser


def process_response(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Tell the browser which schema it is in."""
    note_choice(request, response)
    mirror_schema(request, response)
    patch_vary_headers(response, (HEADER,))
    return response


@contextmanager
def ending_in_death() -> Iterator[None]:
    """Leave the schema when a view dies of what Django turns into no response.

    A worker that is told to exit sends no `request_finished`.
    """
    try:
        yield
    except BaseException:
        end_request()
        raise
