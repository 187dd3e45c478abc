-- The statements that make what a schema may lack, each with its place in the order, and why it
-- is not safe to run where it is not. Run with the template alone on the path.
WITH relation AS (
    SELECT oid, relname::text FROM pg_class
    WHERE relnamespace = to_regnamespace(%(template)s) AND relkind IN ('r', 'p', 'm')
)
SELECT 1 AS place, 'column' AS kind, r.relname || '.' || a.attname AS name,
    concat_ws(' ', format('ALTER TABLE %%I ADD COLUMN %%I %%s', r.relname, a.attname,
            format_type(a.atttypid, a.atttypmod)),
        CASE WHEN a.attcollation <> t.typcollation
            THEN 'COLLATE ' || a.attcollation::regcollation END,
        'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid),
        'CONSTRAINT ' || quote_ident(n.conname),
        CASE WHEN a.attnotnull THEN 'NOT NULL' END,
        CASE WHEN n.connoinherit THEN 'NO INHERIT' END) AS statement,
    CASE
        WHEN a.attidentity <> '' THEN 'it numbers the rows'
        WHEN a.attgenerated <> '' THEN 'adding it rewrites the table'
        WHEN a.attnotnull AND d.adbin IS NULL THEN 'it is NOT NULL and has no default'
    END AS danger,
    format('COMMENT ON COLUMN %%I.%%I IS ', r.relname, a.attname)
        || quote_literal(col_description(r.oid, a.attnum)) AS comment
FROM relation r
JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
LEFT JOIN pg_constraint n ON n.conrelid = r.oid AND n.contype = 'n' AND n.conkey[1] = a.attnum
UNION ALL
SELECT CASE WHEN k.contype IN ('p', 'u', 'x') THEN 2 ELSE 4 END, 'constraint',
    r.relname || '.' || k.conname,
    format('ALTER TABLE %%I ADD CONSTRAINT %%I %%s', r.relname, k.conname,
        pg_get_constraintdef(k.oid)),
    NULL,
    format('COMMENT ON CONSTRAINT %%I ON %%I IS ', k.conname, r.relname)
        || quote_literal(obj_description(k.oid, 'pg_constraint'))
FROM relation r
JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype IN ('p', 'u', 'x', 'c', 'f')
UNION ALL
SELECT 3, 'index', own.relname, pg_get_indexdef(i.indexrelid, 0, true), NULL,
    format('COMMENT ON INDEX %%I IS ', own.relname)
        || quote_literal(obj_description(own.oid, 'pg_class'))
FROM relation r
JOIN pg_index i ON i.indrelid = r.oid
JOIN pg_class own ON own.oid = i.indexrelid
