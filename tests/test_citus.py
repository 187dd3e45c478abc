"""With Citus: schemata on nodes, and shared tables on all of them. Against `tests.standin`."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, migrations, models

from boardinghouse import checks, citus, clone, spares
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import override, working_in
from tests import standin
from tests.catalog import rows, run
from tests.conftest import owners
from tests.migrating.farm import Farm, private, shared
from tests.testapp.models import Account, Entry

pytestmark = pytest.mark.django_db

#: What private models of the test project refer to.
REFERRED = {"auth_user", "auth_group", "auth_permission", "testapp_region"}


@pytest.fixture
def cluster(db):
    # A trigger of the zoo's migrations is what the check is for.
    for schema in (TEMPLATE, *Schema.objects.values_list("pk", flat=True)):
        run(f'DROP TRIGGER zoo_note ON "{schema}".zoo_animal')
    with standin.citus():
        yield


@pytest.fixture
def ready_cluster(cluster):
    """One on which the command has run."""
    distribute("--schemata")


def distribute(*options):
    out = io.StringIO()
    call_command("distribute_shared", *options, stdout=out)
    return out.getvalue().splitlines()


def found():
    return list(checks.check_citus(databases=["default"]))


# The command


def test_shared_tables_that_private_ones_refer_to_become_reference_tables(cluster):
    said = distribute()

    assert set(standin.references()) >= REFERRED
    assert "django_session" not in standin.references()
    assert "public.auth_user is now a reference table." in said
    assert standin.distributed() == []


def test_a_second_run_finds_nothing_to_do(cluster):
    distribute()

    assert distribute() == ["There was nothing to make a reference table."]


def test_schemata_that_were_there_before_are_placed_when_asked(schemata, cluster):
    distribute("--schemata")

    assert standin.distributed() == [TEMPLATE, "a", "b"]
    with override("b"):
        assert Account.objects.get(pk=1).owner == "b"


def test_a_dry_run_changes_nothing(cluster):
    said = distribute("--dry-run", "--schemata")

    assert "public.auth_user would become a reference table." in said
    assert f"{TEMPLATE} would become a distributed schema." in said
    assert (standin.references(), standin.distributed()) == ([], [])


def test_machines_are_told_too(cluster):
    said = [json.loads(line) for line in distribute("--json")]

    assert {"name": "public.auth_user", "kind": "reference table", "done": True}.items() <= next(
        each.items() for each in said if each.get("name") == "public.auth_user"
    )


def test_without_citus_it_says_what_to_type():
    with pytest.raises(CommandError, match=r"no Citus\. Type `CREATE EXTENSION citus`"):
        distribute()


def test_what_citus_refuses_is_named_before_anything_is_done(cluster):
    make_trigger(f'"{TEMPLATE}".testapp_account')

    with pytest.raises(CommandError, match="'testapp_account' has the trigger 'guard'"):
        distribute()

    assert standin.references() == []


# New schemata, and what migrations add


def test_a_new_schema_is_distributed(ready_cluster):
    Schema.objects.create(schema="a", name="A")

    assert standin.distributed() == [TEMPLATE, "a"]
    with override("a"):
        assert Account.objects.create(owner="a").pk == 1


def test_a_spare_is_distributed_and_stays_so_when_it_is_taken(ready_cluster):
    name = spares.make(connection, 1)
    assert standin.distributed() == [TEMPLATE, name]

    Schema.objects.create(schema="a", name="A")

    assert standin.distributed() == [TEMPLATE, "a"]


def test_a_schema_copied_with_its_rows_is_distributed(schemata, ready_cluster):
    Schema.objects.clone("a", "c")

    assert "c" in standin.distributed()


def locks_on(table):
    return {
        mode
        for (mode,) in rows(
            "SELECT mode FROM pg_locks WHERE relation = %s::regclass AND pid = pg_backend_pid()",
            [table],
        )
    }


def test_rows_are_copied_table_by_table_while_nobody_writes_to_them(schemata, ready_cluster):
    Schema.objects.clone("a", "c")

    with override("c"):
        assert owners() == ["a"]
        assert Entry.objects.get().account.owner == "a"
    assert "ShareLock" in locks_on("a.testapp_account")
    statements = clone.compile_schema(connection, "a").with_rows_in_turn("a")
    assert max(each.count("INSERT INTO") for each in statements) == 1


def test_nobody_waits_where_there_is_one_server(schemata):
    Schema.objects.clone("a", "c")

    assert "ShareLock" not in locks_on("a.testapp_account")


def test_rows_of_the_template_are_found_on_the_nodes(ready_cluster, monkeypatch):
    """A coordinator's own tables are empty, whatever the nodes have."""
    with working_in(TEMPLATE):
        Account.objects.create(owner="of the template")
    take_fingerprint = clone.take_fingerprint
    monkeypatch.setattr(clone, "take_fingerprint", lambda *asked: (take_fingerprint(*asked)[0], []))

    Schema.objects.create(schema="a", name="A")

    with override("a"):
        assert owners() == ["of the template"]


def test_without_tables_there_are_no_rows_to_be_found_or_copied(ready_cluster):
    assert citus.find_filled_tables(connection, TEMPLATE, []) == set()
    assert clone.Script([], {}, [], []).with_rows_in_turn("a") == []


