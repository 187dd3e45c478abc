"""Migrations of indexes and constraints end the same everywhere; so do the objects they name."""

import pytest
from django.contrib.postgres import operations as pg
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeOperators
from django.contrib.postgres.indexes import BTreeIndex, GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import connection, models
from django.db import migrations as m
from django.db.models import Deferrable, Q
from django.db.models.functions import Lower

from tests.catalog import constraints_of, indexes_of, rows
from tests.migrating.farm import NAMES, faults

EVERYWHERE = ("__template__", *NAMES)


def index(*expressions, model="pen", **options):
    return m.AddIndex(model, models.Index(*expressions, **{"name": "farm_i", **options}))


def constrain(constraint, model="pen"):
    return m.AddConstraint(model, constraint)


def unique(*expressions, **options):
    return models.UniqueConstraint(*expressions, name="farm_u", **options)


POSITIVE = models.CheckConstraint(condition=Q(size__gt=0), name="farm_positive")
NOT_PER_CENT = models.CheckConstraint(condition=~Q(label__contains="%"), name="farm_no_percent")

OPERATIONS = {
    "an index": [index(fields=["size", "-label"])],
    "an index on a shared model": [index(fields=["name"], model="region")],
    "a partial index": [index(fields=["size"], condition=Q(size__gt=3, label__contains="%"))],
    "an expression": [index(Lower("label").desc(), "size")],
    "an index that includes": [index(fields=["size"], include=["label"])],
    "an index with an operator class": [
        index(fields=["label"], opclasses=["varchar_pattern_ops"]),
    ],
    "a GIN index": [
        m.AddField("pen", "document", models.JSONField(null=True)),
        m.AddField("pen", "words", SearchVectorField(null=True)),
        m.AddIndex("pen", GinIndex(fields=["document"], name="farm_g", fastupdate=False)),
        m.AddIndex("pen", GinIndex(fields=["words"], name="farm_w")),
    ],
    "a BTree index with options": [
        m.AddIndex("pen", BTreeIndex(fields=["size"], name="farm_b", fillfactor=70))
    ],
    "remove an index": [index(fields=["size"]), m.RemoveIndex("pen", "farm_i")],
    "rename an index": [
        index(fields=["size"]),
        m.RenameIndex("pen", old_name="farm_i", new_name="farm_k"),
    ],
    "a check": [constrain(POSITIVE)],
    "a check with per cent": [constrain(NOT_PER_CENT)],
    "a check on a shared model": [
        constrain(models.CheckConstraint(condition=~Q(name=""), name="farm_named"), "region")
    ],
    "remove a check": [constrain(POSITIVE), m.RemoveConstraint("pen", "farm_positive")],
    "a unique constraint": [constrain(unique(fields=["size", "label"]))],
    "a deferrable one": [constrain(unique(fields=["size"], deferrable=Deferrable.DEFERRED))],
    "a conditional one": [constrain(unique(fields=["size"], condition=Q(label="x")))],
    "one with an expression": [constrain(unique(Lower("label"), "region"))],
    "one that includes": [constrain(unique(fields=["size"], include=["label"]))],
    "one with an operator class": [
        constrain(unique(fields=["label"], opclasses=["varchar_pattern_ops"]))
    ],
    "remove a unique constraint": [
        constrain(unique(fields=["size"])),
        m.RemoveConstraint("pen", "farm_u"),
    ],
    "remove a conditional one": [
        constrain(unique(fields=["size"], condition=Q(label="x"))),
        m.RemoveConstraint("pen", "farm_u"),
    ],
    "an exclusion": [
        m.AddField("pen", "span", IntegerRangeField(null=True)),
        constrain(
            ExclusionConstraint(
                name="farm_overlap",
                expressions=[("span", RangeOperators.OVERLAPS)],
                condition=Q(size__gt=3),
                deferrable=Deferrable.IMMEDIATE,
            )
        ),
    ],
    "unique together": [
        m.AlterUniqueTogether("pen", {("size", "label")}),
        m.AlterUniqueTogether("pen", {("size", "region")}),
    ],
    "no longer unique together": [
        m.AlterUniqueTogether("pen", {("size", "label")}),
        m.AlterUniqueTogether("pen", set()),
    ],
    "a constraint that is not valid": [pg.AddConstraintNotValid("pen", POSITIVE)],
    "a constraint that is not valid, on a shared model": [
        pg.AddConstraintNotValid(
            "region", models.CheckConstraint(condition=~Q(name=""), name="farm_named")
        )
    ],
    "a constraint that is validated": [
        pg.AddConstraintNotValid("pen", POSITIVE),
        pg.ValidateConstraint("pen", "farm_positive"),
    ],
    "a shared constraint that is validated": [
        pg.AddConstraintNotValid(
            "region", models.CheckConstraint(condition=~Q(name=""), name="farm_named")
        ),
        pg.ValidateConstraint("region", "farm_named"),
    ],
}


@pytest.mark.parametrize("operations", OPERATIONS.values(), ids=OPERATIONS.keys())
def test_schemata_are_like_the_template_and_tables_like_plain_djangos(farm, operations):
    farm.apply(*operations)

    assert faults() == []

    farm.unapply()

    assert faults() == []


def test_nulls_not_distinct_everywhere(farm):
    if connection.pg_version < 150000:
        pytest.skip("NULLS NOT DISTINCT came with PostgreSQL 15")

    farm.apply(constrain(unique(fields=["size"], nulls_distinct=False)))

    assert faults() == []


def test_an_index_for_unnamed_fields_is_renamed_everywhere(farm):
    farm.apply(m.AlterIndexTogether("pen", {("size", "label")}))

    farm.apply(m.RenameIndex("pen", old_fields=("size", "label"), new_name="farm_named"))

    assert faults() == []
    assert all("farm_named" in indexes_of(name, "farm_pen") for name in EVERYWHERE)


def test_a_validation_in_a_migration_of_its_own_goes_to_every_schema(farm):
    farm.apply(pg.AddConstraintNotValid("pen", POSITIVE))

    farm.apply(pg.ValidateConstraint("pen", "farm_positive"))

    assert faults() == []
    assert {
        validated
        for (validated,) in rows(
            "SELECT convalidated FROM pg_constraint WHERE conname = 'farm_positive'"
        )
    } == {True}


def test_a_constraint_that_only_the_template_can_check_names_the_schema_that_breaks_it(farm):
    farm.apply(constrain(POSITIVE))

    assert all("farm_positive" in constraints_of(name, "farm_pen") for name in EVERYWHERE)


def test_an_exclusion_of_equal_numbers_where_the_extension_is(farm):
    if not rows("SELECT FROM pg_available_extensions WHERE name = 'btree_gist'"):
        pytest.skip("this PostgreSQL has no btree_gist")
    farm.twin = False  # It would be given the extension first.
    farm.apply(pg.BtreeGistExtension())
    farm.twin = True

    farm.apply(
        m.AddField("pen", "span", IntegerRangeField(null=True)),
        constrain(
            ExclusionConstraint(
                name="farm_overlap",
                expressions=[("size", RangeOperators.EQUAL), ("span", RangeOperators.OVERLAPS)],
            )
        ),
    )

    assert faults() == []
