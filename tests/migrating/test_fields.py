"""Migrations of fields end the same in the template, in every schema, and in plain Django."""

import pytest
from django.db import connection, models
from django.db import migrations as m
from django.db.models.deletion import CASCADE
from django.db.models.functions import Lower, Now

from boardinghouse.names import TEMPLATE
from boardinghouse.operations import PerSchema, Shared
from tests.catalog import catalog, columns_of
from tests.migrating.farm import NAMES, faults, private, shared


def big():
    return models.BigAutoField(primary_key=True)


def text():
    return models.CharField(max_length=9, primary_key=True)


OPERATIONS = {
    "add a field": [m.AddField("animal", "n", models.IntegerField(null=True))],
    "add a field with a default": [m.AddField("animal", "n", models.IntegerField(default=3))],
    "add a field with a default of the database": [
        m.AddField("animal", "n", models.IntegerField(db_default=3)),
        m.AddField("animal", "at", models.DateTimeField(db_default=Now())),
    ],
    "add an indexed field": [
        m.AddField("animal", "n", models.CharField(max_length=5, default="", db_index=True))
    ],
    "add a unique field": [
        m.AddField("animal", "n", models.CharField(max_length=5, null=True, unique=True))
    ],
    "add a generated field": [
        m.AddField(
            "animal",
            "low",
            models.GeneratedField(
                expression=Lower("name"),
                output_field=models.CharField(max_length=9),
                db_persist=True,
            ),
        )
    ],
    "add a field with a comment": [
        m.AddField("animal", "n", models.IntegerField(null=True, db_comment="it's"))
    ],
    "add a field with a collation": [
        m.AddField("animal", "n", models.CharField(max_length=9, null=True, db_collation="C"))
    ],
    "add a key to a shared model": [
        m.AddField("animal", "region", models.ForeignKey("farm.region", CASCADE, null=True))
    ],
    "add a key to a private model": [
        m.AddField(
            "animal",
            "other",
            models.ForeignKey("farm.pen", CASCADE, null=True, default=None, related_name="+"),
        )
    ],
    "add a key without a constraint": [
        m.AddField(
            "animal",
            "other",
            models.ForeignKey(
                "farm.pen", CASCADE, null=True, db_constraint=False, related_name="+"
            ),
        )
    ],
    "add a one to one": [
        m.AddField("animal", "one", models.OneToOneField("farm.region", CASCADE, null=True))
    ],
    "add a join to a shared model": [
        m.AddField("pen", "owners", models.ManyToManyField("farm.owner"))
    ],
    "add a join to a private model": [
        m.AddField("pen", "animals", models.ManyToManyField("farm.animal", related_name="+"))
    ],
    "add a join through a model": [
        private(
            "Visit",
            ("animal", models.ForeignKey("farm.animal", CASCADE)),
            ("owner", models.ForeignKey("farm.owner", CASCADE)),
        ),
        m.AddField("animal", "owners", models.ManyToManyField("farm.owner", through="farm.visit")),
    ],
    "add a field to a shared model": [
        m.AddField("region", "n", models.IntegerField(default=3, db_index=True))
    ],
    "add a join between shared models": [
        m.AddField("region", "others", models.ManyToManyField("farm.owner", related_name="+"))
    ],
    "remove a field": [m.RemoveField("animal", "name")],
    "remove an indexed field": [m.RemoveField("pen", "label")],
    "remove a key to a private model": [m.RemoveField("animal", "mother")],
    "remove a key to a shared model": [m.RemoveField("pen", "region")],
    "remove a join to a shared model": [m.RemoveField("animal", "regions")],
    "remove a join to a private model": [m.RemoveField("animal", "visited")],
    "remove a join between shared models": [m.RemoveField("owner", "regions")],
    "rename a field": [m.RenameField("animal", "name", "title")],
    "rename a key": [m.RenameField("animal", "mother", "parent")],
    "rename a join": [m.RenameField("animal", "regions", "areas")],
    "rename a shared field": [m.RenameField("region", "name", "title")],
    "rename a shared join": [m.RenameField("owner", "regions", "areas")],
    "widen a field": [m.AlterField("animal", "name", models.CharField(max_length=99, null=True))],
    "change a type": [m.AlterField("animal", "name", models.TextField(null=True))],
    "change an indexed type": [
        m.AlterField("pen", "label", models.CharField(max_length=20, db_index=True)),
        m.AlterField("pen", "label", models.TextField(db_index=True)),
    ],
    "allow null": [m.AlterField("pen", "label", models.CharField(max_length=9, null=True))],
    "forbid null without a default": [m.AlterField("pen", "size", models.IntegerField())],
    "forbid null with a default": [m.AlterField("pen", "size", models.IntegerField(default=7))],
    "forbid null with a default of the database": [
        m.AlterField("pen", "size", models.IntegerField(db_default=7))
    ],
    "change a default of the database": [
        m.AlterField("pen", "size", models.IntegerField(db_default=7, null=True)),
        m.AlterField("pen", "size", models.IntegerField(db_default=8, null=True)),
    ],
    "index a field": [m.AlterField("pen", "size", models.IntegerField(null=True, db_index=True))],
    "do not index a field": [m.AlterField("pen", "label", models.CharField(max_length=9))],
    "make a field unique": [
        m.AlterField("pen", "size", models.IntegerField(null=True, unique=True))
    ],
    "make a field unique and text": [
        m.AlterField("pen", "label", models.CharField(max_length=9, unique=True)),
        m.AlterField("pen", "label", models.CharField(max_length=9, unique=True, db_comment="x")),
    ],
    "change a comment": [
        m.AlterField("pen", "size", models.IntegerField(null=True, db_comment="metres")),
        m.AlterField("pen", "size", models.IntegerField(null=True, db_comment="yards")),
    ],
    "change a collation": [
        m.AlterField("animal", "name", models.CharField(max_length=9, null=True, db_collation="C"))
    ],
    "change a column's name": [
        m.AlterField("pen", "size", models.IntegerField(null=True, db_column="width"))
    ],
    "change a sequence's type, private": [m.AlterField("pen", "id", big())],
    "change a sequence's type, shared": [m.AlterField("region", "id", big())],
    "change a sequence's type, shared with a shared join": [m.AlterField("owner", "id", big())],
    "make a private key text": [
        m.AlterField("pen", "id", text()),
    ],
    "make a shared key text": [m.AlterField("region", "id", text())],
    "another primary key": [
        private("Tag", ("code", models.CharField(max_length=9))),
        m.RemoveField("tag", "id"),
        m.AlterField("tag", "code", models.CharField(max_length=9, primary_key=True)),
    ],
    "a number becomes a sequence": [
        m.CreateModel("Tag", [("id", models.IntegerField(primary_key=True))]),
        m.AlterField("tag", "id", big()),
    ],
    "a key becomes one to one": [
        m.AlterField("animal", "pen", models.OneToOneField("farm.pen", CASCADE))
    ],
    "a key becomes a number": [m.AlterField("animal", "pen", models.IntegerField())],
    "a key points elsewhere": [
        m.AlterField("animal", "mother", models.ForeignKey("farm.region", CASCADE, null=True))
    ],
    "a key loses its constraint": [
        m.AlterField("animal", "pen", models.ForeignKey("farm.pen", CASCADE, db_constraint=False))
    ],
    "a key to a column that is not the primary key": [
        m.AlterField("region", "name", models.CharField(max_length=9, unique=True, null=True)),
        m.AddField(
            "animal",
            "by_name",
            models.ForeignKey("farm.region", CASCADE, to_field="name", null=True, related_name="+"),
        ),
        m.AlterField("region", "name", models.CharField(max_length=30, unique=True, null=True)),
    ],
    "remove a key and the shared model": [
        m.RemoveField("pen", "region"),
        m.RemoveField("animal", "regions"),
        m.RemoveField("owner", "regions"),
        m.DeleteModel("Region"),
    ],
    "add a shared model, a key to it, and rename it": [
        shared("County"),
        m.AddField("pen", "county", models.ForeignKey("farm.county", CASCADE, null=True)),
        m.AlterModelTable("county", "farm_counties"),
        m.RenameModel("County", "Shire"),
    ],
}


