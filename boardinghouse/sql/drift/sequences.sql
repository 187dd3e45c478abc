    SELECT p.oid AS namespace, 'sequence' AS kind, c.relname::text AS name,
        t.relname::text AS parent, each.aspect, each.value, each.aspect = 'comment' AS verbatim,
        NULL AS spelling, NULL::oid AS object
    FROM place p
    JOIN pg_class c ON c.relnamespace = p.oid AND c.relkind = 'S'
    JOIN pg_sequence s ON s.seqrelid = c.oid
    LEFT JOIN pg_depend o ON o.classid = 'pg_class'::regclass AND o.objid = c.oid
        AND o.objsubid = 0 AND o.refclassid = 'pg_class'::regclass AND o.deptype IN ('a', 'i')
    LEFT JOIN pg_class t ON t.oid = o.refobjid
    LEFT JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
    LEFT JOIN pg_description about ON about.classoid = 'pg_class'::regclass
        AND about.objoid = c.oid AND about.objsubid = 0
    CROSS JOIN LATERAL (VALUES
        ('definition', concat_ws(' ', format_type(s.seqtypid, NULL), 'START', s.seqstart,
            'INCREMENT', s.seqincrement, 'MINVALUE', s.seqmin, 'MAXVALUE', s.seqmax,
            'CACHE', s.seqcache, CASE WHEN s.seqcycle THEN 'CYCLE' END)),
        ('persistence', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED' END),
        ('owning column', o.refobjid::regclass || '.' || quote_ident(a.attname)),
        ('owner', c.relowner::regrole::text),
        ('privileges', (
            SELECT string_agg(acl::text, ', ' ORDER BY acl::text)
            FROM unnest(coalesce(c.relacl, acldefault('s', c.relowner))) acl)),
        ('comment', about.description)
    ) AS each (aspect, value)
    WHERE each.value IS NOT NULL AND o.deptype IS DISTINCT FROM 'i'
