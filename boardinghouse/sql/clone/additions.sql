-- What is done to objects that are there, and what nothing else needs: (stage, place,
-- statement).
, depth AS (
    SELECT oid, (SELECT count(*) FROM pg_partition_ancestors(oid)) AS depth FROM relation
    UNION ALL
    SELECT indexrelid, (SELECT count(*) FROM pg_partition_ancestors(indexrelid)) FROM own_index
),
foreign_key AS (
    SELECT k.*, r.relname FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid
    WHERE k.contype = 'f' AND NOT EXISTS (
        -- PostgreSQL makes one more for each partition that the key refers to.
        SELECT FROM pg_constraint parent
        WHERE parent.oid = k.conparentid AND parent.conrelid = k.conrelid)
),
-- What CREATE TABLE, CREATE INDEX and CREATE TRIGGER do not say.
table_option AS (
    SELECT r.relname, 'SET (' || (
        SELECT string_agg('toast.' || each, ', ') FROM unnest(t.reloptions) each) || ')' AS setting
    FROM relation r JOIN pg_class t ON t.oid = r.reltoastrelid
    UNION ALL
    SELECT relname, CASE relreplident
        WHEN 'f' THEN 'REPLICA IDENTITY FULL' WHEN 'n' THEN 'REPLICA IDENTITY NOTHING' END
    FROM relation WHERE relkind IN ('r', 'p')
    UNION ALL
    SELECT table_name, format('REPLICA IDENTITY USING INDEX %%I', relname)
    FROM own_index WHERE indisreplident
    UNION ALL
    SELECT table_name, format('CLUSTER ON %%I', relname) FROM own_index WHERE indisclustered
    UNION ALL
    SELECT relname, 'ENABLE ROW LEVEL SECURITY' FROM relation WHERE relrowsecurity
    UNION ALL
    SELECT relname, 'FORCE ROW LEVEL SECURITY' FROM relation WHERE relforcerowsecurity
    UNION ALL
    SELECT r.relname, CASE g.tgenabled
        WHEN 'D' THEN format('DISABLE TRIGGER %%I', g.tgname)
        WHEN 'R' THEN format('ENABLE REPLICA TRIGGER %%I', g.tgname)
        WHEN 'A' THEN format('ENABLE ALWAYS TRIGGER %%I', g.tgname) END
    FROM relation r JOIN pg_trigger g ON g.tgrelid = r.oid AND NOT g.tgisinternal
    UNION ALL
    SELECT r.relname, CASE w.ev_enabled
        WHEN 'D' THEN format('DISABLE RULE %%I', w.rulename)
        WHEN 'R' THEN format('ENABLE REPLICA RULE %%I', w.rulename)
        WHEN 'A' THEN format('ENABLE ALWAYS RULE %%I', w.rulename) END
    FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid
    UNION ALL
    SELECT a.relname, format('ALTER %%I SET ', a.attname) || setting
    FROM table_column a
    JOIN pg_type t ON t.oid = a.atttypid
    CROSS JOIN LATERAL (VALUES
        ('STATISTICS ' || nullif(a.attstattarget, -1)),
        -- From 15.19 on PostgreSQL keeps a mark of its own among the options, in every column.
        ('(' || nullif(array_to_string(ARRAY(
            SELECT option FROM unnest(a.attoptions) AS option WHERE option !~ '^pg_attver='
        ), ', '), '') || ')'),
        ('COMPRESSION ' || CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END),
        (CASE WHEN a.attstorage <> t.typstorage THEN 'STORAGE ' || CASE a.attstorage
            WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
            WHEN 'x' THEN 'EXTENDED' ELSE 'MAIN' END END)
    ) AS column_option (setting)
    WHERE a.relkind IN ('r', 'p', 'm')
),
index_option AS (
    SELECT relname, 'SET (' || array_to_string(reloptions, ', ') || ')' AS setting
    FROM own_index WHERE constraint_id IS NOT NULL
    UNION ALL
    SELECT relname, 'SET TABLESPACE ' || quote_ident(spcname)
    FROM own_index JOIN pg_tablespace s ON s.oid = reltablespace
    UNION ALL
    SELECT relname, format('ALTER %%s SET STATISTICS %%s', a.attnum, a.attstattarget)
    FROM own_index i JOIN pg_attribute a ON a.attrelid = i.indexrelid
    WHERE a.attstattarget >= 0
)
SELECT 'owned sequence' AS stage, r.oid::bigint AS place,
    format('ALTER SEQUENCE %%I OWNED BY %%I.%%I', r.relname, t.relname, a.attname) AS statement
