"""BOARDINGHOUSE_SHARED_CONSTRAINTS = False: PostgreSQL is told of no key to a shared model."""

import pytest
from django.db import connection, models
from django.db import migrations as m
from django.db.models.deletion import CASCADE

from boardinghouse.names import TEMPLATE
from tests.catalog import catalog, difference
from tests.migrating.farm import NAMES, private

KEYS = """
    SELECT c.relname || '.' || a.attname FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
    JOIN pg_class target ON target.oid = k.confrelid
    WHERE k.contype = 'f' AND c.relname LIKE 'farm_%%'
        AND c.relnamespace = %s::regnamespace AND target.relnamespace {} 'public'::regnamespace
"""


def keys_to_shared(schema):
    return ask(KEYS.format("="), schema)


def keys_to_private(schema):
    return ask(KEYS.format("<>"), schema)


def ask(query, schema):
    with connection.cursor() as cursor:
        cursor.execute(query, [f'"{schema}"'])
        return {name for (name,) in cursor.fetchall()}


def all_alike():
    template = catalog(TEMPLATE, "farm")
    return not any(difference(template, catalog(name, "farm")) for name in NAMES)


@pytest.fixture
def without(farm, settings):
    """A farm whose first migration made constraints, and whose next ones make none."""
    settings.BOARDINGHOUSE_SHARED_CONSTRAINTS = False
    return farm


def test_a_field_is_added_without(without):
    key = models.ForeignKey("farm.region", CASCADE, null=True, related_name="+")

    without.apply(m.AddField("animal", "home", key))

    for schema in (TEMPLATE, *NAMES):
        assert "farm_animal.home_id" not in keys_to_shared(schema)
    assert all_alike()
    without.unapply()
    assert all_alike()


def test_a_model_is_created_without_and_keeps_its_keys_to_private_models(without):
    fields = (
        ("region", models.ForeignKey("farm.region", CASCADE)),
        ("pen", models.ForeignKey("farm.pen", CASCADE)),
        ("owners", models.ManyToManyField("farm.owner")),
    )

    without.apply(private("Barn", *fields))

    for schema in (TEMPLATE, *NAMES):
        assert not {key for key in keys_to_shared(schema) if key.startswith("farm_barn")}
        assert {"farm_barn.pen_id", "farm_barn_owners.barn_id"} <= keys_to_private(schema)
    assert all_alike()


def test_a_key_that_is_altered_loses_its_constraint(without):
    assert "farm_pen.region_id" in keys_to_shared("a")

    without.apply(
        m.AlterField("pen", "region", models.OneToOneField("farm.region", CASCADE, null=True))
    )

    assert "farm_pen.region_id" not in keys_to_shared(TEMPLATE) | keys_to_shared("a")
    assert all_alike()


def test_a_shared_primary_key_is_altered_and_no_constraint_comes_back(without):
    without.apply(m.AlterField("region", "id", models.BigAutoField(primary_key=True)))

    assert keys_to_shared("a") == keys_to_shared(TEMPLATE) == set()
    assert all_alike()


def test_a_key_between_shared_models_stays_a_constraint(without):
    key = models.ForeignKey("farm.region", CASCADE, null=True, related_name="+")

    without.apply(m.AddField("owner", "home", key))

    assert "farm_owner.home_id" in keys_to_shared("public")


def test_the_setting_goes_back_to_making_them(without, settings):
    settings.BOARDINGHOUSE_SHARED_CONSTRAINTS = True
    key = models.ForeignKey("farm.region", CASCADE, null=True, related_name="+")

    without.apply(m.AddField("animal", "home", key))

    assert "farm_animal.home_id" in keys_to_shared("b")
