-- The tables outside of some schemata to which foreign keys inside refer, and that Citus does not
-- copy to every node: it marks such as do with these two letters.
-- https://docs.citusdata.com/en/stable/develop/api_metadata.html#partition-table
SELECT DISTINCT format('%%I.%%I', s.nspname, c.relname)
FROM pg_namespace n
JOIN pg_class t ON t.relnamespace = n.oid
JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
JOIN pg_class c ON c.oid = k.confrelid
JOIN pg_namespace s ON s.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemata)s) AND NOT s.nspname = ANY (%(schemata)s)
    AND NOT EXISTS (
        SELECT FROM pg_dist_partition d
        WHERE d.logicalrelid = c.oid AND d.partmethod = 'n' AND d.repmodel = 't')
ORDER BY 1
