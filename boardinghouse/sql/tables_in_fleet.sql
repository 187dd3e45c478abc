-- Tables of these names in these schemata: how many locks reading one
-- takes, and whether a foreign key of it refers to one of the shared tables.
SELECT n.nspname, c.relname,
    1 + (SELECT count(*) FROM pg_index WHERE indrelid = c.oid),
    EXISTS (
        SELECT FROM pg_constraint k
        JOIN pg_class shared ON shared.oid = k.confrelid
        WHERE k.conrelid = c.oid AND k.contype = 'f'
            AND shared.relnamespace = 'public'::regnamespace
            AND shared.relname = ANY (%(shared)s::name[])
    )
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = ANY (%(tables)s::name[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND n.nspname = ANY (%(schemata)s::name[])
ORDER BY n.nspname
