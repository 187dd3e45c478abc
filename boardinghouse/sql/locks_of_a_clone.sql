-- At most how many objects of a schema a transaction locks that makes a copy of it. What is
-- not in pg_depend under the schema itself (indexes, constraints) is under its tables.
WITH member AS MATERIALIZED (
    SELECT classid, objid FROM pg_depend
    WHERE refclassid = 'pg_namespace'::regclass AND refobjid = to_regnamespace(%(schema)s)
)
SELECT count(*)
    + coalesce(sum((
        SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = indexrelid WHERE indrelid = objid
    ) + (
        SELECT count(*) FROM pg_constraint WHERE conrelid = objid
    ) + (
        SELECT 2 * count(nullif(reltoastrelid, 0)) + count(nullif(reltype, 0))
        FROM pg_class WHERE oid = objid
    )) FILTER (WHERE classid = 'pg_class'::regclass), 0)
FROM member