FROM relation r
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.objsubid = 0
    AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a'
JOIN relation t ON t.oid = d.refobjid
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE r.relkind = 'S'
UNION ALL
SELECT 'attached table', inhseqno, format('ALTER TABLE ONLY %%I INHERIT %%s', relname,
    inhparent::regclass)
FROM joined_child JOIN relation USING (oid) JOIN pg_inherits ON inhrelid = oid
UNION ALL
SELECT 'attached table', oid::bigint, format('ALTER TABLE ONLY %%s ATTACH PARTITION %%I %%s',
    inhparent::regclass, relname, pg_get_expr(relpartbound, oid))
FROM relation JOIN pg_inherits ON inhrelid = oid
WHERE relispartition
UNION ALL
SELECT 'attached table', oid::bigint, format('ALTER TABLE %%I OF %%s', relname,
    format_type(reloftype, NULL))
FROM relation WHERE reloftype <> 0
UNION ALL
SELECT 'attached index', -depth, format('ALTER INDEX %%s ATTACH PARTITION %%I',
    inhparent::regclass, relname)
FROM own_index JOIN pg_inherits ON inhrelid = indexrelid JOIN depth ON oid = indexrelid
UNION ALL
-- A partition's key comes first, under its own name; its parent's then takes it over.
SELECT CASE WHEN confrelid IN (SELECT oid FROM relation) THEN 'key' ELSE 'shared key' END,
    row_number() OVER (ORDER BY depth DESC, k.oid),
    format('ALTER TABLE %%I ADD CONSTRAINT %%I %%s', relname, conname,
        pg_get_constraintdef(k.oid, true))
FROM foreign_key k JOIN depth ON depth.oid = conrelid
UNION ALL
SELECT 'trigger', g.oid::bigint, pg_get_triggerdef(g.oid, true)
FROM relation r JOIN pg_trigger g ON g.tgrelid = r.oid
WHERE NOT g.tgisinternal AND g.tgparentid = 0
UNION ALL
SELECT 'rule', w.oid::bigint, pg_get_ruledef(w.oid, true)
FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid
WHERE w.rulename <> '_RETURN'
UNION ALL
SELECT 'policy', p.oid::bigint, concat_ws(' ',
    format('CREATE POLICY %%I ON %%I AS %%s FOR %%s TO', polname, relname,
        CASE WHEN polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
        CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
            WHEN 'd' THEN 'DELETE' ELSE 'ALL' END),
    (SELECT string_agg(CASE each WHEN 0 THEN 'PUBLIC' ELSE each::regrole::text END, ', ')
        FROM unnest(polroles) each),
    'USING (' || pg_get_expr(polqual, r.oid, true) || ')',
    'WITH CHECK (' || pg_get_expr(polwithcheck, r.oid, true) || ')')
FROM relation r JOIN pg_policy p ON p.polrelid = r.oid
UNION ALL
SELECT 'statistics', s.oid::bigint, overlay(pg_get_statisticsobjdef(s.oid) PLACING ''
    FROM length('CREATE STATISTICS ') + 1 FOR length(quote_ident(nspname) || '.'))
FROM member
JOIN pg_statistic_ext s ON s.oid = objid
JOIN pg_namespace n ON n.oid = stxnamespace
WHERE classid = 'pg_statistic_ext'::regclass
UNION ALL
SELECT 'option', s.oid::bigint, format('ALTER STATISTICS %%I SET STATISTICS %%s', stxname, stxstattarget)
FROM member JOIN pg_statistic_ext s ON s.oid = objid AND stxstattarget >= 0
WHERE classid = 'pg_statistic_ext'::regclass
UNION ALL
SELECT 'option', k.oid::bigint, format('ALTER DOMAIN %%I ADD CONSTRAINT %%I %%s', typname, conname,
    pg_get_constraintdef(k.oid, true))
FROM member
JOIN pg_type t ON t.oid = objid
JOIN pg_constraint k ON k.contypid = t.oid AND NOT convalidated
WHERE classid = 'pg_type'::regclass
UNION ALL
SELECT 'option', row_number() OVER (ORDER BY relname, setting),
    format('ALTER TABLE ONLY %%I %%s', relname, setting)
FROM table_option WHERE setting IS NOT NULL
UNION ALL
SELECT 'option', row_number() OVER (ORDER BY relname, setting),
    format('ALTER INDEX %%I %%s', relname, setting)
FROM index_option WHERE setting IS NOT NULL
