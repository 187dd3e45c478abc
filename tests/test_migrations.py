"""The commands of Django's that migrate, over a template and two schemata."""

import io

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.core.management import call_command
from django.db import DatabaseError, connection, models
from django.db.migrations import Migration, RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from boardinghouse import journal
from boardinghouse.batches import run_outside
from boardinghouse.exceptions import (
    LockBudgetExceeded,
    OccupiedSchemata,
    ReplayFailed,
    SchemataBehind,
)
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from boardinghouse.operations import PerSchema, Shared
from boardinghouse.receivers import with_checkpoints
from boardinghouse.schema import get_active_schema_name, override
from tests.catalog import (
    catalog,
    columns_of,
    difference,
    indexes_of,
    rows,
    run,
    schema_exists,
    tables_in,
    views_in,
)
from tests.conftest import Boom
from tests.migrating.farm import Farm, private, shared, start
from tests.zoo.models import Animal, Kind

NAMES = ("a", "b")
EVERYWHERE = (TEMPLATE, *NAMES)


@pytest.fixture
def fleet(db):
    return Schema.objects.mass_create(*NAMES)


def migrate(*args, **options):
    output = io.StringIO()
    call_command("migrate", *args, verbosity=1, no_color=True, stdout=output, **options)
    return output.getvalue()


def text_of(command, *args, **options):
    output = io.StringIO()
    call_command(command, *args, no_color=True, stdout=output, **options)
    return output.getvalue()


def drift():
    """How the schemata differ from the template."""
    template = catalog(TEMPLATE)
    return [line for name in NAMES for line in difference(template, catalog(name))]


def zoo_tables(schema):
    return {table for table in tables_in(schema) if table.startswith("zoo_")}


# To zero and back


def test_an_app_goes_to_zero_and_back_in_every_schema(fleet):
    before = catalog("a")

    migrate("zoo", "zero")

    assert [zoo_tables(name) for name in EVERYWHERE] == [set()] * 3
    assert drift() == []

    migrate("zoo")

    assert difference(before, catalog("a")) == []
    assert drift() == []
    with override("b"):
        assert sorted(Kind.objects.values_list("name", flat=True)) == ["goat", "lion"]


def test_nothing_is_active_after_a_migration(fleet):
    migrate("zoo", "zero")

    assert get_active_schema_name() is None


def test_a_migration_may_run_inside_an_active_schema(fleet):
    with override("a"):
        migrate("zoo", "zero")
        migrate("zoo")

        assert get_active_schema_name() == "a"

    assert drift() == []
    assert not zoo_tables("public")


def test_auth_goes_to_zero_and_back_and_takes_empty_schemata_along(fleet):
    before = catalog(TEMPLATE)

    migrate("auth", "zero")

    assert not any(map(schema_exists, NAMES))
    assert tables_in(TEMPLATE) == set()
    assert views_in("public") == set()
    assert "auth_user" not in tables_in("public")

    migrate()

    assert difference(before, catalog(TEMPLATE)) == []
    Schema.objects.mass_create(*NAMES)
    assert drift() == []


def test_schemata_that_hold_rows_are_not_orphaned(fleet):
    with override("b"):
        Kind.objects.create(name="zebra")

    with pytest.raises(OccupiedSchemata, match=r"rows: b\..*drop_schema"):
        migrate("boardinghouse", "zero")

    assert all(map(schema_exists, NAMES))
    assert Schema.objects.count() == 2
    with override("b"):
        assert Kind.objects.filter(name="zebra").exists()


def test_a_row_of_the_template_that_a_schema_changed_is_its_own(fleet):
    with override("a"):
        Kind.objects.filter(name="lion").update(latin="panthera leo")

    with pytest.raises(OccupiedSchemata, match=r"rows: a\."):
        migrate("boardinghouse", "zero")


def test_schemata_with_no_rows_of_their_own_go_with_their_table(fleet):
    migrate("boardinghouse", "zero")

    assert not any(map(schema_exists, NAMES))
    assert "boardinghouse_schema" not in tables_in("public")

    migrate("boardinghouse")
    Schema.objects.mass_create(*NAMES)

    assert drift() == []


# What only tells


def test_sqlmigrate_says_each_statement_once(fleet):
    text = text_of("sqlmigrate", "zoo", "0001")

    assert text.count('CREATE TABLE "zoo_animal"') == 1
    assert text.count('CREATE INDEX "zoo_animal_weight"') == 1
    assert text.count("REFERENCES") == 10
    assert drift() == []


