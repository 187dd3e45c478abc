-- The statements that copy rows and the positions of sequences: (kind, relation, statement).
, source AS (
    SELECT oid, quote_ident(nspname) AS name FROM pg_namespace WHERE oid = %(schema)s::regnamespace
),
copied AS (
    SELECT a.relname, a.attnum, column_name AS name, CASE
        -- A value of the source's own type is none of the clone's; as text it becomes one.
        WHEN t.typnamespace = source.oid
            THEN column_name || '::text::' || format_type(a.atttypid, a.atttypmod)
        -- What identifies an object of the source becomes what identifies the clone's.
        WHEN t.oid IN ('regclass'::regtype, 'regtype'::regtype, 'regproc'::regtype,
                'regconfig'::regtype, 'regcollation'::regtype)
            THEN format(
                'CASE WHEN starts_with(%%1$s::text, %%2$L) THEN (quote_ident(current_schema())'
                ' || substr(%%1$s::text, %%3$s))::%%4$s ELSE %%1$s END',
                column_name, source.name || '.', length(source.name) + 1, t.typname)
        ELSE column_name END AS value
    FROM source, table_column a
    JOIN pg_type t ON t.oid = a.atttypid
    CROSS JOIN LATERAL (SELECT quote_ident(attname) AS column_name) AS quoted
    WHERE relkind = 'r' AND attgenerated = ''
)
SELECT 'rows' AS kind, relname, format(
    'INSERT INTO %%I (%%s) OVERRIDING SYSTEM VALUE SELECT %%s FROM ONLY %%s.%%1$I', relname,
    string_agg(name, ', ' ORDER BY attnum), string_agg(value, ', ' ORDER BY attnum), %(schema)s)
FROM copied
GROUP BY relname
UNION ALL
SELECT 'position', relname, format(
    'SELECT setval(%%L, last_value, is_called) FROM %%s.%%I', quote_ident(relname), %(schema)s,
    relname)
FROM relation WHERE relkind = 'S'
ORDER BY 1, 2
