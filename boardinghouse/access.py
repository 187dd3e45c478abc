"""May this user enter this schema, and enter it: one statement for both."""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connections
from django.db.models import Func, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.lookups import IsNull
from django.db.models.manager import BaseManager

from boardinghouse.behind import refuse_behind
from boardinghouse.journal import PENDING
from boardinghouse.names import compose_path, is_valid_name, quote
from boardinghouse.schema import activate_schema, get_schema_model

if TYPE_CHECKING:
    from boardinghouse.models import AbstractSchema, SchemaQuerySet

MIGRATING = "boardinghouse_is_migrating"


def visible(user: Any, name: str) -> SchemaQuerySet:
    """Return the schema of this name, if the user may enter it and PostgreSQL has it."""
    manager: Any = get_schema_model()._default_manager
    seen: SchemaQuerySet = manager.visible_to(user)
    if not is_valid_name(name):
        return seen.none()
    found: SchemaQuerySet = there(seen, name, Value(quote(name)))
    return found


def enter(user: Any, name: str) -> AbstractSchema | None:
    """Activate a schema if the user may enter it; return it, or None. One statement."""
    schema = prepare(user, name)
    if schema is not None:
        activate_schema(schema, using=get_schema_model()._default_manager.db)
    return schema


def prepare(user: Any, name: str) -> AbstractSchema | None:
    """Return a schema if the user may enter it, ready to be activated without a round trip.

    Membership, the proof that the schema exists and the ``SET`` are one statement. While a
    migration is at work, another one raises SchemaBehind if the schema is waiting for it.
    """
    manager: Any = get_schema_model()._default_manager
    statement = compiled(manager.model, manager.db, bool(getattr(user, "is_superuser", False)))
    if statement is None:
        found = setting_path(visible(user, name), Value(compose_path(name)))
        schema: AbstractSchema | None = next(iter(found), None)
        is_migrating = bool(getattr(schema, MIGRATING, False))
    elif is_valid_name(name) and user.is_authenticated and user.is_active:
        schema, is_migrating = statement.run(user, name)
    else:
        schema = None
    if schema is not None:
        connection: Any = connections[manager.db]
        connection.believe_path(name)
        if is_migrating:
            refuse_behind(connection, name)
    return schema


def only_visible(user: Any) -> AbstractSchema | None:
    """Return the one schema that the user may enter; None if there are none, or several."""
    manager: Any = get_schema_model()._default_manager
    found = list(manager.visible_to(user).order_by()[:2])
    return found[0] if len(found) == 1 else None


def there(seen: Any, name: Any, quoted: Any) -> Any:
    """Return the schema of a name among those seen, if PostgreSQL has it."""
    exists = Func(quoted, function="to_regnamespace", output_field=TextField())
    return seen.filter(IsNull(exists, False), pk=name).order_by()


def setting_path(found: Any, path: Any) -> Any:
    """Return the queryset that also sets the search path if it finds its row.

    And tells whether there is a journal of a migration that some schemata have yet to do.
    """
    set_path = Func(
        Value("search_path"), path, Value(False), function="set_config", output_field=TextField()
    )
    journal = Func(Value(f"public.{PENDING}"), function="to_regclass", output_field=TextField())
    return found.annotate(
        **{"boardinghouse_search_path": set_path, MIGRATING: IsNull(journal, False)}
    )


# The ORM takes three times as long to build the statement as PostgreSQL to run it, and it is
# the same at every request but for four values. What is kept is its text; each request asks.


class Slot(Enum):
    """What differs from one request to the next."""

    USER = 0
    NAME = 1
    QUOTED = 2
    PATH = 3


class AnyUser(RawSQL):
    """Stands, while the statement is compiled, for everybody who may log in."""

    is_authenticated = is_active = True

    def __init__(self, is_superuser: bool) -> None:
        super().__init__("%s", [Slot.USER])
        self.is_superuser = is_superuser


class Statement(NamedTuple):
    """SQL that enters a schema, its parameters with slots among them, and what it returns."""

    model: Any
    using: str
    sql: str
    params: tuple[Any, ...]
    fields: tuple[str, ...]

    def run(self, user: Any, name: str) -> tuple[AbstractSchema | None, bool]:
        """Return the schema, with the path set to it, if the user may enter it.

        And whether a migration is at work.
        """
        connection: Any = connections[self.using]
        values = {
            Slot.USER: user._meta.pk.get_db_prep_value(user.pk, connection),
            Slot.NAME: name,
            Slot.QUOTED: quote(name),
            Slot.PATH: compose_path(name),
        }
        with connection.cursor() as cursor:
            cursor.execute(
                self.sql,
                [values[each] if isinstance(each, Slot) else each for each in self.params],
            )
            row = cursor.fetchone()
        if row is None:
            return None, False
        schema: AbstractSchema = self.model.from_db(self.using, self.fields, row[:-2])
        return schema, row[-1]


@cache
def compiled(model: Any, using: str, is_superuser: bool) -> Statement | None:
    """Compile the statement; None where more than its slots might differ between requests.

    That is where a project's own manager or queryset says who may enter, or where values are
    converted on their way from PostgreSQL.
    """
    manager = model._default_manager
    if not says_as_we_do(manager):
        return None
    name, quoted, path = (RawSQL("%s", [each]) for each in (Slot.NAME, Slot.QUOTED, Slot.PATH))
    seen = manager.using(using).visible_to(AnyUser(is_superuser))
    compiler = setting_path(there(seen, name, quoted), path).query.get_compiler(using)
    sql, params = compiler.as_sql()
    columns = [column for column, *_ in compiler.select]
    if compiler.get_converters(columns):
        return None
    fields = tuple(column.target.attname for column in columns[:-2])
    return Statement(model, using, sql, tuple(params), fields)


def says_as_we_do(manager: Any) -> bool:
    """Tell whether a manager leaves to our queryset what there is and who may enter."""
    from boardinghouse.models import SchemaQuerySet  # a project's models may import us first

    queryset: Any = manager._queryset_class
    return (
        type(manager).get_queryset is BaseManager.get_queryset
        and queryset.visible_to is SchemaQuerySet.visible_to
        and queryset.filter is SchemaQuerySet.filter
    )
