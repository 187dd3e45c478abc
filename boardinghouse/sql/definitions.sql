-- The statements that make a schema's objects, in the order in which they run: (stage, place,
-- statement). Run with the schema alone on the search path, so that PostgreSQL's own
-- functions print its names bare and all others qualified.
-- https://www.postgresql.org/docs/current/functions-info.html
WITH relation AS (
    SELECT oid, relname, relkind, relpersistence, reloptions, reltablespace, reltoastrelid,
        relam, relreplident, relacl
    FROM pg_class WHERE relnamespace = %(schema)s::regnamespace
),
sequence AS (
    SELECT r.oid, r.relname, d.deptype, d.refobjid, d.refobjsubid, format(
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
    SELECT conrelid, conkey[1] AS attnum, conname
    FROM pg_constraint WHERE contype = 'n' AND convalidated
),
table_column AS (
    SELECT a.attrelid, a.attnum, a.attname, concat_ws(' ',
        format('%%I %%s', a.attname, format_type(a.atttypid, a.atttypmod)),
        CASE WHEN a.attcollation <> t.typcollation
            THEN 'COLLATE ' || a.attcollation::regcollation END,
        CASE
            WHEN a.attgenerated = 's' THEN format(
                'GENERATED ALWAYS AS (%%s) STORED', pg_get_expr(d.adbin, d.adrelid))
            WHEN a.attgenerated <> '' THEN format(
                'GENERATED ALWAYS AS (%%s) VIRTUAL', pg_get_expr(d.adbin, d.adrelid))
            WHEN a.attidentity <> '' THEN format(
                'GENERATED %%s AS IDENTITY (SEQUENCE NAME %%I %%s)',
                CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END,
                s.relname, s.options)
            WHEN d.adbin IS NOT NULL THEN 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)
        END,
        CASE
            WHEN n.conname IS NOT NULL THEN format('CONSTRAINT %%I NOT NULL', n.conname)
            WHEN a.attnotnull AND NOT EXISTS (
                SELECT FROM pg_constraint c
                WHERE c.conrelid = a.attrelid AND c.contype = 'n' AND c.conkey[1] = a.attnum
            ) THEN 'NOT NULL'
        END
    ) AS definition
    FROM pg_attribute a
    JOIN relation r ON r.oid = a.attrelid AND r.relkind = 'r'
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN sequence s ON s.deptype = 'i'
        AND s.refobjid = a.attrelid AND s.refobjsubid = a.attnum
    LEFT JOIN not_null n ON n.conrelid = a.attrelid AND n.attnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped
),
own_index AS (
    SELECT i.*, r.relname AS table_name, c.relname, c.reloptions, EXISTS (
        SELECT FROM pg_constraint WHERE conindid = i.indexrelid AND contype IN ('p', 'u', 'x')
    ) AS is_of_constraint
    FROM pg_index i
    JOIN relation r ON r.oid = i.indrelid AND r.relkind = 'r'
    JOIN pg_class c ON c.oid = i.indexrelid
),
-- What CREATE TABLE, CREATE INDEX and CREATE TRIGGER do not say.
table_option AS (
    SELECT r.relname, 'SET (' || (
        SELECT string_agg('toast.' || each, ', ') FROM unnest(t.reloptions) each) || ')' AS setting
    FROM relation r JOIN pg_class t ON t.oid = r.reltoastrelid
    UNION ALL
    SELECT relname, CASE relreplident
        WHEN 'f' THEN 'REPLICA IDENTITY FULL' WHEN 'n' THEN 'REPLICA IDENTITY NOTHING' END
    FROM relation WHERE relkind = 'r'
    UNION ALL
    SELECT table_name, format('REPLICA IDENTITY USING INDEX %%I', relname)
    FROM own_index WHERE indisreplident
    UNION ALL
    SELECT table_name, format('CLUSTER ON %%I', relname) FROM own_index WHERE indisclustered
    UNION ALL
    SELECT r.relname, CASE g.tgenabled
        WHEN 'D' THEN format('DISABLE TRIGGER %%I', g.tgname)
        WHEN 'R' THEN format('ENABLE REPLICA TRIGGER %%I', g.tgname)
        WHEN 'A' THEN format('ENABLE ALWAYS TRIGGER %%I', g.tgname) END
    FROM relation r JOIN pg_trigger g ON g.tgrelid = r.oid AND NOT g.tgisinternal
    UNION ALL
    SELECT r.relname, format('ALTER %%I SET ', a.attname) || setting
    FROM relation r
    JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    CROSS JOIN LATERAL (VALUES
        ('STATISTICS ' || nullif(a.attstattarget, -1)),
        -- From 15.19 on PostgreSQL keeps a mark of its own among the options, in every column.
        ('(' || nullif(array_to_string(ARRAY(
            SELECT option FROM unnest(a.attoptions) AS option WHERE option !~ '^pg_attver='
        ), ', '), '') || ')'),
        ('COMPRESSION ' || CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END),
        (CASE WHEN a.attstorage <> t.typstorage THEN 'STORAGE ' || CASE a.attstorage
            WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
            WHEN 'x' THEN 'EXTENDED' ELSE 'MAIN' END END)
    ) AS column_option (setting)
    WHERE r.relkind = 'r'
),
index_option AS (
    SELECT relname, 'SET (' || array_to_string(reloptions, ', ') || ')' AS setting
    FROM own_index WHERE is_of_constraint
    UNION ALL
    SELECT i.relname, format('ALTER %%s SET STATISTICS %%s', a.attnum, a.attstattarget)
    FROM own_index i JOIN pg_attribute a ON a.attrelid = i.indexrelid
    WHERE a.attstattarget >= 0
),
privilege AS (
    SELECT granted.privilege_type AS privilege, granted.grantee, granted.is_grantable,
        CASE r.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || quote_ident(relname) AS target
    FROM relation r, aclexplode(r.relacl) granted
    UNION ALL
    SELECT format('%%s (%%I)', granted.privilege_type, a.attname), granted.grantee,
        granted.is_grantable, 'TABLE ' || quote_ident(r.relname)
    FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid, aclexplode(a.attacl) granted
    WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT granted.privilege_type, granted.grantee, granted.is_grantable,
        'ROUTINE ' || p.oid::regprocedure
    FROM pg_proc p, aclexplode(p.proacl) granted
    WHERE p.pronamespace = %(schema)s::regnamespace
),
comment AS (
    SELECT format('COMMENT ON %%s %%I IS %%L',
        CASE r.relkind WHEN 'r' THEN 'TABLE' WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE'
            ELSE 'INDEX' END, r.relname, d.description) AS statement
    FROM relation r
    JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = r.oid
    WHERE d.objsubid = 0
    UNION ALL
    SELECT format('COMMENT ON COLUMN %%I.%%I IS %%L', r.relname, a.attname, d.description)
    FROM relation r
    JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = r.oid
    JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = d.objsubid
    WHERE d.objsubid > 0
    UNION ALL
    SELECT format('COMMENT ON CONSTRAINT %%I ON %%I IS %%L', c.conname, r.relname, d.description)
    FROM relation r
    JOIN pg_constraint c ON c.conrelid = r.oid
    JOIN pg_description d ON d.classoid = 'pg_constraint'::regclass AND d.objoid = c.oid
    UNION ALL
    SELECT format('COMMENT ON TRIGGER %%I ON %%I IS %%L', g.tgname, r.relname, d.description)
    FROM relation r
    JOIN pg_trigger g ON g.tgrelid = r.oid
    JOIN pg_description d ON d.classoid = 'pg_trigger'::regclass AND d.objoid = g.oid
    UNION ALL
    SELECT format('COMMENT ON ROUTINE %%s IS %%L', p.oid::regprocedure, d.description)
    FROM pg_proc p
    JOIN pg_description d ON d.classoid = 'pg_proc'::regclass AND d.objoid = p.oid
    WHERE p.pronamespace = %(schema)s::regnamespace
)
SELECT 'sequence' AS stage, oid::bigint AS place,
    format('CREATE SEQUENCE %%I AS %%s %%s', relname, type, options) AS statement
