"""Splitting SQL where it is sure, and leaving it whole where it is not."""

import tracemalloc

import pytest

from boardinghouse.statements import find_control, is_alone, is_single, keeps_path, split

SPLIT = {
    "one": ("SELECT 1", ["SELECT 1"]),
    "one with its semicolon": ("SELECT 1 ;\n", ["SELECT 1"]),
    "two": ("SELECT 1; SELECT 2;", ["SELECT 1", "SELECT 2"]),
    "a semicolon in quotes": ("SELECT 'a;b', 'it''s;'", ["SELECT 'a;b', 'it''s;'"]),
    "a semicolon in a name": ('SELECT 1 AS ";"', ['SELECT 1 AS ";"']),
    "two with quotes": ("SELECT ';'; SELECT 'it''s'", ["SELECT ';'", "SELECT 'it''s'"]),
    "comments": (
        "-- don't; stop\nSELECT 1; /* a;b */ SELECT 2; -- the end",
        ["-- don't; stop\nSELECT 1", "/* a;b */ SELECT 2"],
    ),
    "a comment that a carriage return ends": (
        "SELECT 1 -- one\r; SELECT 2",
        ["SELECT 1 -- one", "SELECT 2"],
    ),
    "a hash, which is an operator": (
        "UPDATE t SET n = n # 5;\nUPDATE t SET n = n # 6",
        ["UPDATE t SET n = n # 5", "UPDATE t SET n = n # 6"],
    ),
    "a function and more": (
        "CREATE FUNCTION f() RETURNS int AS $$ BEGIN; -- it's\nRETURN 1; END $$ LANGUAGE sql;"
        " SELECT f()",
        [
            "CREATE FUNCTION f() RETURNS int AS $$ BEGIN; -- it's\nRETURN 1; END $$ LANGUAGE sql",
            "SELECT f()",
        ],
    ),
    "a block in a block": (
        "DO $x$ BEGIN EXECUTE $$SELECT 1; SELECT 2$$; END $x$; SELECT 2",
        ["DO $x$ BEGIN EXECUTE $$SELECT 1; SELECT 2$$; END $x$", "SELECT 2"],
    ),
    "space and spaces": ("\n SELECT  'a  b' ;\n\n;; SELECT 2\n", ["SELECT  'a  b'", "SELECT 2"]),
    "very many": ("SELECT 1;" * 5000, ["SELECT 1"] * 5000),
    "dropping a key": (
        'SET CONSTRAINTS "a;b" IMMEDIATE; ALTER TABLE "t" DROP CONSTRAINT "a;b"',
        ['SET CONSTRAINTS "a;b" IMMEDIATE', 'ALTER TABLE "t" DROP CONSTRAINT "a;b"'],
    ),
    "adding a key": (
        'ALTER TABLE "t" ADD COLUMN "c" int DEFAULT \'x;\' CONSTRAINT "n" REFERENCES "o"("id") '
        'DEFERRABLE; SET CONSTRAINTS "n" IMMEDIATE',
        [
            'ALTER TABLE "t" ADD COLUMN "c" int DEFAULT \'x;\' CONSTRAINT "n" REFERENCES "o"("id") '
            "DEFERRABLE",
            'SET CONSTRAINTS "n" IMMEDIATE',
        ],
    ),
    "filling in a default with a backslash": (
        r"""UPDATE "t" SET "c" = E'\\'' WHERE "c" IS NULL; SET CONSTRAINTS ALL IMMEDIATE""",
        [
            r"""UPDATE "t" SET "c" = E'\\'' WHERE "c" IS NULL""",
            "SET CONSTRAINTS ALL IMMEDIATE",
        ],
    ),
}

WHOLE = {
    "a quote that is never closed": "SELECT 1; SELECT 'a",
    "a dollar quote that is never closed": "SELECT 1; DO $$ BEGIN; END",
    "comments within comments": "SELECT 1; /* /* ; */ ; */ SELECT 2",
    "an SQL body": "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END",
    "a rule": "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)",
    "a backslash in a string": r"SELECT E'\';'; SELECT 2",
    "dollars in names": "SELECT a$b$c; SELECT d$b$e",
}


@pytest.mark.parametrize(("sql", "statements"), SPLIT.values(), ids=SPLIT)
def test_statements_are_told_apart(sql, statements):
    assert split(sql) == statements
    assert all(split(each) == [each] for each in statements)


@pytest.mark.parametrize("sql", WHOLE.values(), ids=WHOLE)
def test_what_may_hold_others_stays_whole(sql):
    assert split(sql) == [sql]
    assert not is_single(sql)


def test_one_statement_with_semicolons_in_it_is_one():
    assert is_single("DO $$ BEGIN PERFORM 1; END $$;")
    assert is_single("SELECT 1 /* ; */")
    assert not is_single("SELECT 1; SELECT 2")


def test_a_literal_of_megabytes_takes_no_memory_to_speak_of():
    literal = "SELECT '" + "it''s " * 200_000 + "'"
    tracemalloc.start()

    assert split(f"{literal}; SELECT 2") == [literal, "SELECT 2"]

    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20 * len(literal)


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("BEGIN; SELECT 1; COMMIT;", "BEGIN"),
        ("SELECT 1; -- now\n commit and chain", "COMMIT"),
        ("/* x */ START TRANSACTION", "START TRANSACTION"),
        ("SELECT 1; END", "END"),
        ("SELECT 1; ROLLBACK WORK", "ROLLBACK"),
        (r"BEGIN; SELECT E'\';'", "BEGIN"),
    ],
)
def test_what_begins_or_ends_a_transaction_is_found(sql, word):
    assert find_control(sql) == word


@pytest.mark.parametrize(
    "sql",
    [
        "DO $$ BEGIN; COMMIT; END $$",
        "SELECT 'a; COMMIT' AS \"; END\" -- ; ROLLBACK",
        "SAVEPOINT s; ROLLBACK TO s; ROLLBACK WORK TO SAVEPOINT s; RELEASE s",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END",
        r"SELECT E'\'; COMMIT'",
        "COMMENT ON TABLE t IS 'x'",
    ],
)
def test_what_only_looks_like_it_is_not(sql):
    assert find_control(sql) is None


@pytest.mark.parametrize(
    "sql",
    [
        "-- fast\nCREATE UNIQUE INDEX CONCURRENTLY i ON t (a)",
        "drop index concurrently i",
        "ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
        "REINDEX (VERBOSE) TABLE CONCURRENTLY t",
        "REINDEX (VERBOSE) SCHEMA s",
        "VACUUM (ANALYZE) t",
        "CREATE DATABASE d",
        "CALL p()",
        "DO $$ BEGIN UPDATE t SET a = 1; COMMIT; END $$",
    ],
)
def test_what_wants_no_transaction_is_known(sql):
    assert is_alone(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE t SET a = 'run concurrently'",
        "CREATE INDEX i ON t (a) -- not CONCURRENTLY",
        'CREATE INDEX i ON "CONCURRENTLY" (a)',
        "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
        "DO $$ BEGIN UPDATE t SET a = 1; END $$ -- COMMIT",
    ],
)
def test_all_else_may_be_in_one(sql):
    assert not is_alone(sql)


def test_what_may_move_the_path_is_known():
    assert keeps_path('ALTER TABLE "t" ADD COLUMN "c" int')
    assert keeps_path("SET CONSTRAINTS ALL IMMEDIATE")
    assert not keeps_path("RESET ALL")
    assert not keeps_path("SELECT f()")
    assert not keeps_path("INSERT INTO t SELECT set_config('search_path', 'x', true)")
