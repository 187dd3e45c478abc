"""What `SchemaAdminSite` mixes into admin classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from asgiref.sync import iscoroutinefunction
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from boardinghouse.contrib.admin.deleting import Confirmation
from boardinghouse.contrib.admin.models import SchemaLogEntry
from boardinghouse.responses import ask_to_select, is_script
from boardinghouse.schema import get_active_schema_name
from boardinghouse.sharing import is_shared_model
from boardinghouse.wishes import endpoint_address

if TYPE_CHECKING:
    from django.core.paginator import Paginator

    Base = admin.ModelAdmin[Any]
else:
    Base = object


class SchemaAwareAdmin(Base):
    """For every model: with no schema active, inlines of private models are left out."""

    def get_inline_instances(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        inlines = super().get_inline_instances(request, obj)
        if get_active_schema_name() is not None:
            return inlines
        return [inline for inline in inlines if is_shared_model(inline.model)]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Say of shared objects what goes in each schema; a project's own method comes first."""
        inherited: Any = super().get_deleted_objects
        is_djangos = inherited.__func__ is admin.ModelAdmin.get_deleted_objects
        if is_djangos and is_shared_model(self.model):
            return Confirmation(request, self.admin_site).read(objs)
        return inherited(objs, request)


class PrivateModelAdmin(SchemaAwareAdmin):
    """For private models: every page needs a schema, and the history is that schema's."""

    def get_urls(self) -> list[Any]:
        return guard_all(super().get_urls(), self)

    def get_paginator(
        self, request: HttpRequest, queryset: Any, *args: Any, **kwargs: Any
    ) -> Paginator[Any]:
        """Keep the entries of other schemata, with their equal keys, out of an object's history.

        ``history_view`` has no hook of its own; only it pages through log entries here.
        """
        if queryset.model is LogEntry:
            ours = SchemaLogEntry.objects.of_schema(get_active_schema_name())
            queryset = queryset.filter(pk__in=ours.values("pk"))
        return super().get_paginator(request, queryset, *args, **kwargs)


def guard_all(urls: Iterable[Any], model_admin: Any) -> list[Any]:
    """Return the same addresses, whose views are not reached while no schema is active."""
    return [
        URLResolver(
            url.pattern,
            guard_all(url.url_patterns, model_admin),
            url.default_kwargs,
            url.app_name,
            url.namespace,
        )
        if isinstance(url, URLResolver)
        else URLPattern(url.pattern, guard(url.callback, model_admin), url.default_args, url.name)
        for url in urls
    ]


def guard(view: Callable[..., Any], model_admin: Any) -> Callable[..., Any]:
    """Send whoever may use the admin to the chooser, in place of a view without a schema.

    A coroutine is left to the middleware, which does the same at its first query.
    """
    if iscoroutinefunction(view):
        return view

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if get_active_schema_name() is None and model_admin.admin_site.has_permission(request):
            return send_to_chooser(request, model_admin.opts.verbose_name_plural)
        return view(request, *args, **kwargs)

    guarded.model_admin = model_admin  # type: ignore[attr-defined]  # as Django's own views
    return guarded


def send_to_chooser(request: HttpRequest, objects: Any) -> HttpResponseBase:
    """Say that these objects belong to a schema, and let the person choose it first."""
    if is_script(request):
        return ask_to_select(request)
    text = _("%(objects)s belong to a schema. Choose one to see them.")
    messages.info(request, text % {"objects": capfirst(str(objects))}, fail_silently=True)
    query = urlencode({"next": request.get_full_path()})
    return HttpResponseRedirect(f"{endpoint_address(request)}?{query}")
