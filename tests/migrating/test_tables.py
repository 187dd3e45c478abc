"""Migrations of whole models, and of what has no table, end the same everywhere."""

import pytest
from django.apps import apps
from django.contrib.postgres import operations as pg
from django.db import connection, models
from django.db import migrations as m
from django.db.migrations.state import ProjectState
from django.db.models.deletion import CASCADE

from boardinghouse.names import TEMPLATE
from tests.catalog import catalog, columns_of, difference, rows, tables_in, views_in
from tests.migrating.farm import NAMES, Farm, faults, private, shared

EVERYWHERE = (TEMPLATE, *NAMES)


OPERATIONS = {
    "create a private model": [
        private(
            "Cow",
            ("name", models.CharField(max_length=5, db_comment="of the cow")),
            ("pen", models.ForeignKey("farm.pen", CASCADE)),
            db_table_comment="moo",
            indexes=[models.Index(fields=["name"], name="farm_cow_i")],
            constraints=[models.UniqueConstraint(fields=["name"], name="farm_cow_u")],
            unique_together={("name", "pen")},
        )
    ],
    "create a shared model": [
        shared(
            "County",
            ("region", models.ForeignKey("farm.region", CASCADE)),
            db_table_comment="shire",
        )
    ],
    "create a child of a private model": [
        m.CreateModel(
            "Cow",
            [
                (
                    "animal_ptr",
                    models.OneToOneField(
                        "farm.animal", CASCADE, parent_link=True, primary_key=True
                    ),
                )
            ],
            bases=("farm.animal",),
        )
    ],
    "create a child of a shared model": [
        m.CreateModel(
            "County",
            [
                (
                    "region_ptr",
                    models.OneToOneField(
                        "farm.region", CASCADE, parent_link=True, primary_key=True
                    ),
                )
            ],
            bases=("farm.region",),
        )
    ],
    "delete a private model": [m.DeleteModel("Animal")],
    "delete a shared model": [m.DeleteModel("Owner")],
    "rename a private model": [m.RenameModel("Pen", "Stall")],
    "rename a private model with a key to itself": [m.RenameModel("Animal", "Beast")],
    "rename a shared model": [m.RenameModel("Region", "Area")],
    "rename a shared model with a join": [m.RenameModel("Owner", "Farmer")],
    "another table for a private model": [m.AlterModelTable("animal", "farm_beasts")],
    "another table for a shared model": [m.AlterModelTable("owner", "farm_farmers")],
    "a comment on a private table": [
        m.AlterModelTableComment("pen", "where animals live"),
        m.AlterModelTableComment("pen", "where they sleep"),
    ],
    "a comment on a shared table": [m.AlterModelTableComment("region", "where farms are")],
    "an order": [m.AlterOrderWithRespectTo("animal", "pen")],
    "other options": [
        m.AlterModelOptions("pen", {"verbose_name": "stall"}),
        m.AlterModelManagers("pen", [("things", models.Manager())]),
    ],
    "database and state apart": [
        m.SeparateDatabaseAndState(
            database_operations=[m.AddField("pen", "n", models.IntegerField(null=True))],
            state_operations=[m.AddField("pen", "n", models.IntegerField(null=True))],
        )
    ],
}


@pytest.mark.parametrize("operations", OPERATIONS.values(), ids=OPERATIONS.keys())
def test_schemata_are_like_the_template_and_tables_like_plain_djangos(farm, operations):
    farm.apply(*operations)

    assert faults() == []

    farm.unapply()

    assert faults() == []


def test_a_private_table_is_never_in_public(farm):
    assert {"farm_pen", "farm_animal", "farm_animal_visited"} <= tables_in("a")
    assert not {"farm_pen", "farm_animal", "farm_animal_visited"} & tables_in("public")


def test_a_shared_table_is_in_public_alone(farm):
    assert "farm_region" in tables_in("public")
    assert not any({"farm_region", "farm_owner_regions"} & tables_in(name) for name in EVERYWHERE)


def test_nothing_is_left_when_all_is_taken_back(farm):
    farm.unapply()

    assert not any(
        table.startswith("farm") for name in ("public", *EVERYWHERE) for table in tables_in(name)
    )


def test_a_table_that_was_private_may_become_a_shared_one_of_the_same_name(farm):
    farm.apply(m.DeleteModel("Animal"), shared("Animal"))

    assert "farm_animal" in tables_in("public")
    assert not any("farm_animal" in tables_in(name) for name in EVERYWHERE)


# What has no table goes to public, once


