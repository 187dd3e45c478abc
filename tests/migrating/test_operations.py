"""RunPython, RunSQL and others' operations run where their app, or `operations`, says."""

import pytest
from django.contrib.postgres.operations import CreateExtension
from django.db import DatabaseError, connection, models, transaction
from django.db import migrations as m
from django.db.migrations.writer import MigrationWriter
from django.db.models.deletion import CASCADE

from boardinghouse.exceptions import (
    AmbiguousOperation,
    ForeignTransaction,
    LockBudgetExceeded,
    NoActiveSchema,
    UncopiableObject,
)
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from boardinghouse.operations import PerSchema, Shared
from boardinghouse.schema import override
from tests.catalog import (
    catalog,
    columns_of,
    difference,
    find_extension,
    indexes_of,
    places_of,
    rows,
    tables_in,
)
from tests.migrating.farm import NAMES, Farm, faults, private, shared

EVERYWHERE = (TEMPLATE, *NAMES)


@pytest.fixture
def farm(farm):
    farm.twin = False
    return farm


def count(table, *schemata):
    return [rows(f'SELECT count(*) FROM "{schema}"."{table}"')[0][0] for schema in schemata]


def faults_of_schemata():
    template = catalog(TEMPLATE, "farm")
    return [line for name in NAMES for line in difference(template, catalog(name, "farm"))]


def make_region(apps, editor):
    region = apps.get_model("farm", "Region")
    region.objects.create(name="north")


def unmake_region(apps, editor):
    # Deleting with QuerySet.delete() asks private tables first.
    apps.get_model("farm", "Region").objects.update(name="gone")


def make_pen(apps, editor):
    region = apps.get_model("farm", "Region").objects.first()
    apps.get_model("farm", "Pen").objects.create(label="seed", region=region)


def unmake_pen(apps, editor):
    apps.get_model("farm", "Pen").objects.filter(label="seed").delete()


PENS = m.RunPython(make_pen, unmake_pen)
REGIONS = m.RunPython(make_region, unmake_region)
RAW_PENS = m.RunSQL(
    [("INSERT INTO farm_pen (region_id, label) SELECT id, %s FROM farm_region", ["seed"])],
    "DELETE FROM farm_pen WHERE label = 'seed'; SELECT 1",
)


@pytest.mark.parametrize("operation", [PENS, RAW_PENS], ids=["RunPython", "RunSQL"])
def test_an_operation_for_each_schema_runs_in_the_template_too_and_backwards(farm, operation):
    farm.apply(Shared(REGIONS))

    farm.apply(PerSchema(operation))

    assert count("farm_pen", *EVERYWHERE) == [1, 1, 1]

    farm.unapply()

    assert count("farm_pen", *EVERYWHERE) == [0, 0, 0]


def test_a_shared_operation_runs_once_and_backwards(farm):
    farm.apply(Shared(REGIONS))

    assert count("farm_region", "public") == [1]

    farm.unapply()

    assert rows("SELECT name FROM farm_region") == [("gone",)]


def test_a_shared_operation_cannot_reach_private_rows(farm):
    with pytest.raises(NoActiveSchema):
        farm.apply(Shared(PENS))


@pytest.mark.parametrize("operation", [REGIONS, m.RunSQL("SELECT 1")], ids=["RunPython", "RunSQL"])
def test_a_plain_operation_of_a_mixed_app_is_refused_with_what_to_write(farm, operation):
    with pytest.raises(AmbiguousOperation) as caught:
        farm.apply(operation)

    message = str(caught.value)
    kind = type(operation).__name__
    assert "farm.0001_farm" in message
    assert "farm.Region" in message
    assert "farm.Pen" in message
    assert f"PerSchema({kind}(...))" in message
    assert f"Shared({kind}(...))" in message


def test_a_plain_operation_of_a_mixed_app_is_refused_inside_another_one_too(farm):
    with pytest.raises(AmbiguousOperation):
        farm.apply(m.SeparateDatabaseAndState(database_operations=[m.RunSQL("SELECT 1")]))


def test_an_explicit_operation_inside_another_one_is_welcome(farm):
    farm.apply(m.SeparateDatabaseAndState(database_operations=[Shared(REGIONS)]))

    assert count("farm_region", "public") == [1]


def test_an_operation_that_cannot_be_reversed_says_so(farm):
    farm.apply(PerSchema(m.RunSQL("SELECT 1")))

    with pytest.raises(m.exceptions.IrreversibleError):
        farm.unapply()


