"""The pages of the chat. Each works without JavaScript: with it, a room's page is live."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.forms import ModelMultipleChoiceField
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from boardinghouse.contrib.chat.forms import MessageForm
from boardinghouse.contrib.chat.messages import (
    list_messages,
    mark_read,
    read_once,
    say,
    sender_of,
)
from boardinghouse.contrib.chat.models import Member, Room
from boardinghouse.contrib.chat.people import name_of, search_people
from boardinghouse.contrib.chat.rooms import create_room, key_of
from boardinghouse.origin import is_prefetch
from boardinghouse.responses import show
from boardinghouse.schema import get_active_schema, get_active_schema_name

PAGE_SIZE = 50
MEMBERSHIP = Prefetch("membership", Member.objects.select_related("user").order_by("pk"))


@require_safe
@login_required
def room_list(request: HttpRequest) -> HttpResponse:
    """Show a person's rooms in the active schema, the latest first, and what is unread in each.

    Three queries, however many rooms and members there are.
    """
    rooms = Room.objects.with_news(request.user).prefetch_related(MEMBERSHIP)
    page = Paginator(rooms, PAGE_SIZE).get_page(request.GET.get("page"))
    entries = [{"room": room, "title": title_of(room, request.user)} for room in page]
    context = {"entries": entries, "page": page}
    return show_page(request, "boardinghouse_chat/rooms.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_room(request: HttpRequest) -> HttpResponse:
    """Let a person choose, among those who belong to the active schema, whom to talk to."""
    error = ""
    if request.method == "POST":
        try:
            chosen = choose_people(request)
        except ValidationError:
            error = _("Choose somebody who is here.")
        else:
            room_id = create_room([request.user, *chosen])
            return redirect("boardinghouse_chat:chatroom", room_id)
    search = request.GET.get("q", "").strip()
    found = search_people(search).exclude(pk=request.user.pk)
    pages = Paginator(found, PAGE_SIZE)
    page = pages.get_page(request.GET.get("page"))
    context = {
        "error": error,
        "has_search": bool(search) or pages.num_pages > 1,
        "page": page,
        "people": [{"pk": each.pk, "name": name_of(each)} for each in page],
        "search": search,
    }
    return show_page(request, "boardinghouse_chat/new.html", context, status=400 if error else 200)


def choose_people(request: HttpRequest) -> list[Any]:
    """Return whom a form names; raise ValidationError for nobody, and for who is not offered."""
    offered: Any = search_people("").exclude(pk=request.user.pk)
    return list(ModelMultipleChoiceField(offered).clean(request.POST.getlist("people")))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def chatroom(request: HttpRequest, room_id: UUID | str) -> HttpResponse:
    """Show a room of the active schema to somebody who is in it; take what they say by a form.

    Another view may return it, at an address of its own, for a room that `create_room` gave.
    Somebody who is not in the room is told what they would be told if there were none: 404.
    """
    room = find_room(room_id, request.user)
    form, status = MessageForm(), 200
    if request.method == "POST" and "text" in request.POST:
        try:
            once = read_once(request.POST.get("once"))
            say(room.pk, request.user, request.POST["text"], once=once)
        except ValidationError as error:
            form = MessageForm(request.POST)
            form.add_error("text", error)
            status = 429 if error.code == "too_fast" else 400
        else:
            return HttpResponseRedirect(f"{address_of(request, room)}#boardinghouse-chat-end")
    return show_room(request, room, form, status)


def find_room(room_id: UUID | str, user: Any) -> Room:
    with suppress(ValueError):
        for room in (
            Room.objects.of(user).filter(pk=UUID(str(room_id))).prefetch_related(MEMBERSHIP)
        ):
            return room
    raise Http404(_("There is no such room."))


def show_room(request: HttpRequest, room: Room, form: MessageForm, status: int) -> HttpResponse:
    before = read_number(request.GET.get("before"))
    messages, has_earlier = list_messages(room.pk, before=before)
    if messages and before is None and not is_prefetch(request):
        mark_read(room.pk, request.user, messages[-1].pk)
    entries = [
        {"message": each, "sender": sender_of(each), "own": each.sender_id == request.user.pk}
        for each in messages
    ]
    context = {
        "address": address_of(request, room),
        "earlier": messages[0].pk if has_earlier else None,
        "entries": entries,
        "form": form,
        "is_latest": before is None,
        "room": room,
        "schema": get_active_schema_name(),
        "socket": f"{root_of(request)}/ws/chat/{room.pk}/",
        "title": title_of(room, request.user),
    }
    return show_page(request, "boardinghouse_chat/room.html", context, status)


def address_of(request: HttpRequest, room: Room) -> str:
    """Return a room's own address; where the chat has none on this site, that of the request."""
    try:
        return reverse("boardinghouse_chat:chatroom", args=[room.pk])
    except NoReverseMatch:
        return request.path


def root_of(request: HttpRequest) -> str:
    """Return where the site is mounted, without a schema's prefix: sockets are not below it."""
    place = getattr(request, "schema_place", None)
    root: str = place.root if place else request.META.get("SCRIPT_NAME", "")
    return root.rstrip("/")


def read_number(text: str | None) -> int | None:
    """Return the key of the message that a page of history ends before; raise Http404 for none."""
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise Http404(_("There is no such page."))
    return int(text)


def title_of(room: Room, user: Any) -> str:
    """Return what a room is called for one of its members: by the names of the others."""
    others = [member.user for member in room.membership.all() if member.user_id != user.pk]
    if others:
        return ", ".join(map(name_of, others))
    is_alone = room.key == key_of([user.pk])
    return _("Notes to yourself") if is_alone else _("Somebody who has left")


def show_page(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    schema = get_active_schema()
    place = schema.name if schema else ""
    response = show(request, template, {"place": place, **context}, status)
    add_never_cache_headers(response)
    return response
