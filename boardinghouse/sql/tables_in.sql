-- The tables of some schemata, looked up in pg_depend, by its index: see visible_tables.sql.
SELECT asked.name, c.relname
FROM unnest(%(schemata)s::text[]) AS asked (name)
JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_namespace'::regclass
    AND d.refobjid = to_regnamespace(quote_ident(asked.name)) AND d.classid = 'pg_class'::regclass
JOIN pg_catalog.pg_class c ON c.oid = d.objid
WHERE c.relkind IN ('r', 'p')
