-- Which of these tables of public are no reference tables.
SELECT format('public.%%I', c.relname)
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND c.relname = ANY (%(tables)s)
    AND NOT EXISTS (
        SELECT FROM pg_dist_partition d
        WHERE d.logicalrelid = c.oid AND d.partmethod = 'n' AND d.repmodel = 't')
ORDER BY c.relname
