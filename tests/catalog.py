"""What PostgreSQL says that there is: tiny questions to its catalog."""

from django.db import connection

RELATION = """
    SELECT c.* FROM pg_class c WHERE c.relnamespace = %(schema)s::regnamespace
"""

# Each yields rows of text. With a schema alone on the path its own names print bare, so that
# two schemata that hold the same compare equal.
QUESTIONS = {
    "schema": """
        SELECT 'itself', coalesce(nspacl, acldefault('n', nspowner))::text, (
            SELECT array_agg(concat_ws(' ', defaclrole::regrole, defaclobjtype, defaclacl)
                ORDER BY defaclrole, defaclobjtype)
            FROM pg_default_acl WHERE defaclnamespace = n.oid)
        FROM pg_namespace n WHERE n.oid = %(schema)s::regnamespace""",
    "relation": """
        SELECT r.relname, r.relkind, r.relpersistence, r.reloptions, t.reloptions,
            r.relrowsecurity, r.relforcerowsecurity, r.relreplident, r.relacl, r.relowner,
            r.relispopulated, r.reltablespace, format_type(nullif(r.reloftype, 0), NULL),
            (SELECT amname FROM pg_am WHERE oid = r.relam),
            CASE r.relkind WHEN 'p' THEN pg_get_partkeydef(r.oid) END,
            pg_get_expr(r.relpartbound, r.oid), obj_description(r.oid, 'pg_class'),
            ARRAY(SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = r.oid
                ORDER BY inhseqno)
        FROM relation r LEFT JOIN pg_class t ON t.oid = r.reltoastrelid""",
    # An index keeps the names that its columns had when it was made.
    "column": """
        SELECT r.relname, CASE WHEN r.relkind NOT IN ('i', 'I') THEN a.attname END,
            row_number() OVER (PARTITION BY r.oid ORDER BY a.attnum),
            format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
            a.attislocal, a.attinhcount,
            a.attcollation::regcollation, a.attstorage, a.attcompression,
            nullif(a.attstattarget, -1), ARRAY(SELECT option FROM unnest(a.attoptions) AS option
                WHERE option !~ '^pg_attver='), a.attacl, pg_get_expr(d.adbin, d.adrelid),
            col_description(r.oid, a.attnum),
            pg_get_serial_sequence(quote_ident(r.relname), a.attname)
        FROM relation r
        JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE r.relkind IN ('r', 'v', 'i', 'p', 'I', 'm')""",
    "field": """
        SELECT r.relname, a.attname, format_type(a.atttypid, a.atttypmod),
            a.attcollation::regcollation, col_description(r.oid, a.attnum)
        FROM relation r
        JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE r.relkind = 'c'""",
    "constraint": """
        SELECT coalesce(r.relname, typname), c.conname, c.contype, c.convalidated, c.condeferrable,
            c.condeferred, c.connoinherit AND c.contype IN ('c', 'n'), c.conislocal, c.coninhcount,
            pg_get_constraintdef(c.oid), obj_description(c.oid, 'pg_constraint'),
            (SELECT conname FROM pg_constraint p WHERE p.oid = c.conparentid)
        FROM pg_constraint c
        LEFT JOIN relation r ON c.conrelid = r.oid
        LEFT JOIN pg_type t ON c.contypid = t.oid
        WHERE connamespace = %(schema)s::regnamespace""",
    "index": """
        SELECT r.relname, i.indexrelid::regclass, pg_get_indexdef(i.indexrelid), i.indisunique,
            i.indisvalid, i.indisclustered, i.indisreplident
        FROM relation r JOIN pg_index i ON i.indrelid = r.oid""",
    "sequence": """
        SELECT r.relname, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin,
            s.seqmax, s.seqcache, s.seqcycle
        FROM relation r JOIN pg_sequence s ON s.seqrelid = r.oid""",
    "view": "SELECT relname, pg_get_viewdef(oid) FROM relation WHERE relkind IN ('v', 'm')",
    "trigger": """
        SELECT r.relname, g.tgname, g.tgenabled, pg_get_triggerdef(g.oid, true),
            obj_description(g.oid, 'pg_trigger'), tgparentid <> 0
        FROM relation r JOIN pg_trigger g ON g.tgrelid = r.oid WHERE NOT g.tgisinternal""",
    "rule": """
        SELECT r.relname, w.rulename, w.ev_enabled, pg_get_ruledef(w.oid, true),
            obj_description(w.oid, 'pg_rewrite')
        FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid""",
    "policy": """
        SELECT r.relname, p.polname, p.polcmd, p.polpermissive, p.polroles,
            pg_get_expr(polqual, r.oid), pg_get_expr(polwithcheck, r.oid),
            obj_description(p.oid, 'pg_policy')
        FROM relation r JOIN pg_policy p ON p.polrelid = r.oid""",
    "routine": r"""
        SELECT oid::regprocedure, prokind, prosrc, prosqlbody IS NULL, provolatile,
            regexp_replace(array_to_string(proconfig, '; '),
                '([=,] ?)"?' || btrim(%(schema)s, '"') || '"?(?=,|;|$)', '\1itself', 'g'),
            proacl, proowner, proparallel, procost, prorows, prosecdef, proisstrict, proleakproof,
            pg_get_function_arguments(oid), pg_get_function_result(oid),
            pg_get_function_sqlbody(oid), obj_description(oid, 'pg_proc')
        FROM pg_proc WHERE pronamespace = %(schema)s::regnamespace""",
    "aggregate": """
        SELECT aggfnoid::regprocedure, aggkind, aggnumdirectargs, aggtransfn, aggfinalfn,
            aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn,
            aggfinalextra, aggmfinalextra, aggfinalmodify, aggmfinalmodify,
            aggsortop::regoperator, aggtranstype::regtype, aggtransspace,
            aggmtranstype::regtype, aggmtransspace, agginitval, aggminitval
        FROM pg_aggregate JOIN pg_proc p ON p.oid = aggfnoid
        WHERE pronamespace = %(schema)s::regnamespace""",
    "type": """
        SELECT typname, typtype, typnotnull, format_type(nullif(typbasetype, 0), typtypmod),
            typcollation::regcollation, pg_get_expr(typdefaultbin, 0), typacl, typowner,
            ARRAY(SELECT enumlabel FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder),
            (SELECT concat_ws(' ', rngsubtype::regtype, rngmultitypid::regtype,
                    rngcollation::regcollation, opcname, rngsubdiff)
                FROM pg_range JOIN pg_opclass o ON o.oid = rngsubopc WHERE rngtypid = t.oid),
            obj_description(t.oid, 'pg_type')
        FROM pg_type t WHERE typnamespace = %(schema)s::regnamespace""",
    "statistics": """
        SELECT stxname, pg_get_statisticsobjdef(oid), nullif(stxstattarget, -1),
            obj_description(oid, 'pg_statistic_ext')
        FROM pg_statistic_ext WHERE stxnamespace = %(schema)s::regnamespace""",
    "collation": """
        SELECT collname, collprovider, collisdeterministic, collcollate, collctype,
            obj_description(oid, 'pg_collation')
        FROM pg_collation WHERE collnamespace = %(schema)s::regnamespace""",
    "search configuration": """
        SELECT cfgname,
            (SELECT array_agg(concat_ws(' ', maptokentype, mapdict::regdictionary)
                ORDER BY maptokentype, mapseqno) FROM pg_ts_config_map WHERE mapcfg = c.oid),
            obj_description(oid, 'pg_ts_config')
        FROM pg_ts_config c WHERE cfgnamespace = %(schema)s::regnamespace""",
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


def oid_of(schema):
    """What stays the same about a schema when it is renamed."""
    return rows("SELECT oid FROM pg_namespace WHERE nspname = %s", [schema])[0][0]


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


def find_extension():
    """An extension that this PostgreSQL comes with, or None."""
    found = rows("SELECT name FROM pg_available_extensions WHERE name IN ('hstore', 'vector')")
    return found[0][0] if found else None


def places_of(extension):
    """The schema that an extension is in; an empty list if it is not installed."""
    query = "SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = %s"
    return rows(query, [extension])


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
