-- The objects that others may need, each with the statement that makes it: (kind, class, id,
-- statement).
, sequence AS (
    SELECT r.oid, r.relname, r.relpersistence, d.deptype, d.refobjid, d.refobjsubid, format(
        'START WITH %%s INCREMENT BY %%s MINVALUE %%s MAXVALUE %%s CACHE %%s %%s',
        seqstart, seqincrement, seqmin, seqmax, seqcache,
        CASE WHEN seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END
    ) AS options, format_type(seqtypid, NULL) AS type
    FROM relation r
    JOIN pg_sequence s ON s.seqrelid = r.oid
    LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = r.oid
        AND d.objsubid = 0 AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
),
not_null AS (
    SELECT conrelid, conkey[1] AS attnum, conname,
        CASE WHEN connoinherit THEN ' NO INHERIT' END AS reach
    FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid
    WHERE contype = 'n' AND convalidated
),
column_definition AS (
    SELECT a.attrelid, a.attnum, concat_ws(' ',
        format('%%I %%s', a.attname, format_type(a.atttypid, a.atttypmod)),
        CASE WHEN a.attcollation <> t.typcollation
            THEN 'COLLATE ' || a.attcollation::regcollation END,
        CASE
            WHEN a.attgenerated = 's' THEN format('GENERATED ALWAYS AS (%%s) STORED', default_text)
            WHEN a.attgenerated <> '' THEN
                format('GENERATED ALWAYS AS (%%s) VIRTUAL', default_text)
            WHEN s.oid IS NOT NULL THEN format(
                'GENERATED %%s AS IDENTITY (SEQUENCE NAME %%I %%s)',
                CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END,
                s.relname, s.options)
            WHEN default_id IS NOT NULL AND NOT default_comes_later THEN 'DEFAULT ' || default_text
        END,
        CASE
            WHEN n.conname IS NOT NULL THEN format('CONSTRAINT %%I NOT NULL%%s', n.conname, n.reach)
            WHEN a.attnotnull AND NOT EXISTS (
                SELECT FROM pg_constraint c
                WHERE c.conrelid = a.attrelid AND c.contype = 'n' AND c.conkey[1] = a.attnum
            ) THEN 'NOT NULL'
        END
    ) AS definition
    FROM table_column a
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN sequence s ON s.deptype = 'i'
        AND s.refobjid = a.attrelid AND s.refobjsubid = a.attnum
    LEFT JOIN not_null n ON n.conrelid = a.attrelid AND n.attnum = a.attnum
    WHERE a.relkind IN ('r', 'p') AND (a.is_own OR a.attrelid IN (SELECT oid FROM joined_child))
),
-- Columns that a table's definition does not name, because they come from a parent.
inherited_column AS (
    SELECT * FROM table_column
    WHERE relkind = 'r' AND NOT is_own AND attrelid NOT IN (SELECT oid FROM joined_child)
),
own_type AS (
    SELECT t.* FROM member JOIN pg_type t ON t.oid = objid
    WHERE classid = 'pg_type'::regclass AND typtype <> 'm'
),
routine AS (
    SELECT p.*, n.nspname, quote_ident(n.nspname) || '.' AS qualifier
    FROM member
    JOIN pg_proc p ON p.oid = objid
    JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE classid = 'pg_proc'::regclass
),
-- Those that set the path to one with the schema on it; the clone's path has the clone there.
own_path AS (
    SELECT p.oid, format('ALTER ROUTINE %%%%1$I.%%s(%%s) SET search_path TO %%s',
        replace(quote_ident(proname), '%%', '%%%%'),
        replace(pg_get_function_identity_arguments(p.oid), '%%', '%%%%'),
        string_agg(CASE WHEN name = nspname THEN '%%1$L'
            ELSE replace(quote_literal(name), '%%', '%%%%') END, ', ' ORDER BY place)) AS statement
    FROM routine p
    JOIN unnest(proconfig) setting ON starts_with(setting, 'search_path=')
    CROSS JOIN LATERAL regexp_matches(
        substr(setting, 13), '"((?:[^"]|"")*)"|([^",\s]+)', 'g') WITH ORDINALITY AS found (part, place)
    CROSS JOIN LATERAL (
        SELECT coalesce(replace(part[1], '""', '"'), lower(part[2])) AS name) AS on_path
    GROUP BY p.oid, proname
    HAVING bool_or(name = nspname)
)
SELECT 'collation' AS kind, 'pg_collation' AS class, c.oid::bigint AS id,
    format('CREATE COLLATION %%I FROM %%s.%%1$I', collname, %(schema)s) AS statement
FROM member JOIN pg_collation c ON c.oid = objid WHERE classid = 'pg_collation'::regclass
UNION ALL
SELECT 'search configuration', 'pg_ts_config', c.oid,
    format('CREATE TEXT SEARCH CONFIGURATION %%I (COPY = %%s.%%1$I)', cfgname, %(schema)s)
