"""What a schema has lost, or has too much, is named, object by object and aspect by aspect."""

import pytest
from django.db import connection

from boardinghouse import drift
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import working_in
from tests.catalog import run

pytestmark = pytest.mark.django_db


def differences(*names):
    """What the schemata have otherwise, as the command prints it."""
    return [
        f"{each.schema}: {each}"
        for each in drift.find_differences(connection, names or ("a", "b", "order"))
    ]


def run_in(schema, *statements):
    with working_in(schema):
        run(*statements)


@pytest.fixture
def schemata():
    return Schema.objects.mass_create("b", "a", "order")


def test_copies_of_the_template_do_not_differ(schemata):
    assert differences() == []


DRIFTS = {
    "a table": ("DROP TABLE zoo_elephant", ["table zoo_elephant is missing"]),
    "a table too many": ("CREATE TABLE own (n serial)", ["table own is not in the template"]),
    "a kind of table": (
        "ALTER TABLE zoo_part SET UNLOGGED",
        ["table zoo_part differs in its persistence: UNLOGGED; in the template: none"],
    ),
    "an option of a table": (
        "ALTER TABLE zoo_animal SET (fillfactor = 50, toast.autovacuum_enabled = off)",
        [
            "table zoo_animal differs in its options: fillfactor=50; in the template: none",
            "table zoo_animal differs in its options of its TOAST table: autovacuum_enabled=off; "
            "in the template: none",
        ],
    ),
    "a column": ("ALTER TABLE zoo_kind DROP COLUMN latin", ["column zoo_kind.latin is missing"]),
    "a column too many": (
        "ALTER TABLE zoo_kind ADD COLUMN own int NOT NULL DEFAULT 1",
        ["column zoo_kind.own is not in the template"],
    ),
    "a type": (
        "ALTER TABLE zoo_kind ALTER latin TYPE text",
        [
            "column zoo_kind.latin differs in its type: text; in the template: character "
            'varying(60) COLLATE "C"'
        ],
    ),
    "a default": (
        "ALTER TABLE zoo_kind ALTER latin DROP DEFAULT",
        [
            "column zoo_kind.latin differs in its default: none; "
            "in the template: ''::character varying"
        ],
    ),
    "another default": (
        "ALTER TABLE zoo_kind ALTER latin SET DEFAULT 'order.'",
        [
            "column zoo_kind.latin differs in its default: 'order.'::character varying; "
            "in the template: ''::character varying"
        ],
    ),
    "an identity": (
        "ALTER TABLE zoo_kind ALTER id SET INCREMENT 5",
        [
            "column zoo_kind.id differs in its identity: BY DEFAULT b.zoo_kind_id_seq bigint "
            "START 1 INCREMENT 5 MINVALUE 1 MAXVALUE 9223372036854775807 CACHE 1; in the "
            "template: BY DEFAULT b.zoo_kind_id_seq bigint START 1 INCREMENT 1 MINVALUE 1 "
            "MAXVALUE 9223372036854775807 CACHE 1"
        ],
    ),
    "a generated column": (
        "ALTER TABLE zoo_animal DROP COLUMN heavy CASCADE; "
        "ALTER TABLE zoo_animal ADD COLUMN heavy boolean GENERATED ALWAYS AS (weight > 99) STORED",
        [
            "column zoo_animal.heavy differs in its generation: (weight > (99)::numeric) STORED; "
            "in the template: (weight > (100)::numeric) STORED",
            "view zoo_heavy is missing",
        ],
    ),
    "storage and statistics": (
        "ALTER TABLE zoo_kind ALTER name SET STORAGE EXTERNAL, ALTER name SET STATISTICS 9, "
        "ALTER name SET (n_distinct = 5), ALTER name SET COMPRESSION pglz",
        [
            "column zoo_kind.name differs in its compression: p; in the template: none",
            "column zoo_kind.name differs in its options: n_distinct=5; in the template: none",
            "column zoo_kind.name differs in its statistics target: 9; in the template: none",
            "column zoo_kind.name differs in its storage: e; in the template: none",
        ],
    ),
    "a check": (
        "ALTER TABLE zoo_animal DROP CONSTRAINT zoo_animal_has_weight",
        ["constraint zoo_animal.zoo_animal_has_weight is missing"],
    ),
    "a constraint too many": (
        "ALTER TABLE zoo_kind ADD CONSTRAINT own UNIQUE (latin, id)",
        ["constraint zoo_kind.own is not in the template"],
    ),
    "another check": (
        "ALTER TABLE zoo_animal DROP CONSTRAINT zoo_animal_has_weight; "
        "ALTER TABLE zoo_animal ADD CONSTRAINT zoo_animal_has_weight CHECK (weight > 1) NOT VALID",
        [
            "constraint zoo_animal.zoo_animal_has_weight differs in its definition: "
            "CHECK ((weight > (1)::numeric)) NOT VALID; in the template: "
            "CHECK ((weight > (0)::numeric))"
        ],
    ),
    "an index": ("DROP INDEX zoo_animal_lower", ["index zoo_animal_lower is missing"]),
    "an index too many": (
        "CREATE INDEX own ON zoo_kind (latin)",
        ["index own is not in the template"],
    ),
    "another index": (
        "DROP INDEX zoo_animal_star; CREATE INDEX zoo_animal_star ON zoo_animal (name)",
        [
            "index zoo_animal_star differs in its definition: CREATE INDEX zoo_animal_star ON "
            "b.zoo_animal USING btree (name); in the template: CREATE UNIQUE INDEX "
            "zoo_animal_star ON b.zoo_animal USING btree (name) WHERE (weight > (500)::numeric)"
        ],
    ),
    "a clustering": (
        "ALTER TABLE zoo_animal CLUSTER ON zoo_animal_lower; "
        "ALTER TABLE zoo_kind CLUSTER ON zoo_kind_pkey",
        [
            "index zoo_animal_lower differs in its clustering: CLUSTER ON; in the template: none",
            "constraint zoo_kind.zoo_kind_pkey differs in its clustering: CLUSTER ON; "
            "in the template: none",
        ],
    ),
    "a trigger too many": (
        "CREATE TRIGGER own BEFORE UPDATE ON zoo_kind FOR EACH ROW "
        "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        ["trigger zoo_kind.own is not in the template"],
    ),
    "a policy and row security": (
        "ALTER TABLE zoo_kind ENABLE ROW LEVEL SECURITY; "
        "CREATE POLICY own ON zoo_kind USING (true)",
        [
            "table zoo_kind differs in its row security: ENABLE; in the template: none",
            "policy zoo_kind.own is not in the template",
        ],
    ),
    "a comment": (
        "COMMENT ON COLUMN zoo_kind.name IS 'b.'; COMMENT ON TABLE zoo_kind IS NULL",
        [
            "table zoo_kind differs in its comment: none; in the template: "
            "what the zoo's animals are",
            "column zoo_kind.name differs in its comment: b.; in the template: as the zoo calls it",
        ],
    ),
    "a view, a sequence, a function, a type, statistics": (
        "CREATE VIEW v AS SELECT 1 AS one; CREATE SEQUENCE s; CREATE TYPE e AS ENUM ('x'); "
        "CREATE DOMAIN d AS int; CREATE FUNCTION f(e) RETURNS int LANGUAGE sql AS 'SELECT 1'; "
        'CREATE STATISTICS x ON id, name FROM zoo_kind; CREATE COLLATION c FROM "C"',
        [
            "collation c is not in the template",
            "domain d is not in the template",
            "enum e is not in the template",
            "function f(e) is not in the template",
            "sequence s is not in the template",
            "view v is not in the template",
            "extended statistics x is not in the template",
        ],
    ),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_what_drifted_is_named(schemata, drift):
    statements, expected = DRIFTS[drift]
    run_in("b", statements)

    assert differences() == [f"b: {each}" for each in expected]


@pytest.mark.skipif("connection.pg_version < 180000", reason="PostgreSQL names them from 18 on")
def test_the_name_of_a_not_null_constraint_is_compared(schemata):
    run_in("b", "ALTER TABLE zoo_kind RENAME CONSTRAINT zoo_kind_name_not_null TO own")

    assert differences() == [
        "b: column zoo_kind.name differs in its not null: CONSTRAINT own NOT NULL; in the "
        "template: CONSTRAINT zoo_kind_name_not_null NOT NULL"
    ]


def test_a_not_null_that_is_not_inherited_is_compared(schemata):
    if connection.pg_version < 180000:
        pytest.skip("came with PostgreSQL 18")
    run_in("b", "ALTER TABLE zoo_kind ALTER CONSTRAINT zoo_kind_name_not_null NO INHERIT")

    assert differences() == [
        "b: column zoo_kind.name differs in its not null: CONSTRAINT zoo_kind_name_not_null NOT "
        "NULL NO INHERIT; in the template: CONSTRAINT zoo_kind_name_not_null NOT NULL"
    ]


def test_a_column_that_may_be_null_is_named(schemata):
    run_in("b", "ALTER TABLE zoo_kind ALTER name DROP NOT NULL")

    (found,) = differences()
    assert found.startswith(
        "b: column zoo_kind.name differs in its not null: none; in the template"
    )


def test_privileges_and_owners_are_compared(schemata):
    run("CREATE ROLE curious_reader")
    run_in(
        "b",
        "GRANT SELECT ON zoo_kind TO curious_reader",
        "GRANT UPDATE (name) ON zoo_kind TO curious_reader",
        "GRANT CREATE ON SCHEMA b TO curious_reader",
        "ALTER TABLE zoo_show OWNER TO curious_reader",
    )

    found = [line.split(";")[0] for line in differences()]

    assert "b: table zoo_show differs in its owner: curious_reader" in found
    assert "b: column zoo_kind.name differs in its privileges: curious_reader=w/postgres" in found
    assert any("b: table zoo_kind differs in its privileges" in line for line in found)


WORLD = """
    CREATE TYPE size AS ENUM ('small', 'order.', 'large');
    CREATE DOMAIN few AS int DEFAULT 3 CHECK (VALUE < 9);
    CREATE SEQUENCE ticket AS smallint START 7 INCREMENT 3;
    CREATE FUNCTION next(few DEFAULT 1) RETURNS bigint LANGUAGE sql IMMUTABLE
        AS 'SELECT 1 /* __template__.ticket */';
    CREATE PROCEDURE rest(size) LANGUAGE sql AS 'SELECT 1';
    CREATE TABLE box (
        id serial PRIMARY KEY, size size DEFAULT 'small', n few CHECK (next(n) > 0),
        ticket int DEFAULT nextval('ticket'), sizes size[] NOT NULL DEFAULT '{small}',
        inner_box int REFERENCES box, kept varchar(9) DEFAULT '__template.box'
    );
    CREATE INDEX box_size ON box (size, next(n)) WHERE size = 'large'::size;
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql SET work_mem = '9MB'
        AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER touched BEFORE UPDATE OF n ON box FOR EACH ROW WHEN (NEW.size = 'large'::size)
        EXECUTE FUNCTION touch();
    CREATE FUNCTION home() RETURNS int LANGUAGE sql SET search_path FROM CURRENT AS 'SELECT 1';
    CREATE VIEW boxes AS SELECT b.*, a.name FROM box b JOIN zoo_animal a ON a.id = b.n;
    CREATE MATERIALIZED VIEW late AS SELECT n FROM box WITH NO DATA;
    CREATE COLLATION plain (locale = 'C');
    CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);
    ALTER TEXT SEARCH CONFIGURATION words DROP MAPPING FOR host;
    COMMENT ON CONSTRAINT few_check ON DOMAIN few IS 'checked';
"""
UNCLONED = """
    ALTER TABLE box ENABLE ROW LEVEL SECURITY;
    CREATE POLICY large ON box FOR SELECT USING (size = 'large'::size);
    CREATE STATISTICS box_statistics ON n, size FROM box;
    CREATE MATERIALIZED VIEW sizes AS SELECT DISTINCT size FROM box;
    CREATE TABLE parted (n int) PARTITION BY RANGE (n);
    CREATE TABLE part_one PARTITION OF parted FOR VALUES FROM (1) TO (9);
    CREATE TYPE pair AS (one size, two few);
    CREATE TYPE span AS RANGE (subtype = int);
    CREATE AGGREGATE total(few) (sfunc = int4pl, stype = int, initcond = '0');
    CREATE RULE silent AS ON UPDATE TO parted DO INSTEAD NOTHING;
    CREATE FUNCTION same(size, size) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE OPERATOR === (leftarg = size, rightarg = size, procedure = same);
    CREATE FUNCTION number(size) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION letter(size) RETURNS "char" LANGUAGE sql AS $$SELECT 'x'::"char"$$;
    CREATE CAST (size AS int) WITH FUNCTION number(size);
    CREATE TYPE own_range AS RANGE (subtype = date);
"""


def test_a_key_to_partitions_does_not_differ(db):
    run_in(
        TEMPLATE,
        "CREATE TABLE x (id int PRIMARY KEY, up int REFERENCES x) PARTITION BY RANGE (id)",
        "CREATE TABLE x1 PARTITION OF x FOR VALUES FROM (1) TO (9) PARTITION BY RANGE (id)",
        "CREATE TABLE x11 PARTITION OF x1 FOR VALUES FROM (1) TO (5)",
        "CREATE TABLE y (id int REFERENCES x)",
    )
    Schema.objects.mass_create("a", "b")
    run_in("b", "ALTER TABLE y DROP CONSTRAINT y_id_fkey")

    assert differences("a", "b") == ["b: constraint y.y_id_fkey is missing"]


@pytest.fixture
def worlds():
    """Schemata in which the same statements were run, beside objects of every kind."""
    made = Schema.objects.mass_create("b", "a", "order")
    for name in (TEMPLATE, "a", "b", "order"):
        run_in(name, WORLD, UNCLONED)
    return made


def test_equal_objects_of_every_kind_do_not_differ(worlds):
    assert differences() == []


def test_a_copy_does_not_differ_from_what_the_same_statements_made(schemata):
    for name in (TEMPLATE, "a", "b", "order"):
        run_in(name, WORLD)
    Schema.objects.mass_create("new")

    assert differences("a", "b", "new") == []


CHANGES = {
    "ALTER TYPE size ADD VALUE 'huge'": "enum size differs in its definition",
    "ALTER DOMAIN few SET NOT NULL": "domain few differs in its definition",
    "ALTER SEQUENCE ticket START 8": "sequence ticket differs in its definition",
    "ALTER SEQUENCE ticket OWNED BY box.n": "sequence ticket differs in its owning column",
    "ALTER FUNCTION touch() SET work_mem = '8MB'": "function touch() differs in its settings",
    "ALTER FUNCTION home() SET search_path TO __template__, public": "function home() differs in "
    "its settings: search_path=__template__, public; in the template: search_path=(itself), public",
    "ALTER FUNCTION home() SET search_path TO public, 'order'": "function home() differs in its "
    "settings: search_path=public, (itself); in the template: search_path=(itself), public",
    "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql SET work_mem = '9MB' "
    "AS 'BEGIN RETURN OLD; END'": "function touch() differs in its body",
    "ALTER PROCEDURE rest SECURITY DEFINER": "procedure rest(IN size) differs in its definition",
    "COMMENT ON FUNCTION touch() IS 'x'": "function touch() differs in its comment",
    "ALTER TABLE box DISABLE TRIGGER touched": "trigger box.touched differs in its firing",
    "DROP TRIGGER touched ON box": "trigger box.touched is missing",
    "CREATE OR REPLACE VIEW boxes AS SELECT b.*, a.name FROM box b JOIN zoo_animal a "
    "ON a.id <> b.n": "view boxes differs in its definition",
    "DROP VIEW boxes": "view boxes is missing",
    "DROP MATERIALIZED VIEW sizes": "materialized view sizes is missing",
    "ALTER POLICY large ON box USING (true)": "policy box.large differs in its definition",
    "DROP POLICY large ON box": "policy box.large is missing",
    "DROP STATISTICS box_statistics": "extended statistics box_statistics is missing",
    "ALTER STATISTICS box_statistics SET STATISTICS 7": "extended statistics box_statistics "
    "differs in its target",
    "ALTER TABLE parted DETACH PARTITION part_one": "table part_one differs in its parents",
    "DROP RULE silent ON parted": "rule parted.silent is missing",
    "DROP TYPE pair": "composite type pair is missing",
    "DROP TYPE span": "range type span is missing",
    "DROP AGGREGATE total(few)": "aggregate total(few) is missing",
    "DROP OPERATOR === (size, size)": "operator === (size, size) is missing",
    "DROP COLLATION plain; CREATE COLLATION plain (locale = 'POSIX', provider = libc)": "collation "
    "plain differs in its definition: collcollate POSIX, collctype POSIX",
    "COMMENT ON COLLATION plain IS 'order.'": "collation plain differs in its comment: order.; in",
    "ALTER TEXT SEARCH CONFIGURATION words DROP MAPPING FOR email, url": "text search "
    'configuration words differs in its definition: parser "default", asciihword simple, ',
    "COMMENT ON TEXT SEARCH CONFIGURATION words IS 'w'": "text search configuration words differs "
    "in its comment: w; in the template: none",
    "COMMENT ON CONSTRAINT few_check ON DOMAIN few IS 'order.few'": "domain few differs in its "
    "comments on constraints: few_check: order.few; in the template: few_check: checked",
    "DROP CAST (size AS int)": "cast size AS integer is missing",
    "DROP CAST (size AS int); CREATE CAST (size AS int) WITH FUNCTION number(size) AS ASSIGNMENT": (
        'cast size AS integer differs in its definition: "order".number("order".size) a; in '
        'the template: "order".number("order".size) e'
    ),
    'CREATE CAST (size AS "char") WITH FUNCTION letter(size)': 'cast size AS "char" is not in the '
    "template",
    "COMMENT ON CAST (size AS int) IS 'c'": "cast size AS integer differs in its comment: c; in",
    "ALTER TABLE box DROP CONSTRAINT box_inner_box_fkey; ALTER TABLE box ADD FOREIGN KEY "
    "(inner_box) REFERENCES __template__.box": "constraint box.box_inner_box_fkey differs",
    "ALTER TABLE box ALTER ticket SET DEFAULT nextval('__template__.ticket')": "column box.ticket "
    "differs in its default",
    "ALTER TABLE box DROP CONSTRAINT box_n_check; ALTER TABLE box ADD CONSTRAINT box_n_check "
    "CHECK (__template__.next(n) > 0)": "constraint box.box_n_check differs",
    "DROP INDEX box_size; CREATE INDEX box_size ON box (size, __template__.next(n)) "
    "WHERE size = 'large'::size": "index box_size differs in its definition",
    "ALTER TABLE box ALTER kept SET DEFAULT 'order.box'": "column box.kept differs in its default",
    "ALTER TABLE box REPLICA IDENTITY FULL": "table box differs in its replica identity",
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_in_objects_of_every_kind_is_named(worlds, change):
    run_in("order", change)

    found = differences()

    assert any(line.startswith(f"order: {CHANGES[change]}") for line in found), found
    assert {line.split(":")[0] for line in found} == {"order"}


def test_a_comment_on_a_not_null_constraint_is_compared(worlds):
    if connection.pg_version < 180000:
        pytest.skip("PostgreSQL names them from 18 on")
    run_in("b", "COMMENT ON CONSTRAINT box_sizes_not_null ON box IS 'b.'")

    assert differences() == [
        "b: column box.sizes differs in its comment on not null: b.; in the template: none"
    ]


def test_whether_a_materialised_view_is_filled_is_not_compared(worlds):
    run_in("b", "REFRESH MATERIALIZED VIEW late", "REFRESH MATERIALIZED VIEW sizes WITH NO DATA")

    assert differences() == []


OWN = {
    "GRANT USAGE ON SCHEMA {} TO pg_monitor": "privileges: pg_monitor=U/postgres, "
    "postgres=UC/postgres; in the template: postgres=UC/postgres",
    "ALTER SCHEMA {} OWNER TO pg_monitor": "owner: pg_monitor; in the template: postgres",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT SELECT ON TABLES TO pg_monitor": "default "
    "privileges: postgres TABLES pg_monitor=r/postgres; in the template: none",
}


@pytest.mark.parametrize("statement", OWN)
def test_what_changed_in_a_schema_itself_is_named(schemata, statement):
    run(statement.format("b"))

    found = differences()

    assert any(
        line.startswith(f"b: schema itself differs in its {OWN[statement]}") for line in found
    )
    assert {line.split(":")[0] for line in found} == {"b"}


@pytest.mark.parametrize("statement", OWN)
def test_a_copy_has_what_the_template_itself_has(db, statement):
    run(statement.format(TEMPLATE))
    run(f"ALTER SCHEMA {TEMPLATE} OWNER TO CURRENT_USER")
    Schema.objects.mass_create("b", "a", "order")

    assert differences() == []


def test_what_belongs_to_a_missing_table_is_not_named_too(worlds):
    run_in("b", "DROP TABLE zoo_animal CASCADE")

    assert "b: table zoo_animal is missing" in differences()
    assert not [line for line in differences() if "zoo_animal." in line]


@pytest.mark.parametrize("fleet", [("a",), tuple("abcdefgh")])
def test_the_number_of_queries_is_that_of_the_questions(db, fleet, django_assert_num_queries):
    Schema.objects.mass_create(*fleet)
    run_in("a", "SELECT 1")

    # A question each, the path that is theirs, and the one before it.
    with django_assert_num_queries(len(drift.QUESTIONS) + 1):
        drift.find_differences(connection, fleet)


def test_differences_are_asked_for_twice_at_most(schemata, django_assert_num_queries):
    for name in ("a", "b", "order"):
        run_in(name, "DROP INDEX zoo_animal_lower")

    with django_assert_num_queries(2 * (len(drift.QUESTIONS) + 1)):
        drift.find_differences(connection, ["a", "b", "order"])


def test_what_is_right_again_when_asked_twice_is_no_difference(schemata):
    run_in("b", "ALTER TABLE zoo_kind RENAME TO away")

    found = drift.find_differences(
        connection, ["b"], lambda: run("ALTER TABLE IF EXISTS b.away RENAME TO zoo_kind")
    )

    assert found == []


def test_schemata_without_a_row_are_found_by_their_tables(schemata):
    run("CREATE SCHEMA lost", "CREATE TABLE lost.zoo_kind (n int)", "CREATE SCHEMA of_others")
    run("CREATE SCHEMA _spare_1", 'CREATE SCHEMA "_timescaledb"')

    found = drift.find_unregistered(connection, ["a", "order"])

    assert [name for name in found if not name.startswith("_ready_")] == ["_spare_1", "b", "lost"]
