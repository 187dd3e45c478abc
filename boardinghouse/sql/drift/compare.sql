-- What schemata hold beside what the template holds: only what differs comes back. A question
-- (the other files here) says of each object, in rows of text, what there is to know about it.
-- With pg_catalog alone on the path PostgreSQL qualifies all names, so that what is said of the
-- template, with the schema's name in its place, is what ought to be said of the schema.
-- To spell a definition out takes time, and memory of the connection: where `spelling` says how,
-- `value` is a fingerprint, and only objects whose fingerprints differ are spelt out. That of an
-- expression is its tree without what only matters to the eye; if it knows other objects than
-- PostgreSQL's own, by their OIDs (10000 and up) or as a regclass, it is always spelt out.
WITH place AS (
    SELECT oid, nspname::text AS schema, quote_ident(nspname) || '.' AS qualifier
    FROM pg_namespace WHERE nspname = ANY (%(schemata)s::text[]) OR nspname = %(template)s
),
said AS MATERIALIZED (
{question}
),
differing AS MATERIALIZED (
    SELECT namespace, kind, name, aspect, coalesce(w.parent, f.parent) AS parent,
        coalesce(w.spelling, f.spelling) AS spelling, w.verbatim, w.value AS wanted,
        f.value AS found, w.object AS wanted_object, f.object AS found_object
    FROM (
        SELECT p.oid AS namespace, w.kind, w.name, w.parent, w.aspect, w.verbatim, w.spelling,
            w.object, CASE WHEN w.verbatim THEN w.value
                ELSE replace(w.value, t.qualifier, p.qualifier) END AS value
        FROM place t
        JOIN said w ON w.namespace = t.oid
        CROSS JOIN place p
        WHERE t.schema = %(template)s AND p.schema <> %(template)s
    ) w
    FULL JOIN (
        SELECT said.* FROM said JOIN place ON place.oid = said.namespace
        WHERE place.schema <> %(template)s
    ) f USING (namespace, kind, name, aspect)
    WHERE f.value IS DISTINCT FROM w.value
)
SELECT p.schema, kind, name, parent, aspect, spelt.wanted, spelt.found
FROM differing d
JOIN place p ON p.oid = d.namespace
JOIN place t ON t.schema = %(template)s
CROSS JOIN LATERAL (
    SELECT CASE d.spelling
        WHEN 'index' THEN
            replace(pg_get_indexdef(d.wanted_object), t.qualifier, p.qualifier)
        WHEN 'constraint' THEN
            replace(pg_get_constraintdef(d.wanted_object), t.qualifier, p.qualifier)
        WHEN 'default' THEN replace(
            (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE oid = d.wanted_object),
            t.qualifier, p.qualifier)
        ELSE d.wanted END AS wanted,
    CASE d.spelling
        WHEN 'index' THEN pg_get_indexdef(d.found_object)
        WHEN 'constraint' THEN pg_get_constraintdef(d.found_object)
        WHEN 'default' THEN
            (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE oid = d.found_object)
        ELSE d.found END AS found
    OFFSET 0
) spelt
WHERE spelt.found IS DISTINCT FROM spelt.wanted
