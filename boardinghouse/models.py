"""The model whose rows name the schemata: `AbstractSchema`, and the swappable `Schema`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connections, models, router, transaction
from django.utils.translation import gettext_lazy as _

from boardinghouse import clone, ddl, fleet, journal, removal, spares
from boardinghouse.base import SharedSchemaModel
from boardinghouse.exceptions import BatchFailed, ReplayFailed, SchemaBehind, SchemaNotFound
from boardinghouse.names import PATTERN, TEMPLATE, validate_schema_name
from boardinghouse.patience import patiently
from boardinghouse.schema import working_in
from boardinghouse.signals import schema_created, schemata_deleted, schemata_updated

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

RENAMING_REFUSED = _(
    "A schema cannot be renamed: sessions, stored files, links and caches know it by this name. "
    "Change its display name (`name`) instead."
)


class SchemaQuerySet(models.QuerySet["AbstractSchema"]):
    """Schemata; creating and dropping rows creates and drops the PostgreSQL schemata."""

    def active(self) -> Self:
        """Return the schemata that have not been deactivated."""
        return self.filter(is_active=True)

    def inactive(self) -> Self:
        """Return the schemata that have been deactivated."""
        return self.filter(is_active=False)

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        """Return the schemata that a user may enter.

        A superuser: all, inactive ones included. Everybody else: their own active ones. An
        anonymous or inactive user: none, without a query.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if getattr(user, "is_superuser", False):
            return self.all()
        return self.filter(is_active=True, users=user)

    def mass_create(self, *names: str) -> list[AbstractSchema]:
        """Create a schema for each name, called so too; see `bulk_create`."""
        return self.bulk_create([self.model(schema=name, name=name) for name in names])

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Create rows and their PostgreSQL schemata, and return the objects.

        Outside a transaction they go in batches, each in a transaction of its own, that fit
        PostgreSQL's lock table; when one fails, BatchFailed tells what was made before it.
        Inside ``atomic()`` it is all or nothing, and more than fits is refused with
        LockBudgetExceeded before anything is done. Conflicts cannot be ignored.
        """
        schemata = list(objs)
        self._refuse_conflict_options(kwargs)
        for schema in schemata:
            schema.validate_name()
        if not schemata:
            return []
        connection: Any = connections[self.db]
        if connection.in_atomic_block:
            ddl.require_room(connection, len(schemata), "Creating")
            self._create_batch(connection, schemata)
            self._tell_created(schemata)
        else:
            self._create_batches(connection, schemata)
        return schemata

    def clone(
        self, source: str | AbstractSchema, name: str, *, display_name: str = "", **fields: Any
    ) -> Any:
        """Create a schema with all that another one has, rows too, and return its object.

        `name` is what it is called in the database, and `display_name` (else `name`) what
        people see; `fields` are others of a model of your own. Who may enter is not copied.

        All or nothing; while a shared table is busy it is tried again. The rows are those of one
        moment, whoever writes meanwhile, and sequences go on where the source's stand. Raises
        SchemaNotFound for a source that is not there, SchemaBehind for one that has yet to be
        migrated, SchemaExists, and UncopiableObject for what could not be copied.
        """
        source = source if isinstance(source, str) else source.schema
        copy = self.model(schema=name, name=display_name or name, **fields)
        copy.validate_name()
        connection: Any = connections[self.db]
        with transaction.atomic(using=self.db):
            if not self.filter(pk=source).exists() or not ddl.schema_exists(connection, source):
                raise SchemaNotFound(source)
            # Before it is asked: no migration begins while a copy is made.
            ddl.share_template(connection)
            if fleet.is_behind(connection, source):
                raise SchemaBehind(
                    f"Schema {source!r} has yet to be migrated, and so would its copy. Type "
                    "`manage.py migrate` first."
                )
            patiently(connection, lambda: clone.copy_schema(connection, source, name))
            super().bulk_create([copy])
        copy.remember_name()
        self._tell_created([copy])
        return copy

    clone.alters_data = True  # type: ignore[attr-defined]

    def update(self, **kwargs: Any) -> int:
        if "schema" in kwargs or "pk" in kwargs:
            raise ValidationError({"schema": RENAMING_REFUSED}, code="immutable")
        if not schemata_updated.has_listeners(self.model):
            return super().update(**kwargs)
        names = list(self.values_list("pk", flat=True))
        count = super().update(**kwargs)
        if names:
            schemata_updated.send(sender=self.model, schemata=names, using=self.db)
        return count

    def delete(self, drop: bool = False) -> tuple[int, dict[str, int]]:
        """Deactivate the schemata, or with `drop` drop them and delete their rows.

        Dropped ones go one after the other, each in a transaction of its own, or in several if
        it has more objects than PostgreSQL's lock table holds: see `removal`. Inside
        ``atomic()`` more than fits is refused with LockBudgetExceeded.
        """
        if not drop:
            count = self.update(is_active=False)
            return count, {self.model._meta.label: count} if count else {}
        names = list(self.values_list("pk", flat=True))
        connection: Any = connections[self.db]
        if connection.in_atomic_block:
            removal.require_room(connection, names)
        return self._drop(connection, names)

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    async def adelete(self, drop: bool = False) -> tuple[int, dict[str, int]]:
        return await sync_to_async(self.delete)(drop=drop)

    adelete.alters_data = True  # type: ignore[attr-defined]
    adelete.queryset_only = True  # type: ignore[attr-defined]

    def _drop(self, connection: Any, names: list[str]) -> tuple[int, dict[str, int]]:
        deleted: Counter[str] = Counter()

        def delete_row(name: str) -> None:
            journal.forget_schema(connection, name)
            deleted.update(self._delete_row(connection, name))

        dropped: list[str] = []
        with working_in(None):  # not in one that will be gone
            try:
                for name in names:
                    removal.drop(connection, name, delete_row)
                    dropped.append(name)
            except BaseException:
                if not connection.in_atomic_block:
                    self._tell_deleted(dropped)
                raise
            self._tell_deleted(dropped)
        return deleted.total(), dict(deleted)

    def _tell_deleted(self, names: list[str]) -> None:
        if names:
            schemata_deleted.send(sender=self.model, schemata=names, using=self.db)

    def _delete_row(self, connection: Any, name: str) -> dict[str, int]:
        """Delete a schema's row, with Django's own queryset, whose delete() deletes.

        Private models may have keys to it. They are looked for in the template, where there are
        none; one in another schema makes PostgreSQL refuse.
        """
        rows: models.QuerySet[Any] = models.QuerySet(self.model, using=self.db)
        with working_in(TEMPLATE if ddl.schema_exists(connection, TEMPLATE) else None):
            _count, by_label = rows.filter(pk=name).delete()
            connection.check_constraints()
        return by_label

    def _create_batches(self, connection: Any, schemata: list[Any]) -> None:
        size = ddl.schemata_per_transaction(connection)
        for start in range(0, len(schemata), size):
            batch = schemata[start : start + size]
            try:
                self._create_batch(connection, batch)
            except (DatabaseError, ReplayFailed) as error:
                if not start:
                    raise
                made = [each.schema for each in schemata[:start]]
                raise BatchFailed(made, [each.schema for each in batch]) from error
            self._tell_created(batch)

    def _create_batch(self, connection: Any, batch: list[Any]) -> None:
        with transaction.atomic(using=self.db):
            spares.create_schemata(connection, [schema.schema for schema in batch])
            super().bulk_create(batch)
            for schema in batch:
                schema.remember_making(self.db)

    def _tell_created(self, schemata: list[Any]) -> None:
        for schema in schemata:
            schema_created.send(sender=self.model, schema=schema.schema, using=self.db)

    @staticmethod
    def _refuse_conflict_options(options: dict[str, Any]) -> None:
        if options.get("ignore_conflicts") or options.get("update_conflicts"):
            raise ValueError(
                "Schemata cannot be created with ignore_conflicts or update_conflicts: which of "
                "the PostgreSQL schemata to create could not be known."
            )


class AbstractSchema(SharedSchemaModel):
    """What a model of schemata has; inherit it to add fields (with a ``db_default`` each)."""

    schema = models.CharField(
        _("schema"),
        max_length=63,
        primary_key=True,
        validators=[validate_schema_name],
        help_text=_("The name in the database and in addresses. It cannot be changed."),
    )
    name = models.CharField(
        _("name"), max_length=128, unique=True, help_text=_("The name that people see.")
    )
    is_active = models.BooleanField(
        _("active"),
        default=True,
        db_default=True,
        help_text=_("Only superusers may enter a schema that is not active."),
    )
    users = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("users"),
        related_name="schemata",
        blank=True,
        help_text=_("Who may enter this schema."),
    )

    objects: ClassVar[Any] = SchemaQuerySet.as_manager()

    #: Whether a row that is not there was taken back, or dropped, by this very object.
    _may_make_anew = False

    class Meta:
        abstract = True
        verbose_name = _("schema")
        verbose_name_plural = _("schemata")
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(schema__regex=PATTERN),
                name="%(app_label)s_%(class)s_name_is_safe",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        instance = super().from_db(*args, **kwargs)
        instance.remember_name()
        return instance

    def save(
        self,
        *,
        force_insert: bool | tuple[models.base.ModelBase, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """Save the row; a new one together with its PostgreSQL schema, both or neither.

        Saving again costs a round trip more than in Django, to see that the row is still there.
        Raises ValidationError for a name that no schema may have, or that was changed,
        SchemaExists when another process was first, and SchemaNotFound when another one has
        dropped it meanwhile. What this object made in a transaction that was rolled back, or
        dropped itself, is made anew.
        """
        self.validate_name()
        using = using or router.db_for_write(type(self), instance=self)
        if force_update or update_fields is not None:
            super().save(
                force_insert=force_insert,
                force_update=force_update,
                using=using,
                update_fields=update_fields,
            )
            return
        with transaction.atomic(using=using):
            is_new = self._state.adding or bool(force_insert) or self._is_gone(using)
            if is_new:
                spares.create_schemata(cast("Any", connections[using]), [self.schema])
            super().save(force_insert=force_insert or is_new, using=using)
            if is_new:
                self.remember_making(using)
        if is_new:
            schema_created.send(sender=type(self), schema=self.schema, using=using)

    save.alters_data = True  # type: ignore[attr-defined]

    def delete(
        self, using: str | None = None, keep_parents: bool = False, *, drop: bool = False
    ) -> tuple[int, dict[str, int]]:
        """Deactivate the schema, or with `drop` drop it with all that is in it."""
        rows = SchemaQuerySet(type(self), using=using or self._state.db).filter(pk=self.pk)
        deleted = rows.delete(drop=drop)
        if drop:
            self._may_make_anew = True
        else:
            self.is_active = False
        return deleted

    delete.alters_data = True  # type: ignore[attr-defined]

    async def adelete(
        self, using: str | None = None, keep_parents: bool = False, *, drop: bool = False
    ) -> tuple[int, dict[str, int]]:
        return await sync_to_async(self.delete)(using=using, drop=drop)

    adelete.alters_data = True  # type: ignore[attr-defined]

    def validate_name(self) -> None:
        """Raise ValidationError if no schema may have this name, or if it was changed."""
        try:
            validate_schema_name(self.schema)
        except ValidationError as error:
            raise ValidationError({"schema": error.messages}, code=error.code) from None
        if not self._state.adding and self.schema != self.__dict__.get("_saved_name", self.schema):
            raise ValidationError({"schema": RENAMING_REFUSED}, code="immutable")

    def remember_name(self) -> None:
        """Note the name that the row has, so that a change of it can be refused."""
        self.__dict__["_saved_name"] = self.schema

    def remember_making(self, using: str) -> None:
        """Note that this object has made the schema, for good once the transaction is committed."""
        self.remember_name()
        self._may_make_anew = True
        transaction.on_commit(self._remember_commit, using=using)

    def _remember_commit(self) -> None:
        self._may_make_anew = False

    def _is_gone(self, using: str) -> bool:
        """Tell whether there is no row, and this object may make it anew; else lock the row.

        Django would insert a row that an update does not find, and it would have no schema.
        """
        rows = type(self)._base_manager.using(using).filter(pk=self.pk)
        if rows.select_for_update(no_key=True).exists():
            return False
        if self._state.db == using and not self._may_make_anew:
            raise SchemaNotFound(self.schema)
        return True


class Schema(AbstractSchema):
    """The model of schemata, unless ``BOARDINGHOUSE_SCHEMA_MODEL`` names another one."""

    class Meta(AbstractSchema.Meta):
        abstract = False
        swappable = "BOARDINGHOUSE_SCHEMA_MODEL"
