-- The columns of a schema's tables whose foreign keys refer to tables in public.
SELECT t.relname, a.attname, shared.relname
FROM pg_constraint k
JOIN pg_class t ON t.oid = k.conrelid
JOIN pg_class shared ON shared.oid = k.confrelid
CROSS JOIN unnest(k.conkey) number
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = number
WHERE k.contype = 'f' AND t.relnamespace = %(schema)s::regnamespace
    AND shared.relnamespace = 'public'::regnamespace
ORDER BY t.relname, a.attname
