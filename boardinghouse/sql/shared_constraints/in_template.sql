-- The columns of the template's tables that have a foreign key to a table in public.
SELECT c.relname::text, a.attname::text
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_class target ON target.oid = k.confrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
WHERE k.contype = 'f' AND c.relnamespace = to_regnamespace(%(template)s)
    AND target.relnamespace = 'public'::regnamespace