def test_sqlmigrate_backwards_says_each_statement_once(fleet):
    text = text_of("sqlmigrate", "zoo", "0001", backwards=True)

    assert text.count('DROP TABLE "zoo_animal" CASCADE') == 1
    assert "zoo_animal" in zoo_tables(TEMPLATE)


def test_sqlmigrate_shows_what_runs_in_every_schema(fleet):
    assert text_of("sqlmigrate", "zoo", "0002").count("CREATE TABLE zoo_log") == 1


def test_the_plan_names_operations_as_they_were_written(fleet):
    migrate("zoo", "zero")

    plan = migrate("zoo", plan=True)

    assert "Create model Animal" in plan
    assert "Raw Python operation" in plan
    assert "zoo.0002_rows" in plan
    assert zoo_tables(TEMPLATE) == set()


def test_showmigrations_shows_what_is_applied(fleet):
    assert "[X] 0002_rows" in text_of("showmigrations", "zoo")


# What is written down without being done, and the other way round


def test_fake_changes_no_schema(fleet):
    before = catalog("a")

    migrate("zoo", "zero", fake=True)

    assert "[ ] 0001_initial" in text_of("showmigrations", "zoo")
    assert difference(before, catalog("a")) == []


def test_fake_initial_sees_the_private_tables_that_are_there(fleet):
    migrate("zoo", "0001")
    migrate("zoo", "zero", fake=True)

    output = migrate("zoo", "0001", fake_initial=True)

    assert "FAKED" in output
    assert drift() == []


def test_fake_initial_makes_what_is_not_there(fleet):
    migrate("zoo", "zero")

    output = migrate("zoo", fake_initial=True)

    assert "FAKED" not in output
    assert drift() == []


def test_run_syncdb_makes_private_tables_in_every_schema(fleet, settings):
    migrate("zoo", "zero")
    settings.MIGRATION_MODULES = {"zoo": None}

    migrate(run_syncdb=True)

    assert "zoo_animal" in zoo_tables("a")
    assert not zoo_tables("public")
    assert drift() == []


def test_run_syncdb_makes_nothing_twice(fleet, settings):
    settings.MIGRATION_MODULES = {"zoo": None}

    migrate(run_syncdb=True)

    assert not zoo_tables("public")


def test_a_database_without_migrations_has_template_and_schemata_too(fleet, settings):
    """What ``TEST = {"MIGRATE": False}`` makes."""
    before = {name: tables_in(name) - {"zoo_log"} for name in ("public", TEMPLATE)}
    for app in ("auth", "contenttypes", "sessions"):
        migrate(app, "zero")
    settings.MIGRATION_MODULES = {each.label: None for each in apps.get_app_configs()}

    migrate(run_syncdb=True)

    assert {name: tables_in(name) for name in ("public", TEMPLATE)} == before
    Schema.objects.mass_create(*NAMES)
    assert drift() == []


def test_nothing_to_do_does_nothing(fleet):
    assert "No migrations to apply" in migrate()


# What Django itself adds to a plan


def test_the_content_type_of_a_renamed_model_is_renamed_once(fleet, settings):
    kind = ContentType.objects.get_for_model(Kind)
    settings.MIGRATION_MODULES = {"zoo": "tests.zoo.later"}

    migrate("zoo", "0003")

    assert ContentType.objects.get(pk=kind.pk).model == "sort"
    assert "zoo_sort" in zoo_tables("b")
    assert "parent_id" in columns_of("b", "zoo_animal")
    assert drift() == []

    migrate("zoo", "0002")

    assert ContentType.objects.get(pk=kind.pk).model == "kind"
    assert "zoo_kind" in zoo_tables("b")
    assert drift() == []
    ContentType.objects.clear_cache()


# Without the signal


def test_a_bare_executor_replays_too(fleet):
    executor = MigrationExecutor(connection)
    executor.loader.build_graph()
    migrate("zoo", "zero")
    executor.loader.build_graph()

    executor.migrate([("zoo", "0001_initial")])

    assert "zoo_animal" in zoo_tables("b")
    assert drift() == []
    assert ("zoo", "0001_initial") in MigrationRecorder(connection).applied_migrations()


def test_a_schema_editor_by_itself_replays_too(fleet):
    field = models.IntegerField(null=True)
    field.set_attributes_from_name("age")

    with connection.schema_editor() as editor:
        editor.add_field(Animal, field)

    assert all("age" in columns_of(name, "zoo_animal") for name in EVERYWHERE)


