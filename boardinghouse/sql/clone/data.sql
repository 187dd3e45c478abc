-- The statements that copy rows and the positions of sequences: (kind, relation, statement).
, copied AS (
    SELECT a.relname, a.attnum, quote_ident(attname) AS name,
        -- A value of the source's own type is none of the clone's; as text it becomes one.
        quote_ident(attname) || CASE WHEN t.typnamespace = %(schema)s::regnamespace
            THEN '::text::' || format_type(a.atttypid, a.atttypmod) ELSE '' END AS value
    FROM table_column a JOIN pg_type t ON t.oid = a.atttypid
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
