"""Deleting shared rows: private rows of every schema go, or stay, as their ``on_delete`` says.

Django's ``Collector`` looks for rows that refer to those it deletes in the active schema. Here it
leaves private models out and notes them. When it has all shared rows, each relation's schemata
are found with one statement; and in each schema that has rows a collector of the same class runs
Django's own code for the private relations alone. `boardinghouse.patches` puts this into
``Collector``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import nullcontext
from copy import copy
from typing import Any

from django.db.models import Model, ProtectedError, QuerySet, RestrictedError
from django.db.models.deletion import Collector, get_candidate_relations_to_delete

from boardinghouse.names import TEMPLATE, is_valid_name
from boardinghouse.references import (
    Reference,
    find_schemata,
    refer_by_key,
    refer_somehow,
    survey,
)
from boardinghouse.schema import get_schema_model, override, working_in
from boardinghouse.sharing import is_shared_model
from boardinghouse.stamps import has_schemata

#: Django's own methods, which `boardinghouse.patches` replaces.
DJANGO: Any = {
    name: vars(Collector)[name]
    for name in ("collect", "get_del_batches", "instances_with_model", "delete")
}

#: What a collector gathers to delete; what else a subclass has, such as the admin's tree, is one
#: for all schemata.
GATHERED = ("data", "field_updates", "restricted_objects", "fast_deletes", "dependencies")

#: So many schemata are named in a refusal.
NAMED = 10


class SharedPart:
    """What a collector does beside Django: it keeps to shared rows, and then visits schemata."""

    def __init__(self, collector: Collector) -> None:
        self.collector: Any = collector
        #: The models of shared rows that are being collected, one for the sake of the one before.
        self.levels: list[type[Model]] = []
        self.is_deleting = False
        #: By shared model: what refers to its rows.
        self.noted: dict[type[Model], dict[Any, list[Reference]]] = {}
        #: By schema: the collector of its rows.
        self.collectors: dict[str, Any] = {}

    def collect(self, objs: Any, *args: Any, **kwargs: Any) -> None:
        model = model_of(objs)
        if model is not None and is_shared_model(model):
            self.collect_shared(model, objs, *args, **kwargs)
        elif self.is_of_generic_relation(objs):
            self.note(self.levels[-1], model, [refer_somehow(objs.all())])
        else:
            DJANGO["collect"](self.collector, objs, *args, **kwargs)

    def is_of_generic_relation(self, objs: Any) -> bool:
        """Tell whether a generic relation, or its like, led from a shared row to private ones.

        Keys have been noted before Django asks for what they lead to.
        """
        return (
            bool(self.levels)
            and isinstance(objs, QuerySet)
            and reaches(self.levels[-1], objs.model)
        )

    def collect_shared(self, model: Any, objs: Any, *args: Any, **kwargs: Any) -> None:
        refusals = Refusals()
        self.levels.append(model)
        try:
            with beside_generic_relations(model, objs):
                DJANGO["collect"](self.collector, objs, *args, **kwargs)
        except (ProtectedError, RestrictedError) as error:
            refusals.add(error)
        finally:
            self.levels.pop()
        if not self.levels and self.noted:
            self.visit_schemata(refusals)
        refusals.raise_any()

    def get_batches(self, objs: Any, fields: Any) -> Any:
        batches = DJANGO["get_del_batches"](self.collector, objs, fields)
        model, private = type(objs[0]), fields[0].model
        if not reaches(model, private):
            return batches
        for field in fields:
            rows: QuerySet[Any] = QuerySet(private, using=self.collector.using)
            asked = [rows.filter(**{f"{field.name}__in": batch}) for batch in batches]
            self.note(model, field, [refer_by_key(field, each) for each in asked])
        return []

    def note(self, model: type[Model], relation: Any, references: list[Reference]) -> None:
        self.noted.setdefault(model, {}).setdefault(relation, []).extend(references)

    def visit_schemata(self, refusals: Refusals) -> None:
        """Let a collector gather rows in each schema that has any; nothing is changed yet."""
        noted, self.noted = self.noted, {}
        for schema, relations in sorted(self.find_schemata(noted).items()):
            if schema not in self.collectors:
                self.collectors[schema] = self.make_collector()
            collector = self.collectors[schema]
            with entering(schema):
                for error in collector.boardinghouse.gather(noted, relations, self.collector.data):
                    refusals.add(error, schema)

    def find_schemata(self, noted: Any) -> dict[str, set[Any]]:
        """Return what refers to the rows in each schema: {schema: relations}."""
        using = self.collector.using
        fleet = survey(using, tables_referring_to(noted), noted)
        found: defaultdict[str, set[Any]] = defaultdict(set)
        for relations in noted.values():
            for relation, references in relations.items():
                for each in references:
                    for schema in find_schemata(using, each, fleet):
                        found[schema].add(relation)
        return found

    def make_collector(self) -> Any:
        made: Any = copy(self.collector)
        empty = Collector(self.collector.using)
        for name in GATHERED:
            setattr(made, name, getattr(empty, name))
        made.boardinghouse = PrivatePart(made)
        return made

    def delete(self) -> tuple[int, dict[str, int]]:
        self.deleted: Counter[str] = Counter()
        self.is_deleting = True
        try:
            _total, by_label = DJANGO["delete"](self.collector)
        finally:
            self.is_deleting = False
        self.deleted.update(by_label)
        return self.deleted.total(), dict(self.deleted)

    def delete_in_schemata(self) -> None:
        for schema, collector in self.collectors.items():
            with entering(schema):
                _total, by_label = DJANGO["delete"](collector)
            self.deleted.update(by_label)


class PrivatePart:
    """What a collector in one schema does beside Django: it passes by the shared rows."""

    is_deleting = False
    collectors: Any = ()

    def __init__(self, collector: Any) -> None:
        self.collector = collector
        self.relations: set[Any] = set()

    def gather(self, models: Any, relations: set[Any], shared: Any) -> list[Any]:
        """Collect what refers to shared rows, by these relations; return the refusals."""
        self.relations |= relations
        refusals: list[Any] = []
        *_, last = models
        for model in models:
            try:
                # What is restricted by one relation may be deleted with another.
                DJANGO["collect"](
                    self.collector, list(shared[model]), fail_on_restricted=model is last
                )
            except (ProtectedError, RestrictedError) as error:
                refusals.append(error)
        for model in [each for each in self.collector.data if is_shared_model(each)]:
            del self.collector.data[model]
        return refusals

    def collect(self, objs: Any, *args: Any, **kwargs: Any) -> None:
        model = model_of(objs)
        if model is not None and not is_shared_model(model):
            DJANGO["collect"](self.collector, objs, *args, **kwargs)

    def get_batches(self, objs: Any, fields: Any) -> Any:
        if is_shared_model(type(objs[0])) and self.relations.isdisjoint(fields):
            return []
        return DJANGO["get_del_batches"](self.collector, objs, fields)


class Refusals:
    """Why rows cannot be deleted, in all schemata."""

    def __init__(self) -> None:
        self.errors: list[Any] = []
        self.schemata: defaultdict[str, list[str]] = defaultdict(list)

    def add(self, error: Any, schema: str | None = None) -> None:
        self.errors.append(error)
        if schema is not None:
            self.schemata[error.args[0]].append(schema)

    def raise_any(self) -> None:
        """Raise what Django would, with the objects of all schemata."""
        for kind, objects in (
            (ProtectedError, "protected_objects"),
            (RestrictedError, "restricted_objects"),
        ):
            errors = [error for error in self.errors if isinstance(error, kind)]
            if errors:
                texts = dict.fromkeys(error.args[0] for error in errors)
                found = {each for error in errors for each in getattr(error, objects)}
                raise kind(" ".join(map(self.say, texts)), found) from errors[0]

    def say(self, text: str) -> str:
        schemata = self.schemata[text]
        if not schemata:
            return text
        named = ", ".join(map(repr, schemata[:NAMED]))
        more = f" and {len(schemata) - NAMED} more" if len(schemata) > NAMED else ""
        return f"{text} In schema {named}{more}."


def part_of(collector: Any) -> SharedPart | PrivatePart | None:
    """Return what a collector does beside Django; None on a database without schemata."""
    if not has_schemata(collector.using):
        return None
    if not hasattr(collector, "boardinghouse"):
        collector.boardinghouse = SharedPart(collector)
    part: SharedPart | PrivatePart = collector.boardinghouse
    return part


def model_of(objs: Any) -> type[Model] | None:
    """Return the model of a queryset or of a list of instances; None of an empty list."""
    if hasattr(objs, "model"):
        return objs.model  # type: ignore[no-any-return]
    return type(objs[0]) if objs else None


def reaches(model: type[Model], private: type[Model]) -> bool:
    """Tell whether rows of a private model, in any schema, may refer to a shared model's.

    A row of the schema model goes with its schema: nothing elsewhere is deleted for it.
    """
    if not is_shared_model(model) or is_shared_model(private):
        return False
    # By its label, which the models of migrations have too.
    return (model._meta.concrete_model or model)._meta.label != get_schema_model()._meta.label


def tables_referring_to(models: Any) -> set[str]:
    """Return the private tables with keys to these models, or that refer to them otherwise."""
    keys = (each for model in models for each in get_candidate_relations_to_delete(model._meta))
    by_key: Any = {each.related_model for each in keys}
    others = {
        reference.rows.model
        for relations in models.values()
        for references in relations.values()
        for reference in references
    }
    return {model._meta.db_table for model in by_key | others if not is_shared_model(model)}


def beside_generic_relations(model: Any, objs: Any) -> Any:
    """Return the block to collect a shared model's rows in.

    The admin's collector reads generic relations before it asks ours. If they are private it
    finds what is in the template, where nothing is active and nobody's rows are.
    """
    related = (
        getattr(field, "related_model", None)
        for field in model._meta.private_fields
        if hasattr(field, "bulk_related_objects")
    )
    if any(isinstance(each, type) and reaches(model, each) for each in related):
        len(objs)  # the caller's own query belongs to the caller's schema
        return working_in(TEMPLATE)
    return nullcontext()


def entering(schema: str) -> working_in:
    """Return the block in which a schema's rows are gathered and deleted."""
    return override(schema) if is_valid_name(schema) else working_in(schema)
