-- Which object needs which: (class, id, needed class, needed id). What PostgreSQL keeps as an
-- object of its own and comes with another one (a table's row type, a view's rule, the
-- sequence of an identity) counts as that other one.
, part AS (
    SELECT 'pg_class'::regclass AS class, t.typrelid AS id,
        'pg_type'::regclass AS of_class, t.oid AS of_id
    FROM member JOIN pg_type t ON t.oid = objid AND t.typtype = 'c'
    WHERE classid = 'pg_type'::regclass
    UNION ALL
    SELECT 'pg_type'::regclass, t.typarray, 'pg_type'::regclass, t.oid
    FROM member JOIN pg_type t ON t.oid = objid WHERE classid = 'pg_type'::regclass
    UNION ALL
    SELECT 'pg_type'::regclass, each, 'pg_type'::regclass, rngtypid
    FROM member
    JOIN pg_range ON rngtypid = objid
    JOIN pg_type t ON t.oid = rngmultitypid
    CROSS JOIN LATERAL (VALUES (t.oid), (t.typarray)) AS multirange (each)
    WHERE classid = 'pg_type'::regclass
    UNION ALL
    SELECT 'pg_type'::regclass, each, 'pg_class'::regclass, r.oid
    FROM relation r
    JOIN pg_type t ON t.oid = r.reltype
    CROSS JOIN LATERAL (VALUES (t.oid), (t.typarray)) AS row_type (each)
    UNION ALL
    SELECT 'pg_rewrite'::regclass, w.oid, 'pg_class'::regclass, r.oid
    FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid AND w.rulename = '_RETURN'
    UNION ALL
    SELECT 'pg_attrdef'::regclass, default_id, 'pg_class'::regclass, attrelid
    FROM table_column WHERE default_id IS NOT NULL AND NOT default_comes_later
    UNION ALL
    SELECT 'pg_class'::regclass, indexrelid, 'pg_constraint'::regclass, constraint_id
    FROM own_index WHERE constraint_id IS NOT NULL
    UNION ALL
    SELECT 'pg_class'::regclass, d.objid, 'pg_class'::regclass, d.refobjid
    FROM relation r
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = r.oid
        AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i'
    WHERE r.relkind = 'S'
),
thing AS (
    SELECT classid AS class, objid AS id FROM member
    UNION SELECT class, id FROM part
    UNION SELECT 'pg_class'::regclass, indexrelid FROM own_index
    UNION SELECT 'pg_constraint'::regclass, k.oid
    FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid
    UNION SELECT 'pg_constraint'::regclass, k.oid
    FROM member JOIN pg_constraint k ON k.contypid = objid WHERE classid = 'pg_type'::regclass
    UNION SELECT 'pg_attrdef'::regclass, default_id FROM table_column WHERE default_id IS NOT NULL
)
SELECT DISTINCT
    coalesce(p.of_class, d.classid)::regclass::text, coalesce(p.of_id, d.objid)::bigint,
    coalesce(q.of_class, d.refclassid)::regclass::text, coalesce(q.of_id, d.refobjid)::bigint
FROM thing t
JOIN pg_depend d ON d.classid = t.class AND d.objid = t.id
LEFT JOIN part p ON p.class = d.classid AND p.id = d.objid
LEFT JOIN part q ON q.class = d.refclassid AND q.id = d.refobjid
WHERE d.refclassid <> 'pg_namespace'::regclass