def test_what_somebody_else_creates_afterwards_is_not(ready_cluster):
    Schema.objects.create(schema="a", name="A")

    run("CREATE SCHEMA reports")

    assert "reports" not in standin.distributed()


@pytest.fixture
def farm(schemata, ready_cluster):
    """A project that begins on a cluster."""
    farm = Farm(twin=False)
    farm.apply(shared("Region"), private("Pen"))
    return farm


def test_a_shared_table_that_a_new_private_one_refers_to_is_a_reference_table_first(farm):
    farm.apply(private("Barn", ("region", models.ForeignKey("farm.region", models.CASCADE))))

    assert "farm_region" in standin.references()
    assert keys_of("farm_barn") == {TEMPLATE, "a", "b"}


def test_one_that_a_new_column_refers_to_is_too(farm):
    key = models.ForeignKey("farm.region", models.CASCADE, null=True)

    farm.apply(migrations.AddField("pen", "region", key))

    assert "farm_region" in standin.references()
    assert keys_of("farm_pen") == {TEMPLATE, "a", "b"}


def test_keys_between_private_tables_make_none(farm):
    before = standin.references()

    farm.apply(private("Barn", ("pen", models.ForeignKey("farm.pen", models.CASCADE))))

    assert standin.references() == before


def keys_of(table):
    """The schemata in which a table has a foreign key to farm_region."""
    return {
        schema
        for (schema,) in rows(
            "SELECT n.nspname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE k.contype = 'f' AND c.relname = %s"
            " AND k.confrelid = 'public.farm_region'::regclass",
            [table],
        )
    }


@pytest.mark.parametrize(
    "statement",
    [
        'ALTER TABLE "x" ADD FOREIGN KEY ("a") REFERENCES "testapp_region" ("id")',
        "ALTER TABLE x ADD FOREIGN KEY (a) REFERENCES testapp_region",
        'ALTER TABLE x ADD FOREIGN KEY (a) references "public" . "testapp_region" (id)',
        "ALTER TABLE x ADD FOREIGN KEY (a) REFERENCES public.TESTAPP_REGION (id)",
    ],
)
def test_a_foreign_key_is_known_however_it_is_written(cluster, statement):
    citus.keep_reference_tables(connection, statement)

    assert standin.references() == ["testapp_region"]


def test_a_view_is_never_made_a_reference_table(cluster):
    citus.keep_reference_tables(connection, 'REFERENCES "auth_user_groups" ("id")')

    assert standin.references() == []


# Without the extension


def test_without_citus_no_statement_is_its_own(schemata, django_assert_num_queries):
    assert connection.has_citus is False

    with django_assert_num_queries(0):
        citus.keep_reference_tables(connection, 'ALTER TABLE x ADD REFERENCES "auth_user" ("id")')
        assert found() == []


# The check


def make_trigger(table):
    run(
        "CREATE FUNCTION pg_temp.guard() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
        f"CREATE TRIGGER guard AFTER INSERT ON {table} EXECUTE FUNCTION pg_temp.guard()",
    )


def test_the_check_says_what_is_on_the_coordinator_alone(schemata, cluster):
    (warning,) = found()

    assert warning.id == "boardinghouse.W029"
    listed = warning.msg.removesuffix(".").split(": ")[1].split(", ")
    assert {f"public.{table}" for table in REFERRED} | {TEMPLATE, "a", "b"} <= set(listed)


def test_the_check_is_content_with_a_cluster_that_is_ready(schemata, ready_cluster):
    assert found() == []


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (
            ["CREATE TABLE public.log (entry bigint REFERENCES a.testapp_entry)"],
            "The foreign key 'log_entry_fkey' of the table 'public.log' refers into the schema 'a'",
        ),
        (
            ["CREATE TABLE a.child () INHERITS (a.testapp_entry)"],
            "The private table 'child' inherits from the table 'testapp_entry' in the schema 'a'",
        ),
    ],
)
def test_the_check_names_what_citus_refuses(schemata, cluster, statements, message):
    run(*statements)

    refused = [each.msg for each in found() if each.id == "boardinghouse.E028"]

    assert refused == [f"{message}. Citus refuses that."]


def test_the_check_names_triggers_and_how_many_schemata_have_them(schemata, cluster):
    make_trigger("a.testapp_account")
    run(
        "CREATE TRIGGER guard AFTER INSERT ON b.testapp_account EXECUTE FUNCTION pg_temp.guard()",
        "CREATE TRIGGER guard AFTER INSERT ON auth_user EXECUTE FUNCTION pg_temp.guard()",
    )

    refused = [each.msg for each in found() if each.id == "boardinghouse.E028"]

    assert refused == [
        "The table 'auth_user', which private ones refer to, has the trigger 'guard'. Citus "
        "refuses that.",
        "The private table 'testapp_account' has the trigger 'guard' in the schema 'a' and 1 "
        "more. Citus refuses that.",
    ]


def test_triggers_that_citus_was_told_to_accept_are_no_obstacle(schemata, cluster):
    make_trigger("a.testapp_account")
    run("SET LOCAL citus.enable_unsafe_triggers = on")

    assert [each.id for each in found()] == ["boardinghouse.W029"]


def test_a_trigger_of_a_shared_table_that_none_refers_to_is_no_obstacle(cluster):
    make_trigger("django_session")

    assert [each.id for each in found()] == ["boardinghouse.W029"]


def test_no_database_is_asked_when_none_is_named(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert list(checks.check_citus()) == []
