"""The admin's log with the schema in which each entry was written."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import ACTION_FLAG_CHOICES, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from boardinghouse.base import SharedSchemaMixin
from boardinghouse.links import schema_url
from boardinghouse.sharing import is_shared_model


class SchemaLogQuerySet(models.QuerySet["SchemaLogEntry"]):
    def seen_from(self, schema: str | None) -> Self:
        """Return the entries about one schema's objects (None: no schema's), and shared ones."""
        return self.filter(Q(schema=schema or "") | about_shared_objects())

    def of_schema(self, schema: str | None) -> Self:
        """Return the entries that were written in one schema; none for None."""
        return self.filter(schema=schema or "")


class SchemaLogEntry(SharedSchemaMixin, models.Model):  # noqa: DJ008 it has Django's __str__
    """A row of the admin's own log, with the column that our migration adds to it.

    For reading. What writes a ``LogEntry``, in whatever way, need not know of the column: it
    has a default in the database.
    """

    action_time = models.DateTimeField(_("action time"), editable=False)
    # Django's own model has the constraints: altering the key of users makes them anew, once.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        verbose_name=_("user"),
        related_name="+",
        db_constraint=False,
    )
    content_type = models.ForeignKey(
        ContentType,
        models.DO_NOTHING,
        verbose_name=_("content type"),
        null=True,
        related_name="+",
        db_constraint=False,
    )
    object_id = models.TextField(_("object id"), null=True)  # noqa: DJ001 as Django's
    object_repr = models.CharField(_("object repr"), max_length=200)
    action_flag = models.PositiveSmallIntegerField(_("action flag"), choices=ACTION_FLAG_CHOICES)
    change_message = models.TextField(_("change message"))
    schema = models.CharField(_("schema"), max_length=63, null=True)  # noqa: DJ001 no schema

    objects: ClassVar[Any] = SchemaLogQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = LogEntry._meta.db_table
        default_permissions = ()
        ordering = ("-action_time",)
        verbose_name = _("log entry")
        verbose_name_plural = _("log entries")

    # Plain functions, which ask only for fields that this model has too.
    __str__: Any = LogEntry.__str__
    is_addition: Any = LogEntry.is_addition
    is_change: Any = LogEntry.is_change
    is_deletion: Any = LogEntry.is_deletion
    get_change_message: Any = LogEntry.get_change_message
    get_edited_object: Any = LogEntry.get_edited_object

    def get_admin_url(self) -> str | None:
        """Return the address of the object's page, with its schema if it belongs to one.

        A tab stays open while another one switches; the link still leads to the right object.
        """
        as_djangos: Any = LogEntry.get_admin_url
        url: str | None = as_djangos(self)
        if url and self.schema and self.is_about_private_object():
            return schema_url(self.schema, url)
        return url

    def is_about_private_object(self) -> bool:
        """Tell whether the object's model is private."""
        model = self.content_type.model_class() if self.content_type else None
        return model is not None and not is_shared_model(model)


def about_shared_objects() -> Q:
    """Return the condition on log entries that are about objects of shared models."""
    by_app: dict[str, list[str]] = {}
    for model in apps.get_models():
        if is_shared_model(model):
            by_app.setdefault(model._meta.app_label, []).append(str(model._meta.model_name))
    condition = Q(pk__in=[])
    for app, names in by_app.items():
        condition |= Q(content_type__app_label=app, content_type__model__in=names)
    return condition
