-- What a schema holds that a clone would lack, by kind and name.
SELECT kind, name FROM (
    SELECT CASE relkind
            WHEN 'f' THEN 'foreign table'
            WHEN 'm' THEN 'materialized view'
            WHEN 'p' THEN 'partitioned table'
            WHEN 'c' THEN 'composite type'
            ELSE 'partition' END AS kind, relname::text AS name
    FROM pg_class
    WHERE relnamespace = %(schema)s::regnamespace
        AND (relkind IN ('f', 'm', 'p', 'c') OR relkind = 'r' AND relispartition)
    UNION ALL
    SELECT 'type', typname FROM pg_type
    WHERE typnamespace = %(schema)s::regnamespace AND typtype IN ('d', 'e', 'r', 'm', 'b')
        AND typelem = 0 AND typrelid = 0
    UNION ALL
    SELECT 'collation', collname FROM pg_collation WHERE collnamespace = %(schema)s::regnamespace
    UNION ALL
    SELECT 'extended statistics', stxname FROM pg_statistic_ext
    WHERE stxnamespace = %(schema)s::regnamespace
    UNION ALL
    SELECT 'row security policy', polname FROM pg_policy JOIN pg_class ON pg_class.oid = polrelid
    WHERE relnamespace = %(schema)s::regnamespace
    UNION ALL
    SELECT 'row security', relname FROM pg_class
    WHERE relnamespace = %(schema)s::regnamespace AND relrowsecurity
    UNION ALL
    SELECT 'inheriting table', relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE relnamespace = %(schema)s::regnamespace AND relkind = 'r' AND NOT relispartition
    UNION ALL
    SELECT 'operator', oprname FROM pg_operator WHERE oprnamespace = %(schema)s::regnamespace
    UNION ALL
    SELECT 'operator class', opcname FROM pg_opclass WHERE opcnamespace = %(schema)s::regnamespace
    UNION ALL
    SELECT 'operator family', opfname FROM pg_opfamily WHERE opfnamespace = %(schema)s::regnamespace
    UNION ALL
    SELECT 'conversion', conname FROM pg_conversion WHERE connamespace = %(schema)s::regnamespace
    UNION ALL
    SELECT 'text search configuration', cfgname FROM pg_ts_config
    WHERE cfgnamespace = %(schema)s::regnamespace
    UNION ALL
    SELECT 'text search dictionary', dictname FROM pg_ts_dict
    WHERE dictnamespace = %(schema)s::regnamespace
    UNION ALL
    SELECT 'text search parser', prsname FROM pg_ts_parser
    WHERE prsnamespace = %(schema)s::regnamespace
    UNION ALL
    SELECT 'text search template', tmplname FROM pg_ts_template
    WHERE tmplnamespace = %(schema)s::regnamespace
    UNION ALL
    SELECT 'rule', rulename FROM pg_rewrite JOIN pg_class ON pg_class.oid = ev_class
    WHERE relnamespace = %(schema)s::regnamespace AND rulename <> '_RETURN'
    UNION ALL
    SELECT 'aggregate', proname FROM pg_proc
    WHERE pronamespace = %(schema)s::regnamespace AND prokind = 'a'
    UNION ALL
    SELECT 'extension', extname FROM pg_extension WHERE extnamespace = %(schema)s::regnamespace
) AS found
ORDER BY kind, name