def test_rows_come_to_new_schemata_and_the_next_key_is_free(farm):
    farm.apply(Shared(REGIONS), PerSchema(PENS))

    Schema.objects.mass_create("c")

    pen = farm.model("Pen")
    with override("c"):
        assert pen.objects.get().label == "seed"
        made = pen.objects.create(label="next", region_id=pen.objects.get().region_id)
        assert made.pk == pen.objects.get(label="seed").pk + 1


def test_a_schema_that_was_there_and_a_new_one_are_alike(farm):
    serial = (
        "CREATE TABLE farm_log (id serial PRIMARY KEY, line text DEFAULT 'x');"
        "INSERT INTO farm_log (line) VALUES ('one'), ('two')"
    )
    farm.apply(PerSchema(m.RunSQL(serial, "DROP TABLE farm_log")))

    Schema.objects.mass_create("c")

    for name in (*NAMES, "c"):
        with override(name):
            assert rows("INSERT INTO farm_log (line) VALUES ('three') RETURNING id") == [(3,)]
    assert count("farm_log", *EVERYWHERE, "c") == [2, 3, 3, 3]


def test_foreign_keys_put_off_by_rows_do_not_stop_an_alteration(farm):
    farm.apply(
        Shared(REGIONS),
        PerSchema(PENS),
        m.AddField("pen", "n", models.IntegerField(default=1)),
        Shared(REGIONS),
        m.AddField("region", "n", models.IntegerField(default=1)),
        PerSchema(PENS),
        m.AlterField("pen", "n", models.BigIntegerField(default=1)),
    )

    assert count("farm_pen", *EVERYWHERE) == [2, 2, 2]
    assert all(columns_of(name, "farm_pen")["n"] == "bigint" for name in EVERYWHERE)


def test_what_an_operation_meets_has_been_replayed_before_it(farm):
    def write(apps, editor):
        apps.get_model("farm", "Pen").objects.create(
            label="x", n=7, region=apps.get_model("farm", "Region").objects.first()
        )

    farm.apply(Shared(REGIONS))
    farm.apply(
        m.AddField("pen", "n", models.IntegerField(null=True)),
        PerSchema(m.RunPython(write)),
        m.RenameField("pen", "n", "number"),
    )

    assert [rows(f'SELECT number FROM "{name}".farm_pen') for name in EVERYWHERE] == [[(7,)]] * 3


def test_an_operation_may_use_the_editor(farm):
    def alter(apps, editor):
        editor.execute("ALTER TABLE farm_pen ADD COLUMN by_hand int")
        editor.add_index(apps.get_model("farm", "Pen"), models.Index(fields=["size"], name="x"))

    farm.apply(PerSchema(m.RunPython(alter)))

    assert all("by_hand" in columns_of(name, "farm_pen") for name in EVERYWHERE)


class CreateByOthers(m.CreateModel):
    """Another package's way to create a model, by way of Django's."""

    def database_forwards(self, *args):
        super().database_forwards(*args)

    def database_backwards(self, *args):
        super().database_backwards(*args)


def test_what_a_foreign_operation_puts_off_is_done_in_each_schema(farm):
    begun = catalog(TEMPLATE, "farm")
    create = CreateByOthers(
        "Barn",
        [
            ("id", models.AutoField(primary_key=True)),
            ("pen", models.ForeignKey("farm.pen", CASCADE)),
            ("regions", models.ManyToManyField("farm.region")),
        ],
    )

    farm.apply(PerSchema(create), m.AddField("barn", "size", models.IntegerField(null=True)))

    keys = (
        "SELECT count(*) FROM pg_constraint WHERE conname ~ 'farm_barn.*_fk_' GROUP BY connamespace"
    )
    assert rows(keys) == [(3,)] * 3
    assert all("farm_barn_pen_id" in str(indexes_of(name, "farm_barn")) for name in EVERYWHERE)
    assert faults_of_schemata() == []

    farm.unapply()

    assert catalog(TEMPLATE, "farm") == begun
    assert faults_of_schemata() == []


def test_python_may_have_the_editor_put_statements_off(farm):
    def alter(apps, editor):
        field = models.IntegerField(null=True, db_index=True)
        field.set_attributes_from_name("height")
        editor.add_field(apps.get_model("farm", "Pen"), field)

    farm.apply(PerSchema(m.RunPython(alter)))

    assert all("farm_pen_height" in str(indexes_of(name, "farm_pen")) for name in EVERYWHERE)
    assert faults_of_schemata() == []


