    SELECT p.oid AS namespace,
        CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range type'
            ELSE 'type' END AS kind,
        t.typname::text AS name, NULL AS parent, each.aspect, each.value,
        starts_with(each.aspect, 'comment') AS verbatim,
        NULL AS spelling, NULL::oid AS object
    FROM place p
    JOIN pg_type t ON t.typnamespace = p.oid AND t.typtype IN ('e', 'd', 'r', 'b')
        AND NOT EXISTS (SELECT FROM pg_type element WHERE element.typarray = t.oid)
    LEFT JOIN pg_description about ON about.classoid = 'pg_type'::regclass
        AND about.objoid = t.oid AND about.objsubid = 0
    CROSS JOIN LATERAL (VALUES
        ('definition', CASE t.typtype
            WHEN 'e' THEN (
                SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder)
                FROM pg_enum WHERE enumtypid = t.oid)
            WHEN 'd' THEN concat_ws(' ', format_type(t.typbasetype, t.typtypmod),
                'COLLATE ' || nullif(t.typcollation, 0)::regcollation,
                'DEFAULT ' || t.typdefault, CASE WHEN t.typnotnull THEN 'NOT NULL' END,
                (SELECT string_agg('CONSTRAINT ' || quote_ident(conname) || ' '
                    || pg_get_constraintdef(oid), ' ' ORDER BY conname)
                FROM pg_constraint WHERE contypid = t.oid AND contype = 'c'))
            WHEN 'r' THEN (
                SELECT concat_ws(' ', format_type(rngsubtype, NULL), rngsubopc,
                    nullif(rngcollation, 0)::regcollation, nullif(rngcanonical, 0)::regproc,
                    nullif(rngsubdiff, 0)::regproc)
                FROM pg_range WHERE rngtypid = t.oid)
            ELSE '' END),
        ('owner', t.typowner::regrole::text),
        ('privileges', (
            SELECT string_agg(acl::text, ', ' ORDER BY acl::text)
            FROM unnest(coalesce(t.typacl, acldefault('T', t.typowner))) acl)),
        ('comments on constraints', CASE t.typtype WHEN 'd' THEN (
            SELECT string_agg(conname || ': ' || description, ', ' ORDER BY conname)
            FROM pg_constraint k JOIN pg_description ON classoid = 'pg_constraint'::regclass
                AND objoid = k.oid AND objsubid = 0
            WHERE contypid = t.oid) END),
        ('comment', about.description)
    ) AS each (aspect, value)
    WHERE each.value IS NOT NULL
    UNION ALL
    SELECT p.oid, 'extended statistics', s.stxname, c.relname, each.aspect, each.value,
        each.aspect = 'comment', NULL, NULL
    FROM place p
    JOIN pg_statistic_ext s ON s.stxnamespace = p.oid
    JOIN pg_class c ON c.oid = s.stxrelid
    LEFT JOIN pg_description about ON about.classoid = 'pg_statistic_ext'::regclass
        AND about.objoid = s.oid AND about.objsubid = 0
    CROSS JOIN LATERAL (VALUES
        ('definition', pg_get_statisticsobjdef(s.oid)),
        ('target', nullif(s.stxstattarget, -1)::text),
        ('owner', s.stxowner::regrole::text),
        ('comment', about.description)
    ) AS each (aspect, value)
    WHERE each.value IS NOT NULL
