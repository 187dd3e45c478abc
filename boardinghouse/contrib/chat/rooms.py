"""The one room of a set of users."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from boardinghouse.contrib.chat.models import Member, Room
from boardinghouse.contrib.chat.people import may_be_here
from boardinghouse.exceptions import Forbidden, NoActiveSchema
from boardinghouse.schema import get_active_schema_name


def create_room(users: Iterable[Any]) -> uuid.UUID:
    """Return the key of the one room of exactly these users in the active schema; make it at need.

    Order does not matter, and who is named twice counts once. Two callers at once get the same
    room: PostgreSQL has a unique key on who is in it. Six round trips for a room that is there,
    whatever its size.

    Raises NoActiveSchema; ValueError for nobody; TypeError for what is no user; Forbidden, which
    Django answers with 403, if one of them may not enter the schema (as an inactive, anonymous
    or deleted user).
    """
    if get_active_schema_name() is None:
        raise NoActiveSchema("A room is in a schema, and none is active. Activate one first.")
    people = list(users)
    refuse_nobody(people)
    refuse_outsiders(people)
    keys = {user.pk for user in people}
    with transaction.atomic(using=Room.objects.db):
        room, _created = Room.objects.get_or_create(key=key_of(keys))
        Member.objects.bulk_create(
            [Member(room=room, user_id=key) for key in keys], ignore_conflicts=True
        )
    return room.pk


def key_of(keys: Iterable[Any]) -> str:
    """Return the digest of a set of users: a key in an index, which could not hold them all."""
    return hashlib.sha256(json.dumps(sorted(map(str, keys))).encode()).hexdigest()


def refuse_nobody(people: list[Any]) -> None:
    if not people:
        raise ValueError("A room needs somebody: give create_room() at least one user.")
    for each in people:
        # A lazy user says that it is what it wraps; an anonymous one is refused below.
        if not hasattr(each, "is_authenticated"):
            raise TypeError(
                f"{each!r} is no user: give create_room() objects of {get_user_model().__name__}."
            )


def refuse_outsiders(people: list[Any]) -> None:
    """Raise Forbidden, with their names, if some may not enter the active schema now."""
    asked = {user.pk: user for user in people}
    current = get_user_model()._default_manager.filter(pk__in=asked.keys() - {None})
    welcome = may_be_here(current)
    outsiders = [f"{str(user)!r}" for key, user in asked.items() if key not in welcome]
    if outsiders:
        raise Forbidden(
            f"{', '.join(outsiders)} may not enter schema {get_active_schema_name()!r}, and so "
            "cannot be in a room there. Add them to the schema's users first, and see that they "
            "are active."
        )
