-- The foreign keys to shared tables that the template has and these schemata have not, each with
-- the statement that adds it. Run with the template alone on the path.
WITH wanted AS (
    SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) AS definition
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_class target ON target.oid = k.confrelid
    WHERE k.contype = 'f' AND k.conparentid = 0
        AND c.relnamespace = to_regnamespace(%(template)s)
        AND target.relnamespace = 'public'::regnamespace
)
SELECT n.nspname::text, w.relname || '.' || w.conname,
    format('ALTER TABLE %%I ADD CONSTRAINT %%I %%s', w.relname, w.conname, w.definition)
FROM wanted w
JOIN pg_class c ON c.relname = w.relname
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemata)s::name[])
    AND NOT EXISTS (
        SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.conname = w.conname)
ORDER BY n.nspname, w.relname, w.conname
