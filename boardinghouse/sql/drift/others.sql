    SELECT p.oid AS namespace, other.kind, other.name::text AS name, NULL AS parent, each.aspect,
        each.value, each.aspect = 'comment' AS verbatim,
        NULL AS spelling, NULL::oid AS object
    FROM (
        SELECT 'collation' AS kind, 'pg_collation'::regclass AS class, oid, collname AS name,
            collnamespace AS namespace, (
            -- By name, for PostgreSQL's versions have other columns.
            SELECT string_agg(key || ' ' || value, ', ' ORDER BY key)
            FROM jsonb_each_text(to_jsonb(c))
            WHERE key NOT IN ('oid', 'collname', 'collnamespace', 'collowner', 'collversion')
        ) AS definition
        FROM pg_collation c WHERE collnamespace IN (SELECT oid FROM place)
        UNION ALL
        SELECT 'conversion', 'pg_conversion'::regclass, oid, conname, connamespace, ''
        FROM pg_conversion
        UNION ALL
        SELECT 'operator class', 'pg_opclass'::regclass, oid, opcname, opcnamespace, ''
        FROM pg_opclass
        UNION ALL
        SELECT 'operator family', 'pg_opfamily'::regclass, oid, opfname, opfnamespace, ''
        FROM pg_opfamily
        UNION ALL
        SELECT 'text search configuration', 'pg_ts_config'::regclass, c.oid, cfgname, cfgnamespace,
            'parser ' || quote_ident(prsname) || (
            SELECT coalesce(string_agg(', ' || alias || ' ' || dictionaries, '' ORDER BY alias), '')
            FROM (
                SELECT maptokentype, string_agg(mapdict::regdictionary::text, ' ' ORDER BY mapseqno)
                FROM pg_ts_config_map WHERE mapcfg = c.oid GROUP BY maptokentype
            ) AS mapped (token, dictionaries)
            JOIN ts_token_type(cfgparser) ON tokid = token)
        FROM pg_ts_config c JOIN pg_ts_parser r ON r.oid = cfgparser
        WHERE cfgnamespace IN (SELECT oid FROM place)
        UNION ALL
        SELECT 'text search dictionary', 'pg_ts_dict'::regclass, oid, dictname, dictnamespace, ''
        FROM pg_ts_dict
        UNION ALL
        SELECT 'text search parser', 'pg_ts_parser'::regclass, oid, prsname, prsnamespace, ''
        FROM pg_ts_parser
        UNION ALL
        SELECT 'text search template', 'pg_ts_template'::regclass, oid, tmplname, tmplnamespace, ''
        FROM pg_ts_template
        UNION ALL
        SELECT 'extension', 'pg_extension'::regclass, oid, extname, extnamespace, ''
        FROM pg_extension
        UNION ALL
        SELECT 'operator', 'pg_operator'::regclass, oid,
            format('%%s (%%s, %%s)', oprname, nullif(oprleft, 0)::regtype, oprright::regtype),
            oprnamespace, oprcode::text
        FROM pg_operator WHERE oprnamespace IN (SELECT oid FROM place)
        UNION ALL
        -- A cast is in no schema: it counts where its types are, unless it comes with a range.
        SELECT 'cast', 'pg_cast'::regclass, k.oid,
            format('%%s AS %%s', castsource::regtype, casttarget::regtype), namespace,
            concat_ws(' ', nullif(castfunc, 0)::regprocedure, nullif(castmethod, 'f'), castcontext)
        FROM pg_cast k
        CROSS JOIN LATERAL (
            SELECT DISTINCT typnamespace FROM pg_type WHERE oid IN (castsource, casttarget)
        ) AS home (namespace)
        WHERE NOT EXISTS (
            SELECT FROM pg_depend d
            WHERE d.classid = 'pg_cast'::regclass AND d.objid = k.oid AND d.deptype = 'i')
    ) AS found
    JOIN place p ON p.oid = found.namespace
    CROSS JOIN LATERAL (
        SELECT kind, CASE WHEN kind IN ('operator', 'cast') THEN replace(found.name, p.qualifier, '')
            ELSE found.name END AS name
    ) AS other
    CROSS JOIN LATERAL (VALUES
        ('definition', found.definition), ('comment', obj_description(found.oid, class::name))
    ) AS each (aspect, value)
    WHERE each.value IS NOT NULL
