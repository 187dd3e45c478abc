-- What stands before each of the queries here: what the schema holds. pg_depend has an index
-- by schema; pg_class has none, and holds the relations of all schemata.
-- They are run with the schema alone on the search path, so that PostgreSQL's own functions
-- print its names bare and all others qualified.
-- https://www.postgresql.org/docs/current/functions-info.html
WITH member AS MATERIALIZED (
    SELECT classid, objid FROM pg_depend d
    WHERE refclassid = 'pg_namespace'::regclass AND refobjid = %(schema)s::regnamespace
        -- What comes with a type: a range's functions and its multirange.
        AND NOT EXISTS (
            SELECT FROM pg_depend i
            WHERE i.classid = d.classid AND i.objid = d.objid AND i.deptype = 'i'
                AND d.classid IN ('pg_proc'::regclass, 'pg_type'::regclass))
),
relation AS MATERIALIZED (
    SELECT c.*, c.xmin, c.ctid, c.tableoid
    FROM member JOIN pg_class c ON c.oid = objid WHERE classid = 'pg_class'::regclass
),
own_index AS MATERIALIZED (
    SELECT i.*, r.relname AS table_name, c.relname, c.relkind, c.reloptions, c.reltablespace,
        k.oid AS constraint_id, i.xmin, i.ctid, i.tableoid, c.xmin AS class_xmin, c.ctid AS class_ctid
    FROM relation r
    JOIN pg_index i ON i.indrelid = r.oid
    JOIN pg_class c ON c.oid = i.indexrelid
    LEFT JOIN pg_constraint k ON k.conrelid = r.oid AND k.conindid = c.oid
        AND k.contype IN ('p', 'u', 'x')
),
-- A child of ALTER TABLE ... INHERIT; other children take their columns from their parents.
joined_child AS (
    SELECT r.oid FROM relation r
    WHERE NOT r.relispartition AND EXISTS (SELECT FROM pg_inherits WHERE inhrelid = r.oid)
        AND NOT EXISTS (
            SELECT FROM pg_attribute
            WHERE attrelid = r.oid AND attnum > 0 AND NOT attisdropped AND NOT attislocal)
),
table_column AS (
    SELECT a.*, r.relname, r.relkind,
        a.attislocal OR r.relispartition AS is_own,
        d.oid AS default_id, pg_get_expr(d.adbin, d.adrelid) AS default_text,
        -- A default of its own statement may need what comes after the table.
        a.attgenerated = '' AND (
            r.relkind NOT IN ('r', 'p')
            OR EXISTS (SELECT FROM pg_inherits WHERE r.oid IN (inhrelid, inhparent))
            OR EXISTS (
                SELECT FROM pg_depend n
                JOIN (
                    SELECT classid, objid FROM member
                    UNION ALL SELECT 'pg_type'::regclass, reltype FROM relation
                ) AS known ON known.classid = n.refclassid AND known.objid = n.refobjid
                WHERE n.classid = 'pg_attrdef'::regclass AND n.objid = d.oid
                    AND n.refobjid <> r.oid)
        ) AS default_comes_later
    FROM relation r
    JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
)
