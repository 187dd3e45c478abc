"""The admin site that knows schemata."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.db.models.base import ModelBase
from django.http import HttpRequest
from django.urls import path
from django.utils.translation import gettext as _

from boardinghouse.contrib.admin.fitting import fit
from boardinghouse.contrib.admin.models import SchemaLogEntry
from boardinghouse.contrib.admin.views import AutocompleteView, SwitcherView
from boardinghouse.responses import ask_to_select
from boardinghouse.schema import get_active_schema, get_active_schema_name
from boardinghouse.sharing import is_shared_model

PAGES_OF_SITE = ("index", "app_list")
FORMS = ("_add", "_change")


class SchemaAdminSite(AdminSite):
    """Django's admin site, whose pages say whose objects they show.

    ``register()`` mixes what that takes into each admin class: see
    `boardinghouse.contrib.admin.options`. Your own classes stay as they are.
    """

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        if isinstance(model_or_iterable, ModelBase):
            model_or_iterable = [model_or_iterable]
        for model in model_or_iterable:
            super().register(model, fit(admin_class or ModelAdmin, model), **options)

    def get_urls(self) -> list[Any]:
        schemata = self.admin_view(SwitcherView.as_view(admin_site=self))
        return [path("schemata.json", schemata, name="boardinghouse_schemata"), *super().get_urls()]

    def autocomplete_view(self, request: HttpRequest) -> Any:
        return AutocompleteView.as_view(admin_site=self)(request)

    def app_index(self, request: HttpRequest, app_label: str, extra_context: Any = None) -> Any:
        """Send to the chooser whoever sees nothing of an app for want of a schema."""
        is_missing = get_active_schema_name() is None and self.has_private_models(app_label)
        if is_missing and not self.get_app_list(request, app_label):
            return ask_to_select(request)
        return super().app_index(request, app_label, extra_context)

    def has_private_models(self, app_label: str) -> bool:
        models = (each for each in self._registry if each._meta.app_label == app_label)
        return not all(map(is_shared_model, models))

    def get_log_entries(self, request: HttpRequest) -> Any:
        """Return the entries of the active schema and of shared objects."""
        entries = SchemaLogEntry.objects.select_related("content_type", "user")
        return entries.seen_from(get_active_schema_name())

    def each_context(self, request: Any) -> dict[str, Any]:
        return {**super().each_context(request), **self.describe_page(request)}

    def describe_page(self, request: HttpRequest) -> dict[str, Any]:
        """Say whose objects a page shows, and why one cannot switch there. No query."""
        match = request.resolver_match
        if match is None or not self.has_permission(request):
            return {}
        page = getattr(match.func, "model_admin", None)
        if page is None:
            is_of_site = match.url_name in PAGES_OF_SITE
            return {"is_schema_missing": is_of_site and get_active_schema_name() is None}
        if is_shared_model(page.model):
            return self.describe_inlines(request, page)
        is_one_object = "object_id" in match.kwargs
        return {
            "schema_of_page": get_active_schema(),
            "schema_switcher_disabled": self.reason_to_stay(page.model) if is_one_object else "",
        }

    def describe_inlines(self, request: Any, page: Any) -> dict[str, Any]:
        """Say whose rows stand on the page of a shared object, or why they do not."""
        is_form = request.resolver_match.url_name.endswith(FORMS)
        if not is_form or all(
            is_shared_model(each.model) for each in page.get_inlines(request, None)
        ):
            return {}
        schema = get_active_schema()
        return {"schema_of_inlines": schema, "is_schema_missing": schema is None}

    def reason_to_stay(self, model: Any) -> str:
        return _("This %(object)s belongs here. Leave it to go elsewhere.") % {
            "object": model._meta.verbose_name
        }
