"""The one class of Django's that we change: ``Collector``, which gathers what is to be deleted.

Private rows in every schema may refer to a shared one, and Django has no hook between finding
what refers to a row and deleting it. `boardinghouse.deletion` is what it does here; rows of
private models, and databases without schemata, keep Django's own code. This file goes when
a ``Model`` or a database backend may name the class that ``delete()`` collects with.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models.deletion import Collector

from boardinghouse.deletion import DJANGO, part_of


def patch_collector() -> None:
    """Put our methods in the place of Django's; to do so twice changes nothing more."""
    for method in (collect, get_del_batches, instances_with_model, delete):
        setattr(Collector, method.__name__, method)


def collect(self: Any, objs: Any, *args: Any, **kwargs: Any) -> None:
    part = part_of(self)
    if part is None:
        DJANGO["collect"](self, objs, *args, **kwargs)
    else:
        part.collect(objs, *args, **kwargs)


def get_del_batches(self: Any, objs: Any, fields: Any) -> Any:
    part = part_of(self)
    if part is None:
        return DJANGO["get_del_batches"](self, objs, fields)
    return part.get_batches(objs, fields)


def instances_with_model(self: Any) -> Iterator[Any]:
    """Yield the shared rows, whose ``pre_delete`` comes first; then it is the schemata's turn."""
    yield from DJANGO["instances_with_model"](self)
    part = part_of(self)
    if part is not None and part.is_deleting:
        part.delete_in_schemata()  # type: ignore[union-attr]


def delete(self: Any) -> tuple[int, dict[str, int]]:
    part = part_of(self)
    if part is None or not part.collectors:
        result: tuple[int, dict[str, int]] = DJANGO["delete"](self)
        return result
    return part.delete()  # type: ignore[union-attr]
