    SELECT p.oid AS namespace, each.kind, each.name::text AS name, NULL AS parent,
        'definition' AS aspect, '' AS value, true AS verbatim,
        NULL AS spelling, NULL::oid AS object
    FROM place p
    JOIN (
        SELECT 'collation' AS kind, collname AS name, collnamespace AS namespace FROM pg_collation
        UNION ALL
        SELECT 'conversion', conname, connamespace FROM pg_conversion
        UNION ALL
        SELECT 'operator class', opcname, opcnamespace FROM pg_opclass
        UNION ALL
        SELECT 'operator family', opfname, opfnamespace FROM pg_opfamily
        UNION ALL
        SELECT 'text search configuration', cfgname, cfgnamespace FROM pg_ts_config
        UNION ALL
        SELECT 'text search dictionary', dictname, dictnamespace FROM pg_ts_dict
        UNION ALL
        SELECT 'text search parser', prsname, prsnamespace FROM pg_ts_parser
        UNION ALL
        SELECT 'text search template', tmplname, tmplnamespace FROM pg_ts_template
        UNION ALL
        SELECT 'extension', extname, extnamespace FROM pg_extension
    ) each ON each.namespace = p.oid
    UNION ALL
    SELECT p.oid, 'operator', replace(
        format('%%s (%%s, %%s)', o.oprname, nullif(o.oprleft, 0)::regtype, o.oprright::regtype),
        p.qualifier, ''), NULL, 'definition', o.oprcode::text, false,
        NULL, NULL
    FROM place p
    JOIN pg_operator o ON o.oprnamespace = p.oid
