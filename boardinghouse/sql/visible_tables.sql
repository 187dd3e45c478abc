-- Tables and views that the search path shows, and those of the schemata in %(beyond)s before
-- them; as django.db.backends.postgresql.introspection.get_table_list describes each.
SELECT DISTINCT ON (c.relname)
    c.relname,
    CASE
        WHEN c.relispartition THEN 'p'
        WHEN c.relkind IN ('m', 'v') THEN 'v'
        ELSE 't'
    END,
    obj_description(c.oid, 'pg_class')
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
    AND n.nspname = ANY (%(beyond)s::name[] || current_schemas(false))
ORDER BY c.relname, array_position(%(beyond)s::name[] || current_schemas(false), n.nspname)
