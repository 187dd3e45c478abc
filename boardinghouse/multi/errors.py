"""What a query over many schemata cannot do."""

from __future__ import annotations

from typing import NoReturn

from django.db import NotSupportedError
from django.db.models import Model

from boardinghouse.exceptions import BoardinghouseError


class MultiSchemaError(BoardinghouseError, NotSupportedError):
    """A query over many schemata cannot do this."""


def refuse_relation(model: type[Model], reached: type[Model]) -> NoReturn:
    """Refuse a query over one model that would read another, private one."""
    raise MultiSchemaError(
        f"{model._meta.label}: a query over many schemata would reach {reached._meta.label}, "
        "which is private, in the active schema only. Leave that relation out (a key's own "
        "column, like account_id, may stay), or make a query over the same schemata of it."
    )


def refuse_keys(model: type[Model], reached: type[Model]) -> NoReturn:
    """Refuse to find rows by keys that a query over many schemata reads: they repeat."""
    raise MultiSchemaError(
        f"{model._meta.label}: keys of {reached._meta.label} from many schemata would be matched "
        "by number alone, across schemata. Say that rows of one schema belong together: "
        'filter(Exists(query.filter(pk=OuterRef("KEY"), schema=OuterRef("schema")))).'
    )


def refuse_combination(model: type[Model]) -> NoReturn:
    """Refuse to combine a query over many schemata with another query."""
    raise MultiSchemaError(
        f"{model._meta.label}: a query over many schemata can be combined, by & | ^ and before it "
        "is sliced, with one over the same schemata only; and not by union(), intersection() or "
        "difference(). To read more schemata, name them all in from_schemata()."
    )
