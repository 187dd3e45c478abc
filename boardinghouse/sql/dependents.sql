-- What in public refers to tables that are about to leave it: views, and keys of other tables.
SELECT DISTINCT 'view', v.relname, t.relname
FROM pg_class t
JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
    AND d.classid = 'pg_rewrite'::regclass
JOIN pg_rewrite r ON r.oid = d.objid
JOIN pg_class v ON v.oid = r.ev_class AND v.oid <> t.oid
WHERE t.relnamespace = 'public'::regnamespace AND t.relname = ANY (%(tables)s)
UNION ALL
SELECT 'foreign key', format('%%I.%%I', s.relname, k.conname), t.relname
FROM pg_constraint k
JOIN pg_class s ON s.oid = k.conrelid
JOIN pg_class t ON t.oid = k.confrelid
WHERE k.contype = 'f'
    AND t.relnamespace = 'public'::regnamespace AND t.relname = ANY (%(tables)s)
    AND NOT (s.relnamespace = t.relnamespace AND s.relname = ANY (%(tables)s))
ORDER BY 1, 2
