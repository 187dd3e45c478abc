-- Comments on everything: (stage, place, statement).
, commented AS (
    SELECT 'pg_class'::regclass AS class, oid AS id, CASE relkind
        WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
        ELSE 'TABLE' END || ' ' || quote_ident(relname) AS target
    FROM relation
    UNION ALL
    SELECT 'pg_class'::regclass, indexrelid, 'INDEX ' || quote_ident(relname) FROM own_index
    UNION ALL
    SELECT 'pg_constraint'::regclass, k.oid, format('CONSTRAINT %%I ON %%I', conname, relname)
    FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid
    UNION ALL
    SELECT 'pg_constraint'::regclass, k.oid, format('CONSTRAINT %%I ON DOMAIN %%I', conname, typname)
    FROM member JOIN pg_type t ON t.oid = objid JOIN pg_constraint k ON k.contypid = t.oid
    WHERE classid = 'pg_type'::regclass
    UNION ALL
    SELECT 'pg_trigger'::regclass, g.oid, format('TRIGGER %%I ON %%I', tgname, relname)
    FROM relation r JOIN pg_trigger g ON g.tgrelid = r.oid
    UNION ALL
    SELECT 'pg_rewrite'::regclass, w.oid, format('RULE %%I ON %%I', rulename, relname)
    FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid
    UNION ALL
    SELECT 'pg_policy'::regclass, p.oid, format('POLICY %%I ON %%I', polname, relname)
    FROM relation r JOIN pg_policy p ON p.polrelid = r.oid
    UNION ALL
    SELECT classid, objid, 'ROUTINE ' || p.oid::regprocedure
    FROM member JOIN pg_proc p ON p.oid = objid WHERE classid = 'pg_proc'::regclass
    UNION ALL
    SELECT classid, objid, CASE typtype WHEN 'd' THEN 'DOMAIN ' ELSE 'TYPE ' END
        || quote_ident(typname)
    FROM member JOIN pg_type t ON t.oid = objid WHERE classid = 'pg_type'::regclass
    UNION ALL
    SELECT classid, objid, 'STATISTICS ' || quote_ident(stxname)
    FROM member JOIN pg_statistic_ext s ON s.oid = objid
    WHERE classid = 'pg_statistic_ext'::regclass
    UNION ALL
    SELECT classid, objid, 'COLLATION ' || quote_ident(collname)
    FROM member JOIN pg_collation c ON c.oid = objid WHERE classid = 'pg_collation'::regclass
    UNION ALL
    SELECT classid, objid, 'TEXT SEARCH CONFIGURATION ' || quote_ident(cfgname)
    FROM member JOIN pg_ts_config c ON c.oid = objid WHERE classid = 'pg_ts_config'::regclass
),
-- A composite type's columns are those of a relation of its own.
column_of AS (
    SELECT attrelid, attnum, attname, relname FROM table_column
    UNION ALL
    SELECT a.attrelid, a.attnum, a.attname, typname
    FROM member
    JOIN pg_type t ON t.oid = objid AND typtype = 'c'
    JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE classid = 'pg_type'::regclass
)
SELECT 'comment' AS stage, 0 AS place, format('COMMENT ON %%s IS %%L', target, description) AS statement
FROM commented JOIN pg_description ON classoid = class AND objoid = id AND objsubid = 0
UNION ALL
SELECT 'comment', 1, format('COMMENT ON COLUMN %%I.%%I IS %%L', relname, attname, description)
FROM column_of
JOIN pg_description ON classoid = 'pg_class'::regclass AND objoid = attrelid AND objsubid = attnum
