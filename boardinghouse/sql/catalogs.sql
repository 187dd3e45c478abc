-- PostgreSQL's own tables that grow with the schemata: name, bytes with indexes, rows as last counted.
SELECT relname::text, pg_total_relation_size(oid), greatest(reltuples, 0)::bigint
FROM pg_class
WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r' AND relname IN (
    'pg_attrdef', 'pg_attribute', 'pg_class', 'pg_constraint', 'pg_depend', 'pg_description',
    'pg_index', 'pg_sequence', 'pg_shdepend', 'pg_statistic', 'pg_trigger', 'pg_type')
ORDER BY relname
