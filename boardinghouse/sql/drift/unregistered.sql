-- The schemata beside public and the template that hold a table called as one of the template's
-- is, and the spares.
SELECT DISTINCT n.nspname::text
FROM pg_class t
JOIN pg_class c ON c.relname = t.relname AND c.relkind IN ('r', 'p')
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE t.relnamespace = to_regnamespace(%(template)s) AND t.relkind IN ('r', 'p')
    AND n.nspname NOT IN (%(template)s, 'public', 'information_schema')
    AND left(n.nspname, 3) <> 'pg_'
UNION
SELECT nspname::text FROM pg_namespace WHERE starts_with(nspname::text, %(spare)s)