FROM member JOIN pg_ts_config c ON c.oid = objid WHERE classid = 'pg_ts_config'::regclass
UNION ALL
SELECT 'type', 'pg_type', t.oid, CASE typtype
    WHEN 'e' THEN format('CREATE TYPE %%I AS ENUM (%%s)', typname, (
        SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder)
        FROM pg_enum WHERE enumtypid = t.oid))
    WHEN 'c' THEN format('CREATE TYPE %%I AS (%%s)', typname, (
        SELECT string_agg(concat_ws(' ',
            quote_ident(attname), format_type(atttypid, atttypmod),
            CASE WHEN attcollation <> of_column.typcollation
                THEN 'COLLATE ' || attcollation::regcollation END), ', ' ORDER BY attnum)
        FROM pg_attribute JOIN pg_type of_column ON of_column.oid = atttypid
        WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped))
    WHEN 'd' THEN concat_ws(' ', format('CREATE DOMAIN %%I AS %%s', typname,
            format_type(typbasetype, typtypmod)),
        CASE WHEN typcollation <> (SELECT typcollation FROM pg_type b WHERE b.oid = t.typbasetype)
            THEN 'COLLATE ' || typcollation::regcollation END,
        'DEFAULT ' || pg_get_expr(typdefaultbin, 0),
        CASE WHEN typnotnull AND NOT EXISTS (
            SELECT FROM pg_constraint WHERE contypid = t.oid AND contype = 'n') THEN 'NOT NULL' END)
    ELSE (
        SELECT format('CREATE TYPE %%I AS RANGE (%%s)', t.typname, concat_ws(', ',
            'SUBTYPE = ' || format_type(rngsubtype, NULL),
            CASE WHEN NOT o.opcdefault THEN format('SUBTYPE_OPCLASS = %%I.%%I', n.nspname, opcname)
                END,
            'COLLATION = ' || nullif(rngcollation, 0)::regcollation,
            'SUBTYPE_DIFF = ' || nullif(rngsubdiff, 0)::regproc,
            'MULTIRANGE_TYPE_NAME = ' || quote_ident(m.typname)))
        FROM pg_range
        JOIN pg_opclass o ON o.oid = rngsubopc
        JOIN pg_namespace n ON n.oid = opcnamespace
        JOIN pg_type m ON m.oid = rngmultitypid
        WHERE rngtypid = t.oid)
    END
FROM own_type t
UNION ALL
SELECT 'domain constraint', 'pg_constraint', k.oid,
    format('ALTER DOMAIN %%I ADD CONSTRAINT %%I %%s', typname, conname,
        pg_get_constraintdef(k.oid, true))
FROM own_type t JOIN pg_constraint k ON k.contypid = t.oid
WHERE convalidated
UNION ALL
-- The header alone names the schema; nothing behind it is touched.
SELECT 'routine', 'pg_proc', p.oid, CASE WHEN own_path.statement IS NULL THEN definition
    ELSE format('DO %%L', format('BEGIN EXECUTE %%L; EXECUTE format(%%L, current_schema()); END',
        definition, own_path.statement)) END
FROM routine p
CROSS JOIN LATERAL (
    SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS word) AS header
CROSS JOIN LATERAL (
    SELECT overlay(pg_get_functiondef(p.oid) PLACING ''
        FROM length('CREATE OR REPLACE ' || word || ' ') + 1 FOR length(qualifier)) AS definition
    ) AS bare
LEFT JOIN own_path USING (oid)
WHERE p.prokind <> 'a'
UNION ALL
SELECT 'routine', 'pg_proc', p.oid, format('CREATE AGGREGATE %%I (%%s) (%%s)',
    p.proname, coalesce(nullif(pg_get_function_arguments(p.oid), ''), '*'), concat_ws(', ',
        'SFUNC = ' || aggtransfn, 'STYPE = ' || format_type(aggtranstype, NULL),
        'SSPACE = ' || nullif(aggtransspace, 0),
        'FINALFUNC = ' || nullif(aggfinalfn, 0)::regproc,
        CASE WHEN aggfinalextra THEN 'FINALFUNC_EXTRA' END,
        'FINALFUNC_MODIFY = ' || CASE WHEN aggfinalfn <> 0 THEN kinds ->> aggfinalmodify::text END,
        'COMBINEFUNC = ' || nullif(aggcombinefn, 0)::regproc,
        'SERIALFUNC = ' || nullif(aggserialfn, 0)::regproc,
        'DESERIALFUNC = ' || nullif(aggdeserialfn, 0)::regproc,
        'INITCOND = ' || quote_literal(agginitval),
        'MSFUNC = ' || nullif(aggmtransfn, 0)::regproc,
        'MINVFUNC = ' || nullif(aggminvtransfn, 0)::regproc,
        'MSTYPE = ' || format_type(nullif(aggmtranstype, 0), NULL),
        'MSSPACE = ' || nullif(aggmtransspace, 0),
        'MFINALFUNC = ' || nullif(aggmfinalfn, 0)::regproc,
        CASE WHEN aggmfinalextra THEN 'MFINALFUNC_EXTRA' END,
        'MFINALFUNC_MODIFY = '
            || CASE WHEN aggmfinalfn <> 0 THEN kinds ->> aggmfinalmodify::text END,
        'MINITCOND = ' || quote_literal(aggminitval),
        (SELECT format('SORTOP = OPERATOR(%%I.%%s)', nspname, oprname)
            FROM pg_operator JOIN pg_namespace n ON n.oid = oprnamespace
            WHERE pg_operator.oid = aggsortop),
        'PARALLEL = ' || CASE proparallel
            WHEN 's' THEN 'SAFE' WHEN 'r' THEN 'RESTRICTED' ELSE 'UNSAFE' END,
        CASE WHEN aggkind = 'h' THEN 'HYPOTHETICAL' END))
