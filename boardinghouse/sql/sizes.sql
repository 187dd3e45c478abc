-- How large schemata are: name, bytes with indexes and TOAST, rows. The rows are estimates: what
-- ANALYZE counted last, or where it has not been, what was written since.
SELECT n.nspname::text, coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint,
    coalesce(sum(CASE WHEN c.reltuples >= 0 THEN c.reltuples
        ELSE pg_stat_get_live_tuples(c.oid) END), 0)::bigint
FROM pg_namespace n
LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'm')
WHERE n.nspname = ANY (%(schemata)s::text[])
GROUP BY n.nspname
