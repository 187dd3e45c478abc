    SELECT p.oid AS namespace, 'trigger' AS kind, c.relname || '.' || g.tgname AS name,
        c.relname::text AS parent, each.aspect, each.value, each.aspect = 'comment' AS verbatim,
        NULL AS spelling, NULL::oid AS object
    FROM place p
    JOIN pg_class c ON c.relnamespace = p.oid
    JOIN pg_trigger g ON g.tgrelid = c.oid AND NOT g.tgisinternal
    LEFT JOIN pg_description about ON about.classoid = 'pg_trigger'::regclass
        AND about.objoid = g.oid AND about.objsubid = 0
    CROSS JOIN LATERAL (VALUES
        ('definition', pg_get_triggerdef(g.oid)),
        ('firing', CASE g.tgenabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'REPLICA'
            WHEN 'A' THEN 'ALWAYS' END),
        ('comment', about.description)
    ) AS each (aspect, value)
    WHERE each.value IS NOT NULL
    UNION ALL
    SELECT p.oid, 'rule', c.relname || '.' || r.rulename, c.relname, each.aspect, each.value,
        each.aspect = 'comment', NULL, NULL
    FROM place p
    JOIN pg_class c ON c.relnamespace = p.oid
    JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename <> '_RETURN'
    LEFT JOIN pg_description about ON about.classoid = 'pg_rewrite'::regclass
        AND about.objoid = r.oid AND about.objsubid = 0
    CROSS JOIN LATERAL (VALUES
        ('definition', pg_get_ruledef(r.oid)),
        ('firing', CASE r.ev_enabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'REPLICA'
            WHEN 'A' THEN 'ALWAYS' END),
        ('comment', about.description)
    ) AS each (aspect, value)
    WHERE each.value IS NOT NULL
    UNION ALL
    SELECT p.oid, 'policy', c.relname || '.' || y.polname, c.relname, each.aspect, each.value,
        each.aspect = 'comment', NULL, NULL
    FROM place p
    JOIN pg_class c ON c.relnamespace = p.oid
    JOIN pg_policy y ON y.polrelid = c.oid
    LEFT JOIN pg_description about ON about.classoid = 'pg_policy'::regclass
        AND about.objoid = y.oid AND about.objsubid = 0
    CROSS JOIN LATERAL (VALUES
        ('definition', concat_ws(' ',
            CASE WHEN y.polpermissive THEN 'AS PERMISSIVE FOR' ELSE 'AS RESTRICTIVE FOR' END,
            CASE y.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
            'TO', (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE role::regrole::text END,
                ', ' ORDER BY role) FROM unnest(y.polroles) role),
            'USING (' || pg_get_expr(y.polqual, y.polrelid) || ')',
            'WITH CHECK (' || pg_get_expr(y.polwithcheck, y.polrelid) || ')')),
        ('comment', about.description)
    ) AS each (aspect, value)
    WHERE each.value IS NOT NULL
