-- What a schema holds that a clone would lack, by kind and name; extensions aside.
SELECT kind, name FROM (
    SELECT 'foreign table' AS kind, relname::text AS name FROM relation WHERE relkind = 'f'
    UNION ALL
    SELECT CASE typtype WHEN 'r' THEN 'range with a canonical function' ELSE 'base type' END, typname
    FROM member
    JOIN pg_type t ON t.oid = objid
    LEFT JOIN pg_range ON rngtypid = t.oid
    WHERE classid = 'pg_type'::regclass
        AND (typtype IN ('b', 'p') OR typtype = 'r' AND rngcanonical <> 0)
    UNION ALL
    SELECT 'large object column', format('%%I.%%I', relname, attname)
    FROM table_column JOIN pg_type t ON t.oid = atttypid
    WHERE relkind IN ('r', 'p') AND 'oid'::regtype IN (t.oid, t.typbasetype)
    UNION ALL
    -- What identifies an object of the schema, and cannot be made to identify the clone's.
    SELECT DISTINCT 'object identifier column', format('%%I.%%I', relname, attname)
    FROM (
        WITH RECURSIVE part AS (
            SELECT relname, attname, atttypid AS type, false AS is_inside FROM table_column
            WHERE relkind IN ('r', 'p')
            UNION
            SELECT p.relname, p.attname, inner_type, true
            FROM part p
            JOIN pg_type t ON t.oid = type
            CROSS JOIN LATERAL (
                SELECT typelem UNION ALL SELECT typbasetype
                UNION ALL SELECT atttypid FROM pg_attribute
                WHERE attrelid = typrelid AND attnum > 0 AND NOT attisdropped
            ) AS inside (inner_type)
        )
        SELECT * FROM part
    ) AS part
    WHERE type IN ('regprocedure'::regtype, 'regnamespace'::regtype) OR is_inside AND type IN (
        'regclass'::regtype, 'regtype'::regtype, 'regproc'::regtype, 'regconfig'::regtype,
        'regcollation'::regtype)
    UNION ALL
    -- What PostgreSQL's own hides: whatever names it in a clone would mean the source's.
    SELECT 'routine named like one of PostgreSQL''s own', proname
    FROM member JOIN pg_proc p ON p.oid = objid
    WHERE classid = 'pg_proc'::regclass AND NOT pg_function_is_visible(objid)
    UNION ALL
    SELECT 'type named like one of PostgreSQL''s own', typname
    FROM member JOIN pg_type t ON t.oid = objid
    WHERE classid = 'pg_type'::regclass AND NOT pg_type_is_visible(objid)
    UNION ALL
    SELECT 'publication', pubname
    FROM member
    JOIN pg_depend d ON d.classid = member.classid AND d.objid = member.objid
    JOIN pg_publication p ON d.refclassid = 'pg_publication'::regclass AND p.oid = d.refobjid
    WHERE member.classid = to_regclass('pg_publication_namespace')
    UNION ALL
    SELECT 'publication', pubname
    FROM relation r
    JOIN pg_publication_rel ON prrelid = r.oid
    JOIN pg_publication p ON p.oid = prpubid
    UNION ALL
    SELECT 'inheriting table whose columns stand in another order', r.relname
    FROM relation r
    WHERE r.oid NOT IN (SELECT oid FROM joined_child) AND EXISTS (
        SELECT FROM table_column a JOIN table_column b USING (attrelid)
        WHERE attrelid = r.oid AND NOT a.is_own AND b.is_own AND b.attinhcount = 0
            AND a.attnum > b.attnum)
    UNION ALL
    SELECT 'cast', format('%%s AS %%s', castsource::regtype, casttarget::regtype)
    FROM member JOIN pg_cast ON objid IN (castsource, casttarget)
    -- Each range comes with the cast to its multirange.
    WHERE classid = 'pg_type'::regclass AND NOT EXISTS (
        SELECT FROM pg_depend d
        WHERE d.classid = 'pg_cast'::regclass AND d.objid = pg_cast.oid AND d.deptype = 'i')
    UNION ALL
    SELECT 'operator', oprname FROM member JOIN pg_operator o ON o.oid = objid
    WHERE classid = 'pg_operator'::regclass
    UNION ALL
    SELECT 'operator class', opcname FROM member JOIN pg_opclass o ON o.oid = objid
    WHERE classid = 'pg_opclass'::regclass
    UNION ALL
    SELECT 'operator family', opfname FROM member JOIN pg_opfamily o ON o.oid = objid
    WHERE classid = 'pg_opfamily'::regclass
    UNION ALL
    SELECT 'conversion', conname FROM member JOIN pg_conversion o ON o.oid = objid
    WHERE classid = 'pg_conversion'::regclass
    UNION ALL
    SELECT 'text search dictionary', dictname FROM member JOIN pg_ts_dict d ON d.oid = objid
    WHERE classid = 'pg_ts_dict'::regclass
    UNION ALL
    SELECT 'text search parser', prsname FROM member JOIN pg_ts_parser p ON p.oid = objid
    WHERE classid = 'pg_ts_parser'::regclass
    UNION ALL
    SELECT 'text search template', tmplname FROM member JOIN pg_ts_template t ON t.oid = objid
    WHERE classid = 'pg_ts_template'::regclass
) AS found
ORDER BY kind, name