# When it fails


def test_a_failure_in_one_schema_names_it_and_undoes_all(fleet):
    farm = Farm(twin=False)
    farm.apply(*start())
    before = catalog(TEMPLATE)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE b.farm_cow (id int)")

    with pytest.raises(ReplayFailed) as caught:
        farm.apply(private("Cow"))

    assert caught.value.schema == "b"
    assert caught.value.statement.startswith('CREATE TABLE "farm_cow"')
    assert "Schema 'b': relation \"farm_cow\" already exists" in str(caught.value)
    assert difference(before, catalog(TEMPLATE)) == []
    assert difference(before, catalog("a")) == []


def test_a_failure_in_the_template_is_djangos_own_error(fleet):
    with pytest.raises(DatabaseError), connection.schema_editor() as editor:
        editor.execute('ALTER TABLE "zoo_animal" ADD COLUMN id int')

    assert connection.recorder is None


def test_more_schemata_than_the_lock_budget_are_refused_before_any_is_touched(fleet, monkeypatch):
    farm = Farm(twin=False)
    before = catalog("a")
    monkeypatch.setattr("boardinghouse.ddl.lock_budget", lambda connection: 60)
    touched = []
    monkeypatch.setattr("boardinghouse.fleet.replay", lambda *args: touched.append(args))

    with pytest.raises(LockBudgetExceeded, match=r"in each of 2 schemata.*budget of 60"):
        farm.apply(*start())

    assert touched == []
    assert difference(before, catalog("a")) == []


def test_a_row_without_a_schema_does_not_stop_the_others(fleet, caplog):
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA a CASCADE")

    migrate("zoo", "zero")
    migrate("zoo")

    assert difference(catalog(TEMPLATE), catalog("b")) == []
    assert "The row of schema 'a' has no schema in PostgreSQL." in caplog.text


# Outside a transaction


@pytest.mark.django_db(transaction=True)
def test_concurrent_indexes_are_made_and_removed_in_every_schema():
    Schema.objects.mass_create(*NAMES)
    farm = Farm(twin=False)
    farm.apply(*start())
    index = models.Index(fields=["size"], name="farm_c")

    def have_it():
        return [name for name in EVERYWHERE if "farm_c" in indexes_of(name, "farm_pen")]

    farm.apply(AddIndexConcurrently("pen", index), atomic=False)

    assert have_it() == list(EVERYWHERE)

    farm.apply(RemoveIndexConcurrently("pen", "farm_c"), atomic=False)

    assert have_it() == []

    farm.unapply()

    assert have_it() == list(EVERYWHERE)

    farm.unapply()
    farm.unapply()


@pytest.mark.django_db(transaction=True)
def test_without_a_transaction_what_the_template_has_every_schema_has():
    Schema.objects.mass_create(*NAMES)
    farm = Farm(twin=False)
    farm.apply(*start())
    pen = farm.model("Pen")
    field = models.IntegerField(null=True)
    field.set_attributes_from_name("n")

    def add_and_fail():
        with connection.schema_editor(atomic=False) as editor:
            editor.add_field(pen, field)
            editor.add_field(pen, field)

    with pytest.raises(DatabaseError):
        add_and_fail()

    assert ["n" in columns_of(name, "farm_pen") for name in EVERYWHERE] == [True] * 3

    with connection.schema_editor() as editor:
        editor.remove_field(pen, field)
    farm.unapply()


@pytest.mark.django_db(transaction=True)
def test_python_and_sql_outside_a_transaction_run_in_every_schema():
    Schema.objects.mass_create(*NAMES)
    seen = []

    def note(apps, editor):
        seen.append((get_active_schema_name(), editor.connection.in_atomic_block))

    farm = Farm(twin=False, label="herd")
    farm.apply(private("Cow"))
    farm.apply(
        RunPython(note, RunPython.noop, atomic=False),
        RunSQL("CREATE INDEX CONCURRENTLY herd_i ON herd_cow (id)", "DROP INDEX herd_i"),
        atomic=False,
    )

    assert seen == [(name, False) for name in EVERYWHERE]
    assert ["herd_i" in indexes_of(name, "herd_cow") for name in EVERYWHERE] == [True] * 3

    farm.unapply()
    farm.unapply()