FROM sequence WHERE deptype IS DISTINCT FROM 'i'
UNION ALL
-- The header alone names the schema; nothing behind it is touched.
SELECT CASE WHEN EXISTS (
        SELECT FROM pg_depend d
        LEFT JOIN pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
        LEFT JOIN pg_type element ON element.oid = t.typelem
        JOIN relation r ON r.relkind <> 'S' AND r.oid IN (t.typrelid, element.typrelid,
            CASE d.refclassid WHEN 'pg_class'::regclass THEN d.refobjid END)
        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
    ) THEN 'function of table' ELSE 'function' END, p.oid, overlay(
    pg_get_functiondef(p.oid) PLACING ''
    FROM length('CREATE OR REPLACE ' || kind.word || ' ') + 1
    FOR length(quote_ident(n.nspname) || '.'))
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
CROSS JOIN LATERAL (
    SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS word
) kind
WHERE p.pronamespace = %(schema)s::regnamespace AND p.prokind <> 'a'
UNION ALL
SELECT 'table', r.oid, format('CREATE %%sTABLE %%I (%%s)%%s%%s%%s',
    CASE r.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END,
    r.relname,
    (SELECT string_agg(definition, ', ' ORDER BY attnum) FROM table_column WHERE attrelid = r.oid),
    ' USING ' || quote_ident((SELECT amname FROM pg_am WHERE oid = r.relam AND amname <> 'heap')),
    ' WITH (' || array_to_string(r.reloptions, ', ') || ')',
    ' TABLESPACE ' || quote_ident((SELECT spcname FROM pg_tablespace WHERE oid = r.reltablespace)))
