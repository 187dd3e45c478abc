"""The page on which a person chooses a schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers

from boardinghouse import access
from boardinghouse.pinned import get_pinned_schema
from boardinghouse.responses import MUST, login_address, must_select, show
from boardinghouse.schema import get_schema_model
from boardinghouse.switching import KEY
from boardinghouse.wishes import endpoint_address

if TYPE_CHECKING:
    from boardinghouse.models import AbstractSchema

PAGE_SIZE = 50
#: So many words of a search count; each is two conditions, and anybody may send thousands.
MOST_WORDS = 20


def choose(
    request: HttpRequest, *, back: str = "", wanted: str = "", status: int = 200
) -> HttpResponse:
    """Show the schemata that a person may enter, the current one and a wanted one marked.

    Four queries at most, however many there are: how many, a page of them, the wanted one, and the
    current one where it may be on another page.
    """
    search = request.GET.get("q", "").replace("\0", "").strip()  # PostgreSQL's text has no NUL
    pinned = get_pinned_schema(request)
    pages = Paginator(search_visible(request.user, search), PAGE_SIZE)
    page = pages.get_page(request.GET.get("page"))
    selected = pinned.schema if pinned else request.session.get(KEY)
    has_search = bool(search) or pages.num_pages > 1
    context = {
        "back": back or f"{request.META.get('SCRIPT_NAME', '')}/",
        "endpoint": endpoint_address(request),
        "login": login_address(request),
        "page": page,
        "search": search,
        "notice": must_select() if MUST in request.GET else "",
        "has_search": has_search,
        "here": find(request, selected) if has_search else None,
        "selected": selected,
        "wanted": find(request, wanted),
    }
    response = show(request, "boardinghouse/choose.html", context, status=status)
    add_never_cache_headers(response)
    return response


def find(request: HttpRequest, name: str | None) -> AbstractSchema | None:
    """Return the schema of a name, if the person may enter it."""
    return access.visible(request.user, name).first() if name else None


def search_visible(user: Any, search: str) -> Any:
    """Return what a user may enter, in order, narrowed to names that have the words."""
    manager: Any = get_schema_model()._default_manager
    found = manager.visible_to(user).order_by("name", "pk")
    for word in search.split()[:MOST_WORDS]:
        found = found.filter(Q(name__icontains=word) | Q(schema__icontains=word))
    return found
