"""What PostgreSQL says that there is: tiny questions to its catalog."""

from django.db import connection

RELATION = """
    SELECT c.oid, c.relname, c.relkind, c.relpersistence, c.reloptions, c.relrowsecurity,
        c.relreplident, c.reltoastrelid, c.relacl
    FROM pg_class c WHERE c.relnamespace = %(schema)s::regnamespace
"""

# Each yields rows of text. With a schema alone on the path its own names print bare, so that
# two schemata that hold the same compare equal.
QUESTIONS = {
    "relation": """
        SELECT r.relname, r.relkind, r.relpersistence, r.reloptions, t.reloptions,
            r.relrowsecurity, r.relreplident, r.relacl, obj_description(r.oid, 'pg_class')
        FROM relation r LEFT JOIN pg_class t ON t.oid = r.reltoastrelid""",
    "column": """
        SELECT r.relname, a.attname,
            row_number() OVER (PARTITION BY r.oid ORDER BY a.attnum),
            format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
            a.attcollation::regcollation, a.attstorage, a.attcompression,
            nullif(a.attstattarget, -1), ARRAY(SELECT option FROM unnest(a.attoptions) AS option
                WHERE option !~ '^pg_attver='), a.attacl, pg_get_expr(d.adbin, d.adrelid),
            col_description(r.oid, a.attnum),
            pg_get_serial_sequence(quote_ident(r.relname), a.attname)
        FROM relation r
        JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
        WHERE r.relkind IN ('r', 'v', 'i')""",
    "constraint": """
        SELECT r.relname, c.conname, c.contype, c.convalidated, c.condeferrable, c.condeferred,
            pg_get_constraintdef(c.oid), obj_description(c.oid, 'pg_constraint')
        FROM relation r JOIN pg_constraint c ON c.conrelid = r.oid""",
    "index": """
        SELECT r.relname, i.indexrelid::regclass, pg_get_indexdef(i.indexrelid), i.indisunique,
            i.indisvalid, i.indisclustered, i.indisreplident
        FROM relation r JOIN pg_index i ON i.indrelid = r.oid""",
    "sequence": """
        SELECT r.relname, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin,
            s.seqmax, s.seqcache, s.seqcycle
        FROM relation r JOIN pg_sequence s ON s.seqrelid = r.oid""",
    "view": "SELECT relname, pg_get_viewdef(oid) FROM relation WHERE relkind = 'v'",
    "trigger": """
        SELECT r.relname, g.tgname, g.tgenabled, pg_get_triggerdef(g.oid, true),
            obj_description(g.oid, 'pg_trigger')
        FROM relation r JOIN pg_trigger g ON g.tgrelid = r.oid WHERE NOT g.tgisinternal""",
    "routine": """
        SELECT oid::regprocedure, prosrc, prosqlbody IS NULL, provolatile, proconfig, proacl,
            obj_description(oid, 'pg_proc')
        FROM pg_proc WHERE pronamespace = %(schema)s::regnamespace""",
}


def rows(query, params=None):
    """Ask with whatever search path there is."""
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return cursor.fetchall()


def run(*statements):
    """Run statements that return nothing."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def schema_exists(name):
    return bool(rows("SELECT FROM pg_namespace WHERE nspname = %s", [name]))


def tables_in(schema):
    """The names of a schema's tables."""
    return names_of("r", schema)


def views_in(schema):
    """The names of a schema's views."""
    return names_of("v", schema)


def names_of(kind, schema):
    found = rows(
        "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE relkind = %s AND nspname = %s",
        [kind, schema],
    )
    return {name for (name,) in found}


def columns_of(schema, table):
    """The columns of a table and their types."""
    return dict(
        rows(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
            [f'"{schema}"."{table}"'],
        )
    )


def constraints_of(schema, table):
    """The names of a table's constraints."""
    found = rows(
        "SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(%s)",
        [f'"{schema}"."{table}"'],
    )
    return {name for (name,) in found}


def indexes_of(schema, table):
    """The names of a table's indexes."""
    found = rows(
        "SELECT indexname FROM pg_indexes WHERE schemaname = %s AND tablename = %s",
        [schema, table],
    )
    return {name for (name,) in found}


def catalog(schema, prefix=""):
    """All that a schema holds, as sorted lines; of the objects that begin with a prefix."""
    with connection.alone_on_path(f"{schema}"):
        return sorted(
            line
            for kind, question in QUESTIONS.items()
            for line in describe(kind, question, schema)
            if line.split(" ", 1)[1].startswith(prefix)
        )


def describe(kind, question, schema):
    found = rows(f"WITH relation AS ({RELATION}) {question}", {"schema": f'"{schema}"'})
    for name, *rest in found:
        about = "; ".join("" if each is None else str(each) for each in rest)
        line = f"{kind} {name}: {about}"
        for qualifier in ("public.", f'"{schema}".', f"{schema}."):
            line = line.replace(qualifier, "")
        yield line


def difference(one, other):
    """What only one of two catalogs has: an empty list when they are equal."""
    return sorted({f"- {line}" for line in set(one) - set(other)}) + sorted(
        {f"+ {line}" for line in set(other) - set(one)}
    )
