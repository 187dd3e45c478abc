-- How many objects PostgreSQL locks to drop a schema: all that depends on it, directly or not.
WITH RECURSIVE going (classid, objid) AS (
    SELECT 'pg_namespace'::regclass::oid, to_regnamespace(%(schema)s)::oid
    UNION
    SELECT d.classid, d.objid
    FROM going
    JOIN pg_depend d ON d.refclassid = going.classid AND d.refobjid = going.objid
)
SELECT count(*) FROM going
