-- Tables and views that the search path shows, and those of the schemata in %(beyond)s before
-- them; as django.db.backends.postgresql.introspection.get_table_list describes each. What a
-- schema holds is looked up in pg_depend, by its index: pg_class would be read from end to end.
SELECT DISTINCT ON (c.relname)
    c.relname,
    CASE
        WHEN c.relispartition THEN 'p'
        WHEN c.relkind IN ('m', 'v') THEN 'v'
        ELSE 't'
    END,
    obj_description(c.oid, 'pg_class')
FROM unnest(%(beyond)s::name[] || current_schemas(false)) WITH ORDINALITY AS seen (name, place)
JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_namespace'::regclass
    AND d.refobjid = to_regnamespace(quote_ident(seen.name)) AND d.classid = 'pg_class'::regclass
JOIN pg_catalog.pg_class c ON c.oid = d.objid
WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v')
ORDER BY c.relname, seen.place