def make_herd(label):
    Schema.objects.mass_create(*NAMES)
    herd = Farm(twin=False, label=label)
    herd.apply(private("Cow", ("name", models.CharField(max_length=9, default="x"))))
    for name in NAMES:
        run(f"INSERT INTO {name}.{label}_cow (name) VALUES ('{name}')")
    return herd


def apply_alone(herd, *operations):
    """Apply operations as `migrate` does, with a journal, outside of transactions."""
    migration = Migration("0002_alone", herd.label)
    migration.atomic, migration.operations = False, operations
    migration.operations = with_checkpoints(migration)
    with connection.schema_editor(atomic=False) as editor:
        migration.apply(herd.state.clone(), editor)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    [
        "VACUUM vat_cow",
        "DO $$ BEGIN UPDATE vat_cow SET name = name || '!'; COMMIT; END $$",
        "-- now\nCREATE INDEX CONCURRENTLY Vat_I ON vat_cow (name)",
    ],
)
def test_what_wants_no_transaction_has_none_outside_of_them(statement):
    herd = make_herd("vat")

    apply_alone(herd, RunSQL(statement))

    marks = ["!"] * 2 if "'!'" in statement else [""] * 2
    assert [rows(f"SELECT name FROM {name}.vat_cow") for name in NAMES] == [
        [(f"{name}{mark}",)] for name, mark in zip(NAMES, marks, strict=True)
    ]
    indexed = ["vat_i" in indexes_of(name, "vat_cow") for name in EVERYWHERE]
    assert indexed == ["INDEX" in statement] * 3

    herd.unapply()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("wrapper", [PerSchema, Shared])
def test_python_that_had_the_editor_ask_the_catalog_is_gone_on_with(wrapper):
    Schema.objects.mass_create(*NAMES)
    herd = Farm(twin=False, label="yak")
    name = ("name", models.CharField(max_length=9, unique=True))
    herd.apply(private("Cow", name), shared("Owner", name))
    broken = {"b"}

    def loosen(apps, editor):
        model = apps.get_model("yak", "Cow" if wrapper is PerSchema else "Owner")
        field = models.CharField(max_length=9)
        field.set_attributes_from_name("name")
        editor.alter_field(model, model._meta.get_field("name"), field)

    def stop(apps, editor):
        if get_active_schema_name() in broken:
            raise Boom

    operations = [
        SeparateDatabaseAndState([wrapper(RunPython(loosen)), PerSchema(RunPython(stop))])
    ]
    with pytest.raises(SchemataBehind):
        apply_alone(herd, *operations)
    broken.clear()
    apply_alone(herd, *operations)

    of_cows = [bool("name" in str(indexes_of(each, "yak_cow"))) for each in EVERYWHERE]
    assert of_cows == [wrapper is Shared] * 3
    assert ("name" in str(indexes_of("public", "yak_owner"))) == (wrapper is PerSchema)
    assert not journal.is_there(connection)

    herd.unapply()


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_has_done_nothing_is_not_unfinished():
    herd = make_herd("elk")

    with pytest.raises(DatabaseError):
        apply_alone(herd, RunSQL("SELECT 1 / 0"))

    assert not journal.is_there(connection)

    herd.unapply()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("name", "index"), [("Ox_I", "ox_i"), ('"Ox_I"', "Ox_I")], ids=["folded", "quoted"]
)
def test_an_index_that_was_left_unfinished_is_made_anew_and_one_that_is_gone_not_dropped(
    name, index
):
    herd = make_herd("ox")
    make = f"/* fast */ CREATE INDEX CONCURRENTLY {name} ON ox_cow (name)"
    run(f"CREATE INDEX {name} ON a.ox_cow (name)")
    run(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'a.{name}'::regclass")

    run_outside(connection, "a", make)

    valid = rows(f"SELECT indisvalid FROM pg_index WHERE indexrelid = 'a.{name}'::regclass")
    assert valid == [(True,)]
    assert index not in indexes_of("b", "ox_cow")

    run_outside(connection, "a", f"DROP INDEX CONCURRENTLY {name};")
    run_outside(connection, "a", f"DROP INDEX CONCURRENTLY {name};")

    assert index not in indexes_of("a", "ox_cow")

    herd.unapply()


def test_the_helpers_see_a_difference(fleet):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE a.zoo_kind ALTER latin SET STATISTICS 7")

    assert len(drift()) == 2
    assert rows("SELECT 1") == [(1,)]
