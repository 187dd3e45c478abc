-- A number that changes with every change of an object, and the tables that may have rows.
-- Each change of a catalog row writes a new version of it: at another place, or by another
-- transaction. Only the marks in pg_class that maintenance sets are overwritten in place.
, known AS MATERIALIZED (
    SELECT oid FROM relation
    UNION ALL SELECT indexrelid FROM own_index
    UNION ALL SELECT typrelid FROM member JOIN pg_type t ON t.oid = objid
        WHERE classid = 'pg_type'::regclass AND typrelid <> 0
),
on_relation AS MATERIALIZED (
    SELECT k.oid, k.xmin, k.ctid, k.tableoid FROM relation r JOIN pg_constraint k ON conrelid = r.oid
    UNION ALL
    SELECT g.oid, g.xmin, g.ctid, g.tableoid FROM relation r JOIN pg_trigger g ON tgrelid = r.oid
    UNION ALL
    SELECT w.oid, w.xmin, w.ctid, w.tableoid FROM relation r JOIN pg_rewrite w ON ev_class = r.oid
    UNION ALL
    SELECT p.oid, p.xmin, p.ctid, p.tableoid FROM relation r JOIN pg_policy p ON polrelid = r.oid
    UNION ALL
    SELECT k.oid, k.xmin, k.ctid, k.tableoid FROM member JOIN pg_constraint k ON contypid = objid
    WHERE classid = 'pg_type'::regclass
),
-- What the statements call by its name and is not the schema's: a rename changes nothing there.
referred AS MATERIALIZED (
    SELECT DISTINCT confrelid AS oid FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid
    WHERE k.contype = 'f' AND confrelid NOT IN (SELECT oid FROM relation)
),
version AS (
    SELECT c.xmin, c.ctid, c.tableoid FROM referred JOIN pg_class c USING (oid)
    UNION ALL
    SELECT c.xmin, c.ctid, c.tableoid FROM referred JOIN pg_attribute c ON attrelid = oid
    UNION ALL
    SELECT DISTINCT c.xmin, c.ctid, c.tableoid FROM relation r
    JOIN pg_trigger g ON tgrelid = r.oid AND NOT tgisinternal
    JOIN pg_proc c ON c.oid = tgfoid AND c.pronamespace <> r.relnamespace
    UNION ALL
    SELECT c.xmin, c.ctid, c.tableoid FROM pg_namespace c WHERE oid = %(schema)s::regnamespace
    UNION ALL
    SELECT c.xmin, c.ctid, c.tableoid FROM pg_default_acl c
    WHERE defaclnamespace IN (0, %(schema)s::regnamespace)
    UNION ALL
    SELECT c.xmin, c.ctid, c.tableoid FROM pg_depend c
    WHERE refclassid = 'pg_namespace'::regclass AND refobjid = %(schema)s::regnamespace
    UNION ALL
    SELECT d.xmin, d.ctid, d.tableoid FROM relation r
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = r.oid
    WHERE relkind = 'S'
    UNION ALL
    SELECT d.xmin, d.ctid, d.tableoid FROM relation r
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid
        AND d.classid = 'pg_publication_rel'::regclass
    UNION ALL
    SELECT xmin, ctid, tableoid FROM on_relation
    UNION ALL
    SELECT xmin, ctid, tableoid FROM relation
    UNION ALL
    SELECT xmin, ctid, tableoid FROM own_index
    UNION ALL
    SELECT class_xmin, class_ctid, 'pg_class'::regclass FROM own_index
    UNION ALL
    SELECT c.xmin, c.ctid, c.tableoid FROM relation r JOIN pg_class c ON c.oid = r.reltoastrelid
    UNION ALL
    SELECT c.xmin, c.ctid, c.tableoid FROM known JOIN pg_attribute c ON attrelid = oid
    UNION ALL
    SELECT c.xmin, c.ctid, c.tableoid FROM relation r JOIN pg_attrdef c ON adrelid = r.oid
    UNION ALL
    SELECT c.xmin, c.ctid, c.tableoid FROM relation r JOIN pg_sequence c ON seqrelid = r.oid
    UNION ALL
    SELECT c.xmin, c.ctid, c.tableoid FROM known JOIN pg_inherits c ON inhrelid = oid
    UNION ALL
    SELECT c.xmin, c.ctid, c.tableoid FROM member JOIN pg_proc c ON c.oid = objid
    WHERE classid = 'pg_proc'::regclass
    UNION ALL
    SELECT c.xmin, c.ctid, c.tableoid FROM member JOIN pg_type c ON c.oid = objid
    WHERE classid = 'pg_type'::regclass
    UNION ALL
    SELECT c.xmin, c.ctid, c.tableoid FROM member JOIN pg_enum c ON enumtypid = objid
    WHERE classid = 'pg_type'::regclass
    UNION ALL
    SELECT c.xmin, c.ctid, c.tableoid FROM member JOIN pg_statistic_ext c ON c.oid = objid
    WHERE classid = 'pg_statistic_ext'::regclass
    UNION ALL
    SELECT c.xmin, c.ctid, c.tableoid FROM member JOIN pg_collation c ON c.oid = objid
    WHERE classid = 'pg_collation'::regclass
    UNION ALL
    SELECT c.xmin, c.ctid, c.tableoid FROM member JOIN pg_ts_config c ON c.oid = objid
    WHERE classid = 'pg_ts_config'::regclass
    UNION ALL
    SELECT c.xmin, c.ctid, c.tableoid
    FROM (
        SELECT oid FROM known UNION ALL SELECT oid FROM on_relation UNION ALL SELECT objid FROM member
    ) AS described
    JOIN pg_description c ON objoid = oid
),
-- By transaction, since an xid has to become text before it can be hashed.
written AS (
    SELECT xmin, tableoid, count(*) AS count, bit_xor(hashtidextended(ctid, 0)) AS places
    FROM version GROUP BY xmin, tableoid
)
SELECT
    (SELECT md5(string_agg(format('%%s %%s %%s %%s', xmin, tableoid, count, places), ','
        ORDER BY xmin::text, tableoid)) FROM written)
    || (SELECT oid FROM pg_database WHERE datname = current_database()),
    ARRAY(
        SELECT relname::text FROM relation WHERE relkind = 'r' AND pg_relation_size(oid) > 0
        ORDER BY relname)
