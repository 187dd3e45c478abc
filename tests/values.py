"""Values of types that a schema has of its own: what makes the type, its name, a value."""

MOOD = "CREATE TYPE mood AS ENUM ('sad', 'it''s, \"ok\"')"
POINT = "CREATE TYPE point_of AS (n int, t text, at timestamptz, f float8)"
CRATE = "CREATE TABLE crate (id int, gone int, t text)"
A_POINT = """(3, 'a "b", (c)', '2024-02-01 03:04:05+06', 0.1 + 0.2)"""

OWN_VALUES = {
    "an enum": ([MOOD], "mood", """'it''s, "ok"'"""),
    "an array of enums": ([MOOD], "mood[]", """ARRAY['sad', 'it''s, "ok"', NULL]::mood[]"""),
    "a composite": ([POINT], "point_of", f"{A_POINT}"),
    "an array of composites": ([POINT], "point_of[]", f"ARRAY[{A_POINT}::point_of]"),
    "a composite of an enum": (
        [MOOD, "CREATE TYPE pair AS (a mood, b mood[])"],
        "pair",
        "('sad', '{sad}')",
    ),
    "a domain": (["CREATE DOMAIN few AS int CHECK (value < 9)"], "few", "7"),
    "a domain over an enum": (
        [MOOD, "CREATE DOMAIN calm AS mood CHECK (value = 'sad')"],
        "calm",
        "'sad'",
    ),
    "an array of domains": (["CREATE DOMAIN few AS int"], "few[]", "ARRAY[7]"),
    "a range": (["CREATE TYPE span AS RANGE (subtype = float8)"], "span", "span(0.1 + 0.2, 7)"),
    "a multirange": (
        ["CREATE TYPE span AS RANGE (subtype = timestamp, multirange_type_name = spans)"],
        "spans",
        "spans(span('2024-02-01', '2024-03-01'))",
    ),
    "another table's row": (
        [CRATE, "ALTER TABLE crate DROP COLUMN gone"],
        "crate",
        "ROW(5, 'five')::crate",
    ),
}