def test_a_foreign_operation_that_writes_sql_about_a_private_table_goes_to_every_schema(farm):
    class Cluster(m.operations.base.Operation):
        def state_forwards(self, app_label, state):
            pass

        def database_forwards(self, app_label, schema_editor, from_state, to_state):
            table = to_state.apps.get_model(app_label, "pen")._meta.db_table
            schema_editor.execute(f"ALTER TABLE {schema_editor.quote_name(table)} ADD COLUMN x int")

    migration = m.Migration("0002", "farm")
    migration.operations = [Cluster()]
    with connection.schema_editor() as editor:
        migration.apply(farm.state.clone(), editor)

    assert all("x" in columns_of(name, "farm_pen") for name in EVERYWHERE)


def test_a_failing_operation_leaves_nothing_behind(farm):
    def fail(apps, editor):
        apps.get_model("farm", "Region").objects.create(name="too long for it")

    with pytest.raises(DatabaseError):
        farm.apply(private("Cow"), PerSchema(m.RunPython(fail)))

    assert not any("farm_cow" in tables_in(name) for name in EVERYWHERE)
    assert connection.recorder is None
    assert faults() == []


def test_an_operation_that_would_overflow_the_lock_table_is_refused(farm, monkeypatch):
    monkeypatch.setattr("boardinghouse.ddl.lock_budget", lambda connection: 10)

    with pytest.raises(LockBudgetExceeded, match="in each of 2 schemata"):
        farm.apply(PerSchema(m.RunSQL("CREATE TABLE farm_log (id serial PRIMARY KEY)")))

    assert not any("farm_log" in tables_in(name) for name in NAMES)


# Transactions


@pytest.mark.parametrize(
    "sql",
    [
        "BEGIN; ALTER TABLE farm_pen ADD COLUMN x int; COMMIT",
        ["ALTER TABLE farm_pen ADD COLUMN x int", "COMMIT"],
    ],
    ids=["in one string", "in a list"],
)
def test_sql_that_would_end_the_transaction_is_refused_before_anything_is_kept(farm, sql):
    with pytest.raises(ForeignTransaction) as caught, transaction.atomic():
        farm.apply(PerSchema(m.RunSQL(sql)))

    assert "Leave BEGIN and COMMIT out" in str(caught.value)
    assert caught.value.statement in str(caught.value)
    assert not any("x" in columns_of(name, "farm_pen") for name in EVERYWHERE)


def test_sql_that_moves_the_path_moves_it_for_itself_alone(farm):
    moving = "SELECT set_config('search_path', 'public', false)"

    farm.apply(PerSchema(m.RunSQL([moving, "CREATE TABLE farm_log (id int)"])))

    assert all("farm_log" in tables_in(name) for name in EVERYWHERE)
    assert "farm_log" not in tables_in("public")


def test_shared_sql_may_not_end_it_either(farm):
    with pytest.raises(ForeignTransaction), transaction.atomic():
        farm.apply(Shared(m.RunSQL("DELETE FROM farm_region; COMMIT")))


# Order against shared statements


def test_a_key_is_removed_everywhere_before_its_shared_target_goes(farm):
    farm.apply(
        m.RemoveField("pen", "region"),
        m.RemoveField("animal", "regions"),
        m.RemoveField("owner", "regions"),
        m.DeleteModel("Region"),
    )

    assert not any("region_id" in columns_of(name, "farm_pen") for name in EVERYWHERE)


def test_a_key_to_a_shared_model_that_is_renamed_in_the_same_migration(farm):
    farm.apply(
        shared("County"),
        private("Barn", ("county", models.ForeignKey("farm.county", CASCADE))),
        m.AlterModelTable("county", "farm_shires"),
    )

    found = rows(
        "SELECT confrelid::regclass::text FROM pg_constraint WHERE conname LIKE 'farm_barn%fk%'"
    )
    assert found == [("farm_shires",)] * 3


# An app whose models are all of one kind


@pytest.mark.parametrize(
    ("models", "expected"),
    [((private("Cow"),), [1, 1, 1]), ((), None), ((shared("Cow"),), None)],
    ids=["private", "none", "shared"],
)
def test_a_plain_operation_follows_the_models_of_its_app(farm, models, expected):
    herd = Farm(twin=False, label="herd")

    herd.apply(
        *models, m.RunSQL("CREATE TABLE farm_cows (id int); INSERT INTO farm_cows VALUES (1)")
    )

    if expected:
        assert count("farm_cows", *EVERYWHERE) == expected
    else:
        assert count("farm_cows", "public") == [1]
        assert not any("farm_cows" in tables_in(name) for name in EVERYWHERE)


