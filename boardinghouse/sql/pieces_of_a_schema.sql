-- The objects of a schema, each with the statement that drops it and how many locks that takes
-- at most: what depends on it goes too. Partitions and children come before their parents.
WITH RECURSIVE piece AS (
    SELECT classid, objid, EXISTS (
            SELECT FROM pg_inherits WHERE inhparent = objid) AS is_parent,
        CASE classid
            WHEN 'pg_proc'::regclass THEN 'ROUTINE ' || objid::regprocedure
            WHEN 'pg_type'::regclass THEN format('TYPE %%s.%%I', %(schema)s::text, typname)
            ELSE format('%%s %%s.%%I', CASE relkind
                WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
                WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, %(schema)s::text, relname)
        END AS name
    FROM pg_depend
    LEFT JOIN pg_class ON classid = 'pg_class'::regclass AND pg_class.oid = objid
    LEFT JOIN pg_type ON classid = 'pg_type'::regclass AND pg_type.oid = objid
    WHERE refclassid = 'pg_namespace'::regclass AND refobjid = to_regnamespace(%(schema)s)
        AND classid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass)
        -- Not a table's own sequences, nor what comes with a type: they go with it.
        AND NOT EXISTS (
            SELECT FROM pg_depend owner
            WHERE owner.classid = pg_depend.classid AND owner.objid = pg_depend.objid
                AND (owner.deptype = 'i' OR owner.deptype = 'a' AND relkind = 'S'))
),
going AS (
    SELECT name, classid, objid FROM piece
    UNION
    SELECT name, d.classid, d.objid
    FROM going
    JOIN pg_depend d ON d.refclassid = going.classid AND d.refobjid = going.objid
)
SELECT format('DROP %%s', regexp_replace(name, '^((MATERIALIZED|FOREIGN) )?\w+', '\& IF EXISTS')), count(*)
FROM going JOIN piece USING (name)
GROUP BY name, is_parent, piece.classid, piece.objid
ORDER BY piece.classid <> 'pg_class'::regclass, is_parent, piece.objid DESC
