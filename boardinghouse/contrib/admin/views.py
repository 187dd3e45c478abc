"""JSON for the admin's autocomplete."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.http import HttpRequest

from boardinghouse.chooser import search_visible
from boardinghouse.exceptions import NoActiveSchema
from boardinghouse.schema import get_active_schema_name
from boardinghouse.sharing import is_shared_model


class AutocompleteView(AutocompleteJsonView):
    """The admin's own, which asks for a schema before it looks for private objects."""

    def process_request(self, request: HttpRequest) -> Any:
        found = super().process_request(request)
        if get_active_schema_name() is None and not is_shared_model(found[1].model):
            raise NoActiveSchema
        return found


class SwitcherView(AutocompleteJsonView):
    """The schemata that a person may enter, for the switcher in the header.

    It takes no permission: people see what they may enter.
    """

    def process_request(self, request: HttpRequest) -> Any:
        return request.GET.get("term", "").replace("\x00", ""), None, None, "pk"

    def has_perm(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def get_paginator(self, *args: Any, **kwargs: Any) -> Any:
        return self.paginator_class(*args, **kwargs)

    def get_queryset(self) -> Any:
        return search_visible(self.request.user, self.term)
