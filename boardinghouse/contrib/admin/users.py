"""The page of a user: who they are everywhere, and what they may do here."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib.admin import TabularInline, display
from django.contrib.admin.utils import flatten
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from boardinghouse.contrib.admin.options import SchemaAwareAdmin
from boardinghouse.links import schema_url
from boardinghouse.schema import get_active_schema, get_active_schema_name, get_schema_model
from boardinghouse.sharing import is_private_join
from boardinghouse.wishes import endpoint_address

if TYPE_CHECKING:
    InlineBase = TabularInline[Any, Any]
else:
    InlineBase = TabularInline


class SchemaUserAdmin(SchemaAwareAdmin):
    """For the user model: memberships, and groups and permissions that belong to a schema."""

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        inlines = [*super().get_inlines(request, obj)]
        ours = membership_inline(memberships())
        if obj is None or any(inline.model is ours.model for inline in inlines):
            return inlines
        return [*inlines, ours]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        if get_active_schema_name() is not None:
            return fields
        return [*fields, *authorisation_fields(self.model)]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        here = set(authorisation_fields(self.model))
        return [
            (
                title,
                say_where(request, options) if here & set(flatten(options["fields"])) else options,
            )
            for title, options in super().get_fieldsets(request, obj)
        ]


def authorisation_fields(model: type[Model]) -> list[str]:
    """Return the names of a user model's fields whose values belong to a schema."""
    joins: list[Any] = model._meta.many_to_many  # type: ignore[assignment]  # Any: its through
    return [each.name for each in joins if is_private_join(each.remote_field.through)]


def say_where(request: HttpRequest, options: Any) -> dict[str, Any]:
    """Return a fieldset's options with a description that says where its groups count."""
    # What a project wrote there is HTML, as for Django.
    written = mark_safe(options.get("description") or "")
    description = format_html("{}<p>{}</p>", written, where(request))
    return {**options, "description": description}


def where(request: HttpRequest) -> SafeString:
    schema = get_active_schema()
    if schema is not None:
        text = _("Groups and permissions are those in {}; elsewhere this person may have others.")
        return format_html(text, format_html("<strong>{}</strong>", schema.name))
    query = urlencode({"next": request.get_full_path()})
    return format_html(
        '{} <a href="{}?{}">{}</a>',
        _("Groups and permissions belong to a schema, and you are in none."),
        endpoint_address(request),
        query,
        _("Choose one to see and change them."),
    )


def memberships() -> type[Model]:
    """Return the model of the join between schemata and users."""
    field: Any = get_schema_model()._meta.get_field("users")
    through: type[Model] = field.remote_field.through
    return through


class MembershipInline(InlineBase):
    """The schemata that a user belongs to: each a link to this page there.

    Who may change schemata adds and removes them. Others see those that they may enter
    themselves, or all of them if they may view schemata.
    """

    extra = 0
    template = "admin/boardinghouse/memberships.html"
    verbose_name = gettext_lazy("schema")
    verbose_name_plural = gettext_lazy("schemata")
    to_schema: str
    to_user: str

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (self.to_schema, "there") if self.has_add_permission(request, obj) else ("there",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("there",)

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        return (self.to_schema,) if is_searchable(self.admin_site, get_schema_model()) else ()

    def get_queryset(self, request: HttpRequest) -> Any:
        found = super().get_queryset(request).select_related(self.to_schema)
        if super().has_view_permission(request):
            return found
        manager: Any = get_schema_model()._default_manager
        visible = manager.visible_to(request.user).order_by().values("pk")
        return found.filter(**{f"{self.to_schema}__in": visible})

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A membership is added or removed; there is nothing in it to change."""
        return False

    @display(description=gettext_lazy("there"))
    def there(self, membership: Any) -> Any:
        schema = getattr(membership, self.to_schema)
        if schema.schema == get_active_schema_name():
            return format_html("<strong>{}</strong> {}", schema.name, _("(you are here)"))
        options = self.parent_model._meta
        address = reverse(
            f"admin:{options.app_label}_{options.model_name}_change",
            args=[getattr(membership, f"{self.to_user}_id")],
            current_app=self.admin_site.name,
        )
        return format_html('<a href="{}">{}</a>', schema_url(schema.schema, address), schema.name)


@cache
def membership_inline(through: type[Model]) -> type[MembershipInline]:
    """Return the inline for the join between users and schemata, whatever their models are."""
    field: Any = get_schema_model()._meta.get_field("users")
    names = {
        "model": through,
        "to_schema": field.m2m_field_name(),
        "to_user": field.m2m_reverse_field_name(),
        "fk_name": field.m2m_reverse_field_name(),
    }
    return type("MembershipInline", (MembershipInline,), names)


def is_searchable(site: Any, model: type[Model]) -> bool:
    """Tell whether a site can look for a model's objects by autocomplete."""
    return site.is_registered(model) and bool(site.get_model_admin(model).search_fields)
