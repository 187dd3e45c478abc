-- What Citus refuses: (kind, table, name, one schema, number of schemata).
WITH private AS MATERIALIZED (
    SELECT c.oid, c.relname::text, c.relkind, n.oid AS schema, n.nspname::text
    FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid
    WHERE n.nspname = ANY (%(schemata)s) AND c.relkind IN ('r', 'p')
),
wanted_trigger AS (
    SELECT tgrelid, tgname::text FROM pg_trigger
    WHERE NOT tgisinternal
        AND coalesce(current_setting('citus.enable_unsafe_triggers', true), 'off') <> 'on'
),
shared AS (
    SELECT DISTINCT k.confrelid AS oid
    FROM private p
    JOIN pg_constraint k ON k.conrelid = p.oid AND k.contype = 'f'
    JOIN pg_class c ON c.oid = k.confrelid AND c.relnamespace <> p.schema
)
SELECT 'trigger', relname, tgname, min(nspname), count(*)
FROM private JOIN wanted_trigger ON tgrelid = oid
GROUP BY relname, tgname
UNION ALL
SELECT 'shared trigger', oid::regclass::text, tgname, '', 1
FROM shared JOIN wanted_trigger ON tgrelid = oid
UNION ALL
SELECT 'reference', format('%%s.%%s', s.nspname, c.relname), k.conname::text, min(p.nspname),
    count(*)
FROM private p
JOIN pg_constraint k ON k.confrelid = p.oid AND k.contype = 'f'
JOIN pg_class c ON c.oid = k.conrelid AND c.relnamespace <> p.schema
JOIN pg_namespace s ON s.oid = c.relnamespace
GROUP BY 2, 3
UNION ALL
SELECT 'inheritance', p.relname, c.relname::text, min(p.nspname), count(*)
FROM private p
JOIN pg_inherits i ON i.inhrelid = p.oid
JOIN pg_class c ON c.oid = i.inhparent AND c.relkind = 'r'
GROUP BY 2, 3
ORDER BY 1, 2, 3
