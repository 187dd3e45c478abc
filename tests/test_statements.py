"""Splitting SQL where it is sure, and leaving it whole where it is not."""

import pytest

from boardinghouse.statements import is_single, split

SPLIT = {
    "one": ("SELECT 1", ["SELECT 1"]),
    "one with its semicolon": ("SELECT 1 ;\n", ["SELECT 1"]),
    "two": ("SELECT 1; SELECT 2;", ["SELECT 1", "SELECT 2"]),
    "a semicolon in quotes": ("SELECT 'a;b', 'it''s;'", ["SELECT 'a;b', 'it''s;'"]),
    "a semicolon in a name": ('SELECT 1 AS ";"', ['SELECT 1 AS ";"']),
    "two with quotes": ("SELECT ';'; SELECT 'it''s'", ["SELECT ';'", "SELECT 'it''s'"]),
    "comments": ("-- don't; stop\nSELECT 1; /* a;b */ SELECT 2", ["SELECT 1", "SELECT 2"]),
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
    "a function": "CREATE FUNCTION f() RETURNS int AS $$ BEGIN; RETURN 1; END $$ LANGUAGE plpgsql",
    "a block and more": "DO $x$ BEGIN PERFORM 1; END $x$; SELECT 2",
    "an SQL body": "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END",
    "a rule": "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)",
    "a backslash in a string": r"SELECT E'\';'; SELECT 2",
}


@pytest.mark.parametrize(("sql", "statements"), SPLIT.values(), ids=SPLIT)
def test_statements_are_told_apart(sql, statements):
    assert split(sql) == statements
    assert all(split(each) == [each] for each in statements)


@pytest.mark.parametrize("sql", WHOLE.values(), ids=WHOLE)
def test_what_may_hold_others_stays_whole(sql):
    assert split(sql) == [sql]
    assert not is_single(sql)