@pytest.mark.parametrize("operations", OPERATIONS.values(), ids=OPERATIONS.keys())
def test_schemata_are_like_the_template_and_tables_like_plain_djangos(farm, operations):
    farm.apply(*operations)

    assert faults() == []

    farm.unapply()

    assert faults() == []


def test_a_column_that_private_keys_point_at_is_renamed(farm):
    unique = models.CharField(max_length=9, unique=True, null=True)
    by_name = models.ForeignKey(
        "farm.region", CASCADE, to_field="name", null=True, related_name="+"
    )
    farm.apply(m.AlterField("region", "name", unique), m.AddField("animal", "by_name", by_name))

    farm.apply(m.RenameField("region", "name", "title"))

    assert faults() == []

    farm.unapply()

    assert faults() == []


@pytest.mark.parametrize(
    ("where", "create"),
    [(PerSchema, private), (Shared, shared)],
    ids=["private", "shared"],
)
@pytest.mark.parametrize("new", [big(), text()], ids=["bigger", "text"])
def test_a_serial_of_older_djangos_is_altered_with_its_sequence(farm, where, create, new):
    farm.twin = False
    table = m.RunSQL("CREATE TABLE farm_tag (id serial PRIMARY KEY)", "DROP TABLE farm_tag")
    farm.apply(m.SeparateDatabaseAndState([where(table)], [create("Tag")]))

    farm.apply(m.AlterField("tag", "id", new))

    places = (TEMPLATE, *NAMES) if where is PerSchema else ("public",)
    expected = new.db_type(connection).replace("varchar", "character varying")
    assert [columns_of(place, "farm_tag") for place in places] == [{"id": expected}] * len(places)
    assert catalog(places[0], "farm_tag_id_seq") == catalog(places[-1], "farm_tag_id_seq")
    assert bool(catalog(places[0], "farm_tag_id_seq")) is (new.db_type(connection) == "bigint")
