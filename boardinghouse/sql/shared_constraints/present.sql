-- The foreign keys of private tables to shared ones that PostgreSQL knows in these schemata, each
-- with the statement that drops it. A partition's goes with that of its parent.
SELECT n.nspname::text, c.relname || '.' || k.conname,
    format('ALTER TABLE %%I DROP CONSTRAINT %%I', c.relname, k.conname)
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class target ON target.oid = k.confrelid
WHERE k.contype = 'f' AND k.conparentid = 0
    AND n.nspname = ANY (%(schemata)s::name[])
    AND target.relnamespace = 'public'::regnamespace
ORDER BY n.nspname, c.relname, k.conname