def test_a_collation_is_made_in_public_and_used_by_private_columns(farm):
    collation = pg.CreateCollation("farm_plain", "C")
    farm.twin = False

    farm.apply(
        collation,
        m.AlterField(
            "pen", "label", models.CharField(max_length=9, db_index=True, db_collation="farm_plain")
        ),
    )

    assert rows(
        "SELECT nspname FROM pg_collation JOIN pg_namespace n ON n.oid = collnamespace"
        " WHERE collname = 'farm_plain'"
    ) == [("public",)]
    assert collations() == {"farm_plain"}

    farm.unapply()

    assert collations() == {"default"}
    assert not rows("SELECT FROM pg_collation WHERE collname = 'farm_plain'")


def collations():
    """The collations of the column `label` in every schema."""
    found = rows(
        "SELECT collname FROM pg_attribute JOIN pg_collation c ON c.oid = attcollation"
        " JOIN pg_class t ON t.oid = attrelid JOIN pg_namespace n ON n.oid = t.relnamespace"
        " WHERE attname = 'label' AND relname = 'farm_pen' AND nspname <> 'plain'"
    )
    assert len(found) == len(EVERYWHERE)
    return {name for (name,) in found}


@pytest.mark.parametrize(
    ("operation", "extension"),
    [(pg.BtreeGistExtension(), "btree_gist"), (pg.CITextExtension(), "citext")],
)
def test_an_extension_is_made_in_public(farm, operation, extension):
    if not rows("SELECT FROM pg_available_extensions WHERE name = %s", [extension]):
        pytest.skip(f"this PostgreSQL has no {extension}")
    farm.twin = False

    farm.apply(operation)

    assert rows(
        "SELECT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace"
        " WHERE extname = %s",
        [extension],
    ) == [("public",)]

    farm.unapply()

    assert not rows("SELECT FROM pg_extension WHERE extname = %s", [extension])


# The views that stand in public for private joins


@pytest.fixture
def crew(farm, settings):
    """A farm with a join that is private although both its ends are shared."""
    settings.BOARDINGHOUSE_PRIVATE_MODELS = ["farm.Crew_regions", "farm.Gang_regions"]
    farm.twin = False
    farm.apply(shared("Crew", ("regions", models.ManyToManyField("farm.region"))))
    return farm


def columns_of_view(name):
    return dict(
        rows(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = %s",
            [name],
        )
    )


def test_a_view_is_made_and_dropped_with_the_join(crew):
    assert "farm_crew_regions" in tables_in("a")
    assert "farm_crew_regions" in views_in("public")

    crew.unapply()

    assert "farm_crew_regions" not in views_in("public")


def test_a_view_is_renamed_with_the_join(crew):
    crew.apply(m.RenameModel("Crew", "Gang"))

    assert "farm_gang_regions" in tables_in("a")
    assert {v for v in views_in("public") if v.startswith("farm")} == {"farm_gang_regions"}
    assert set(columns_of_view("farm_gang_regions")) == {"id", "gang_id", "region_id"}

    crew.unapply()

    assert {v for v in views_in("public") if v.startswith("farm")} == {"farm_crew_regions"}
    assert set(columns_of_view("farm_crew_regions")) == {"id", "crew_id", "region_id"}


def test_a_view_has_the_joins_new_types(crew):
    crew.apply(m.AlterField("region", "id", models.BigAutoField(primary_key=True)))

    assert columns_of_view("farm_crew_regions")["region_id"] == "bigint"

    crew.unapply()

    assert columns_of_view("farm_crew_regions")["region_id"] == "integer"


def test_a_view_takes_the_place_of_a_join_that_is_renamed_by_its_table(crew):
    crew.apply(m.AlterModelTable("crew", "farm_crews"))

    assert {v for v in views_in("public") if v.startswith("farm")} == {"farm_crews_regions"}


def test_a_view_refuses_to_be_written_to(crew):
    with pytest.raises(Exception, match="No schema is active"), connection.cursor() as cursor:
        cursor.execute("INSERT INTO farm_crew_regions (crew_id, region_id) VALUES (1, 1)")


# The user model, at which private tables point


@pytest.fixture
def users(farm):
    """The installed models, as migrations see them."""
    project = Farm(twin=False, label="auth")
    project.state = ProjectState.from_apps(apps)
    return project


def keys_to_users():
    """The types of the columns that point at users, and of the view that stands for a join."""
    columns = [("auth_user_groups", "user_id"), ("testapp_account", "keeper_id")]
    found = {columns_of(name, table)[column] for name in EVERYWHERE for table, column in columns}
    return found | {columns_of_view("auth_user_groups")["user_id"]}


def test_the_users_key_grows_in_every_schema(users):
    assert keys_to_users() == {"integer"}

    users.apply(m.AlterField("user", "id", models.BigAutoField(primary_key=True)))

    assert keys_to_users() == {"bigint"}
    assert drift() == []

    users.unapply()

    assert keys_to_users() == {"integer"}
    assert drift() == []


def drift():
    template = catalog(TEMPLATE)
    return [line for name in NAMES for line in difference(template, catalog(name))]