# Extensions


@pytest.fixture
def extension(farm):
    return find_extension() or pytest.skip("this PostgreSQL comes without any")


def by_sql(extension):
    return m.RunSQL(f"CREATE EXTENSION IF NOT EXISTS {extension}", f"DROP EXTENSION {extension}")


def by_python(extension):
    def create(apps, editor):
        editor.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")

    return m.RunPython(create)


WAYS = [
    by_sql,
    by_python,
    lambda extension: PerSchema(CreateExtension(extension)),
    lambda extension: m.SeparateDatabaseAndState(database_operations=[by_sql(extension)]),
]


@pytest.mark.parametrize("way", WAYS, ids=["RunSQL", "RunPython", "PerSchema", "inside another"])
def test_an_extension_in_the_template_is_refused_with_what_to_write(farm, extension, way):
    herd = Farm(twin=False, label="herd")

    with pytest.raises(UncopiableObject) as caught:
        herd.apply(private("Cow"), way(extension))

    assert f"extension {extension!r}" in str(caught.value)
    assert "Shared(RunSQL(...))" in str(caught.value)
    assert places_of(extension) == []
    assert not any("herd_cow" in tables_in(name) for name in EVERYWHERE)


def test_an_extension_that_is_shared_is_in_public_and_schemata_can_be_made(farm, extension):
    herd = Farm(twin=False, label="herd")

    herd.apply(private("Cow"), Shared(by_sql(extension)))

    assert places_of(extension) == [("public",)]
    Schema.objects.mass_create("c")
    assert "herd_cow" in tables_in("c")

    herd.unapply()

    assert places_of(extension) == []


# Writing them down


@pytest.mark.parametrize("wrapper", [PerSchema, Shared])
@pytest.mark.parametrize("operation", [PENS, RAW_PENS])
def test_a_wrapped_operation_can_be_written_into_a_migration(wrapper, operation):
    migration = type("Migration", (m.Migration,), {"operations": [wrapper(operation)]})("0001", "x")

    text = MigrationWriter(migration, include_header=False).as_string()

    namespace = {}
    exec(compile(text, "0001.py", "exec"), namespace)
    (again,) = namespace["Migration"].operations
    assert type(again) is wrapper
    assert again.operation.deconstruct() == operation.deconstruct()
    assert again.describe() == wrapper(operation).describe()


# Operations of others


class Others:
    """What another package's operation may be: one of Django's with a name of its own, or not."""

    class AddField(m.AddField):
        pass

    class Run(m.RunSQL):
        pass

    class Together(m.SeparateDatabaseAndState):
        pass


def test_an_operation_that_only_inherits_what_djangos_does_is_taken_for_djangos(farm):
    farm.apply(Others.AddField("pen", "n", models.IntegerField(null=True)))

    assert all("n" in columns_of(name, "farm_pen") for name in EVERYWHERE)


def test_a_kind_of_run_sql_is_asked_where_it_runs(farm):
    with pytest.raises(AmbiguousOperation, match=r"PerSchema\(Run\(...\)\)"):
        farm.apply(Others.Run("SELECT 1"))


def test_what_is_inside_a_kind_of_separation_is_asked_too(farm):
    with pytest.raises(AmbiguousOperation):
        farm.apply(Others.Together(database_operations=[m.RunSQL("SELECT 1")]))


def test_raw_sql_runs_to_the_letter_in_every_schema(farm):
    script = (
        "CREATE TABLE farm_log (n int, said text); -- a hash is an operator\n"
        "INSERT INTO farm_log VALUES (6 # 5, '-- said;'), (7 /* ; */ # 1, $$a;  b$$);\n"
        "UPDATE farm_log SET n = n # 8"
    )

    farm.apply(PerSchema(m.RunSQL(script)))

    for schema in EVERYWHERE:
        found = rows(f'SELECT n, said FROM "{schema}".farm_log ORDER BY n')
        assert found == [(11, "-- said;"), (14, "a;  b")]


def test_raw_sql_may_be_long(farm):
    values = ", ".join(f"({number})" for number in range(6000))

    farm.apply(
        PerSchema(m.RunSQL(f"CREATE TABLE farm_log (n int); INSERT INTO farm_log VALUES {values}"))
    )

    assert count("farm_log", *EVERYWHERE) == [6000] * 3
