"""SQL text: one statement a message, as PostgreSQL's pipeline mode demands."""

from __future__ import annotations

import re

import sqlparse

CONSTRAINT = r'(?:"(?:[^"]|"")+"\.)?"(?:[^"]|"")+"'
IMMEDIATE = rf"SET CONSTRAINTS (?:ALL|{CONSTRAINT}) IMMEDIATE"

#: Django's compound templates: ``sql_delete_fk``; ``sql_create_column_inline_fk`` and
#: ``sql_update_with_default``. What is between may be anything, a default with quotes in it too.
COMPOUNDS = (
    re.compile(rf"({IMMEDIATE}); (.+)\Z", re.DOTALL),
    re.compile(rf"(.+); ({IMMEDIATE})\Z", re.DOTALL),
)
PLAIN_QUOTES = re.compile(r"""'(?:[^'\\]|'')*'|"(?:[^"]|"")*\"""")
UNSURE = re.compile(r"""[;'"$]|--|/\*""")
#: Statements that may hold others, with semicolons outside of any quotes.
NESTING = re.compile(r"\b(ATOMIC|RULE)\b", re.IGNORECASE)


def split(sql: str) -> list[str]:
    """Return the statements of a string, each by itself.

    The string alone where that is not sure, say with dollar quotes in it: it must then be sent
    as one message outside a pipeline. See `is_single`.
    """
    for pattern in COMPOUNDS:
        if found := pattern.match(sql):
            return [each for part in found.groups() for each in split(part)]
    if is_single(sql):
        return [bare(sql)]
    pieces = [bare(each) for each in sqlparse.split(sqlparse.format(sql, strip_comments=True))]
    pieces = [each for each in pieces if each]
    return pieces if pieces and not NESTING.search(sql) and all(map(is_single, pieces)) else [sql]


def is_single(sql: str) -> bool:
    """Tell whether a string is certainly no more than one statement."""
    text = bare(sql)
    return ";" not in text or not UNSURE.search(PLAIN_QUOTES.sub("", text))


def bare(sql: str) -> str:
    """Return a string without the semicolon and space at its end."""
    return sql.strip().rstrip(";").rstrip()
