"""The admin of schemata: `SchemaAdmin`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from boardinghouse.contrib.admin.users import is_searchable
from boardinghouse.exceptions import LockBudgetExceeded, SchemaExists, UncopiableObject
from boardinghouse.middleware import change_schema
from boardinghouse.patience import is_busy
from boardinghouse.schema import (
    deactivate_schema,
    get_active_schema_name,
    get_schema_model,
    override,
)

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
    Form = forms.ModelForm[Any]
else:
    Base, Form = admin.ModelAdmin, forms.ModelForm


#: As Django writes it for a form in which this field was changed: untranslated.
IS_ACTIVE_CHANGED = [{"changed": {"fields": ["Active"]}}]


class SchemaForm(Form):
    """A form that tells as an error what PostgreSQL said when it was saved before."""

    refusal: str | None = None

    def clean(self) -> Any:
        if self.refusal:
            self.add_error("schema", self.refusal)
        return super().clean()


class DropForm(forms.Form):
    """The confirmation that somebody means this schema, and not another one."""

    typed = forms.CharField(
        label=gettext_lazy("Type its name to confirm"),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, schema: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.schema = schema

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed != self.schema:
            text = _("That is not its name. To drop it, type: %(schema)s")
            raise ValidationError(text, params={"schema": self.schema})
        return typed


class SchemaAdmin(Base):
    """Schemata: made and deactivated here, and dropped only by who types the name.

    Inherit it for a schema model of your own.
    """

    form = SchemaForm
    list_display = ("name", "schema", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "schema")
    actions = ("activate_selected", "delete_selected")

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        fields = super().get_autocomplete_fields(request)
        return (*fields, "users") if is_searchable(self.admin_site, get_user_model()) else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return fields if obj is None else (*fields, "schema")

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.refusal = getattr(request, "boardinghouse_refusal", None)
        return form

    def changeform_view(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Save the form; what PostgreSQL refuses is shown in it, as an error."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except (SchemaExists, UncopiableObject, LockBudgetExceeded) as error:
            request.boardinghouse_refusal = str(error)
            return super().changeform_view(request, *args, **kwargs)

    # Deactivating

    @admin.action(
        permissions=["change"],
        description=gettext_lazy("Activate selected %(verbose_name_plural)s"),
    )
    def activate_selected(self, request: HttpRequest, queryset: Any) -> None:
        count = self.set_active(request, queryset.inactive(), is_active=True)
        text = ngettext("%(count)d was activated.", "%(count)d were activated.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @admin.action(
        permissions=["change"],
        description=gettext_lazy("Deactivate selected %(verbose_name_plural)s (deletes nothing)"),
    )
    def delete_selected(self, request: HttpRequest, queryset: Any) -> None:
        """Stands in the place of Django's action of this name."""
        count = self.set_active(request, queryset.active(), is_active=False)
        text = ngettext(
            "%(count)d was deactivated: only superusers may enter it. Nothing was deleted.",
            "%(count)d were deactivated: only superusers may enter them. Nothing was deleted.",
            count,
        )
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    def set_active(self, request: Any, queryset: Any, *, is_active: bool) -> int:
        """Change and log the schemata that are not so already; return how many."""
        changed = list(queryset)
        with transaction.atomic(using=queryset.db):
            queryset.model._default_manager.filter(pk__in=[each.pk for each in changed]).update(
                is_active=is_active
            )
            if changed:
                LogEntry.objects.log_actions(request.user.pk, changed, CHANGE, IS_ACTIVE_CHANGED)
        return len(changed)

    # Dropping

    # A large schema goes in steps, which one transaction around the request would not allow.
    @method_decorator(transaction.non_atomic_requests)
    def delete_view(
        self, request: Any, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Drop the schema, once its name was typed."""
        schema = self.get_object(request, unquote(object_id))
        if not self.has_delete_permission(request, schema):
            raise PermissionDenied
        if schema is None:
            return super().delete_view(request, object_id, extra_context)  # says so
        form = DropForm(request.POST or None, schema=schema.schema)
        if request.method == "POST" and form.is_valid() and self.drop(request, schema, form):
            return self.response_delete(request, str(schema), schema.schema)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Drop this %(kind)s?") % {"kind": self.opts.verbose_name},
            "subtitle": None,
            "object": schema,
            "opts": self.opts,
            "form": form,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/boardinghouse/drop_schema.html", context)

    def drop(self, request: Any, schema: Any, form: DropForm) -> bool:
        """Drop a schema, leave it if it was the active one, and log; tell the form why not."""
        try:
            with override(None):
                schema.delete(drop=True)
        except (LockBudgetExceeded, DatabaseError) as error:
            if not is_refusal(error):
                raise
            form.add_error(None, str(error))
            return False
        if get_active_schema_name() == schema.schema:
            change_schema(request, None)
            deactivate_schema()
        self.log_deletions(request, [schema])  # type: ignore[arg-type]  # it is iterated over
        return True


def is_refusal(error: Exception) -> bool:
    """Tell whether somebody can do something about what kept a schema from being dropped."""
    return isinstance(error, LockBudgetExceeded | IntegrityError) or is_busy(error)


def register_schema_model() -> None:
    """Register the model of schemata with the default site, unless the project has done it."""
    model: Any = get_schema_model()
    if not admin.site.is_registered(model):
        admin.site.register(model, SchemaAdmin)