FROM relation r WHERE r.relkind = 'r'
UNION ALL
SELECT 'owner', s.oid, format('ALTER SEQUENCE %%I OWNED BY %%I.%%I', s.relname, r.relname, a.attname)
FROM sequence s
JOIN relation r ON r.oid = s.refobjid
JOIN pg_attribute a ON a.attrelid = s.refobjid AND a.attnum = s.refobjsubid
WHERE s.deptype = 'a'
UNION ALL
SELECT 'constraint', c.oid,
    format('ALTER TABLE %%I ADD CONSTRAINT %%I %%s', r.relname, c.conname,
        pg_get_constraintdef(c.oid, true))
FROM pg_constraint c
JOIN relation r ON r.oid = c.conrelid AND r.relkind = 'r'
WHERE c.contype IN ('p', 'u', 'c', 'x') OR c.contype = 'n' AND NOT c.convalidated
UNION ALL
SELECT 'index', indexrelid, pg_get_indexdef(indexrelid, 0, true)
FROM own_index WHERE NOT is_of_constraint
UNION ALL
SELECT 'foreign key', c.oid,
    format('ALTER TABLE %%I ADD CONSTRAINT %%I %%s', r.relname, c.conname,
        pg_get_constraintdef(c.oid, true))
FROM pg_constraint c
JOIN relation r ON r.oid = c.conrelid AND r.relkind = 'r'
WHERE c.contype = 'f'
UNION ALL
SELECT 'view', r.oid, format('CREATE VIEW %%I%%s AS %%s', r.relname,
    ' WITH (' || array_to_string(r.reloptions, ', ') || ')', pg_get_viewdef(r.oid, true))
FROM relation r WHERE r.relkind = 'v'
UNION ALL
SELECT 'trigger', g.oid, pg_get_triggerdef(g.oid, true)
FROM pg_trigger g
JOIN relation r ON r.oid = g.tgrelid
WHERE NOT g.tgisinternal
UNION ALL
SELECT 'option', row_number() OVER (ORDER BY relname, setting),
    format('ALTER TABLE %%I %%s', relname, setting)
FROM table_option WHERE setting IS NOT NULL
UNION ALL
SELECT 'option', row_number() OVER (ORDER BY relname, setting),
    format('ALTER INDEX %%I %%s', relname, setting)
FROM index_option WHERE setting IS NOT NULL
UNION ALL
SELECT 'privilege', row_number() OVER (ORDER BY target, privilege, grantee),
    format('GRANT %%s ON %%s TO %%s%%s', privilege, target,
        CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END,
        CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
FROM privilege
UNION ALL
SELECT 'privilege', 0, format('REVOKE ALL ON ROUTINE %%s FROM PUBLIC', oid::regprocedure)
FROM pg_proc WHERE pronamespace = %(schema)s::regnamespace AND proacl IS NOT NULL
UNION ALL
SELECT 'comment', row_number() OVER (ORDER BY statement), statement FROM comment
