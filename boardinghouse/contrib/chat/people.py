"""Who may take part: people who may enter the active schema, now."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import CharField, Q, Value
from django.db.models.functions import Cast

from boardinghouse.access import says_as_we_do
from boardinghouse.exceptions import NoActiveSchema
from boardinghouse.schema import get_active_schema, get_active_schema_name, get_schema_model

#: Where a person's names are, besides the field that they log in with.
NAMES = ("first_name", "last_name")


def may_be_here(users: Iterable[Any]) -> set[Any]:
    """Return the primary keys of those users who may enter the active schema.

    One round trip, however many they are. Where a project has a ``visible_to`` of its own, each
    user is asked for by that: dear in a room of hundreds. Raises NoActiveSchema.
    """
    schema = get_active_schema_name()
    if schema is None:
        raise NoActiveSchema
    manager: Any = get_schema_model()._default_manager
    people = {str(user.pk): user for user in users}
    seen = [
        manager.visible_to(user).filter(pk=schema).order_by().values_list(Value(key, CharField()))
        for key, user in people.items()
        if getattr(user, "is_superuser", False) or not says_as_we_do(manager)
    ]
    if says_as_we_do(manager):
        active = [user.pk for user in people.values() if user.is_active]
        belong = manager.filter(pk=schema, is_active=True, users__in=active).order_by()
        seen.append(belong.values_list(Cast("users", CharField())))
    # Django 6.1 gives the whole the model's own order, by a column that is not among these.
    found = seen[0].union(*seen[1:], all=True).order_by() if seen else []
    return {people[key].pk for (key,) in found}


def search_people(search: str) -> Any:
    """Return the users who belong to the active schema, by name; narrowed to names with all words.

    Superusers may enter without belonging, and so are not listed.
    """
    schema: Any = get_active_schema()
    if schema is None:
        raise NoActiveSchema
    fields = name_fields(schema.users.model)
    people = schema.users.filter(is_active=True)
    for word in search.replace("\0", "").split():  # PostgreSQL's text has no NUL
        people = people.filter(reduce(or_, (Q((f"{field}__icontains", word)) for field in fields)))
    return people.order_by(*fields, "pk")


def name_fields(model: Any) -> list[str]:
    """Return the fields that a person is known by, those that the user model has."""
    return [name for name in (*NAMES, model.USERNAME_FIELD) if has_field(model, name)]


def has_field(model: Any, name: str) -> bool:
    try:
        model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True


def name_of(user: Any) -> str:
    """Return what people call a user: the full name if there is one."""
    full_name = getattr(user, "get_full_name", str)
    return str(full_name() or user.get_username())
