"""SQL text: one statement a message, as PostgreSQL's pipeline mode demands.

What is sent is what was written, to the letter: no statement is ever put together anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

CONSTRAINT = r'(?:"(?:[^"]|"")+"\.)?"(?:[^"]|"")+"'
IMMEDIATE = rf"SET CONSTRAINTS (?:ALL|{CONSTRAINT}) IMMEDIATE"

#: Django's compound templates: ``sql_delete_fk``; ``sql_create_column_inline_fk`` and
#: ``sql_update_with_default``. What is between may be anything, a default with quotes in it too.
COMPOUNDS = (
    re.compile(rf"({IMMEDIATE}); (.+)\Z", re.DOTALL),
    re.compile(rf"(.+); ({IMMEDIATE})\Z", re.DOTALL),
)
#: What PostgreSQL reads as one piece, whatever is in it (a literal may be megabytes, so nothing
#: is tried twice); a comment within a comment apart, and strings with backslashes.
#: https://www.postgresql.org/docs/current/sql-syntax-lexical.html
OPAQUE = re.compile(
    r"""
    '[^'\\]*+(?:''[^'\\]*+)*+'
    | "[^"]*+(?:""[^"]*+)*+"
    | (?<![\w$])\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$
    | --[^\n\r]*
    | /\*[^/*]*+(?:(?:/(?!\*)|\*(?!/))[^/*]*+)*+\*/
    """,
    re.DOTALL | re.VERBOSE,
)
COMMENTS = ("--", "/*")
#: What is left of quotes and comments that were not understood.
UNSURE = re.compile(r"""['"$]|/\*|\*/""")
#: Statements that may hold others, with semicolons outside of any quotes.
NESTING = re.compile(r"\b(ATOMIC|RULE)\b", re.IGNORECASE)
#: What begins or ends a transaction; savepoints do not, and BEGIN ATOMIC begins a body.
CONTROL = re.compile(
    r"\s*(BEGIN|COMMIT|END|ABORT|(?:START|PREPARE)\s+TRANSACTION"
    r"|ROLLBACK(?!\s+(?:(?:WORK|TRANSACTION)\s+)?TO\b))\b",
    re.IGNORECASE,
)
#: What PostgreSQL refuses in a transaction.
ALONE = re.compile(
    r"\s*(?:VACUUM|ALTER\s+SYSTEM|REINDEX\s+(?:\(.*?\)\s*)?(?:SCHEMA|DATABASE|SYSTEM)"
    r"|(?:CREATE|DROP)\s+(?:DATABASE|TABLESPACE)"
    r"|(?:CREATE|DROP|REINDEX|ALTER)\b.*\bCONCURRENTLY)\b",
    re.IGNORECASE | re.DOTALL,
)
#: Procedures and blocks may end transactions by themselves, if they are in none.
PROCEDURE = re.compile(r"\s*(?:CALL\b|DO\b.*\b(?:COMMIT|ROLLBACK)\b)", re.IGNORECASE | re.DOTALL)
#: What leaves the search path as it is, whatever it calls.
KEEPING = re.compile(
    r"\s*(?:ALTER|CREATE|DROP|COMMENT|INSERT|UPDATE|DELETE|SET\s+CONSTRAINTS)\b", re.IGNORECASE
)


def split(sql: str) -> list[str]:
    """Return the statements of a string, each by itself.

    The string alone where that is not sure: it must then be sent as one message outside a
    pipeline. See `is_single`.
    """
    for pattern in COMPOUNDS:
        if found := pattern.match(sql):
            return [each for part in found.groups() for each in split(part)]
    if is_single(sql):
        return [bare(sql)]
    text = masked(sql)
    return [sql] if is_unsure(text) else list(pieces(sql, text))


def is_single(sql: str) -> bool:
    """Tell whether a string is certainly no more than one statement."""
    text = masked(bare(sql))
    return ";" not in bare(sql) or (";" not in text and not is_unsure(text))


def find_control(sql: str) -> str | None:
    """Return the first word in a string that begins or ends a transaction, or None.

    Where it is not sure what is a statement, no further.
    """
    text = masked(sql)
    ends = [found.start() for sign in (UNSURE, NESTING) if (found := sign.search(text))]
    for statement in text[: min(ends, default=len(text))].split(";"):
        if found := CONTROL.match(statement):
            return found[1].upper()
    return None


def is_alone(sql: str) -> bool:
    """Tell whether a statement must, or may want to, run outside of any transaction."""
    return bool(ALONE.match(masked(sql)) or PROCEDURE.match(without_comments(sql)))


def keeps_path(sql: str) -> bool:
    """Tell whether a statement certainly leaves the search path as it is."""
    return bool(KEEPING.match(sql)) and "search_path" not in sql.lower()


def is_unsure(text: str) -> bool:
    """Tell whether a masked text has semicolons that may be anything."""
    return bool(UNSURE.search(text) or NESTING.search(text))


def pieces(sql: str, text: str) -> Iterator[str]:
    """Yield a string's statements, from one semicolon of its masked text to the next."""
    start = 0
    for part in text.split(";"):
        if part.strip():
            yield sql[start : start + len(part)].strip()
        start += len(part) + 1


def masked(sql: str) -> str:
    """Return a text as long, with letters in the place of quotes and blanks in that of comments."""
    return OPAQUE.sub(
        lambda found: (" " if found[0].startswith(COMMENTS) else "x") * len(found[0]), sql
    )


def without_comments(sql: str) -> str:
    """Return a text with a blank in the place of each comment."""
    return OPAQUE.sub(lambda found: " " if found[0].startswith(COMMENTS) else found[0], sql)


def bare(sql: str) -> str:
    """Return a string without the semicolon and space at its end."""
    return sql.strip().rstrip(";").rstrip()