FROM routine p
JOIN pg_aggregate ON aggfnoid = p.oid
CROSS JOIN jsonb_build_object('r', 'READ_ONLY', 's', 'SHAREABLE', 'w', 'READ_WRITE') AS kinds
UNION ALL
SELECT 'sequence', 'pg_class', oid, format('CREATE %%sSEQUENCE %%I AS %%s %%s',
    CASE relpersistence WHEN 'u' THEN 'UNLOGGED ' END, relname, type, options)
FROM sequence WHERE deptype IS DISTINCT FROM 'i'
UNION ALL
SELECT 'table', 'pg_class', r.oid, format('CREATE %%sTABLE %%I (%%s)%%s%%s%%s%%s%%s',
    CASE r.relpersistence WHEN 'u' THEN 'UNLOGGED ' END,
    r.relname,
    (SELECT string_agg(definition, ', ' ORDER BY attnum) FROM column_definition
        WHERE attrelid = r.oid),
    CASE WHEN NOT r.relispartition AND r.oid NOT IN (SELECT oid FROM joined_child) THEN (
        SELECT format(' INHERITS (%%s)', string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno))
        FROM pg_inherits WHERE inhrelid = r.oid HAVING count(*) > 0) END,
    ' PARTITION BY ' || CASE r.relkind WHEN 'p' THEN pg_get_partkeydef(r.oid) END,
    ' USING ' || quote_ident((SELECT amname FROM pg_am WHERE oid = r.relam AND amname <> 'heap')),
    ' WITH (' || array_to_string(r.reloptions, ', ') || ')',
    ' TABLESPACE ' || quote_ident((SELECT spcname FROM pg_tablespace WHERE oid = r.reltablespace)))
FROM relation r WHERE r.relkind IN ('r', 'p')
UNION ALL
SELECT 'default', 'pg_attrdef', default_id,
    format('ALTER TABLE ONLY %%I ALTER %%I SET DEFAULT %%s', relname, attname, default_text)
FROM table_column
WHERE default_id IS NOT NULL AND default_comes_later
UNION ALL
SELECT 'view', 'pg_class', oid, format('CREATE VIEW %%I%%s AS %%s', relname,
    ' WITH (' || array_to_string(reloptions, ', ') || ')', pg_get_viewdef(oid, true))
FROM relation WHERE relkind = 'v'
UNION ALL
SELECT 'constraint', 'pg_constraint', k.oid,
    format('ALTER TABLE %%s%%I ADD CONSTRAINT %%I %%s',
        CASE WHEN k.contype <> 'c' AND r.relkind = 'p' THEN 'ONLY ' END,
        r.relname, k.conname, pg_get_constraintdef(k.oid, true))
FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid
WHERE k.contype IN ('p', 'u', 'x') OR k.conislocal AND (
    k.contype = 'c' OR k.contype = 'n' AND (NOT k.convalidated OR (r.oid, k.conkey[1]) IN (
        SELECT attrelid, attnum FROM inherited_column)))
UNION ALL
SELECT 'constraint', 'pg_attribute ' || attnum, attrelid,
    format('ALTER TABLE ONLY %%I ALTER %%I SET NOT NULL', relname, attname)
FROM inherited_column i
WHERE attnotnull AND NOT EXISTS (
    SELECT FROM pg_constraint c
    WHERE c.conrelid = attrelid AND c.contype = 'n' AND c.conkey[1] = i.attnum)
UNION ALL
SELECT 'index', 'pg_class', indexrelid, pg_get_indexdef(indexrelid, 0, true)
FROM own_index WHERE constraint_id IS NULL
UNION ALL
SELECT 'materialised view', 'pg_class', r.oid, format(
    'CREATE MATERIALIZED VIEW %%I%%s%%s%%s AS %%s WITH %%sDATA', r.relname,
    ' USING ' || quote_ident((SELECT amname FROM pg_am WHERE oid = r.relam AND amname <> 'heap')),
    ' WITH (' || array_to_string(r.reloptions, ', ') || ')',
    ' TABLESPACE ' || quote_ident((SELECT spcname FROM pg_tablespace WHERE oid = r.reltablespace)),
    rtrim(pg_get_viewdef(r.oid, true), ';'), CASE WHEN NOT r.relispopulated THEN 'NO ' END)
FROM relation r WHERE r.relkind = 'm'
