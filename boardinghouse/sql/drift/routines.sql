    SELECT p.oid AS namespace,
        CASE f.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END AS kind,
        f.proname || '(' || replace(pg_get_function_identity_arguments(f.oid), p.qualifier, '') || ')'
            AS name,
        NULL AS parent, each.aspect, each.value,
        each.aspect IN ('body', 'settings', 'comment') AS verbatim,
        NULL AS spelling, NULL::oid AS object
    FROM place p
    JOIN pg_proc f ON f.pronamespace = p.oid
    LEFT JOIN pg_aggregate g ON g.aggfnoid = f.oid
    LEFT JOIN pg_description about ON about.classoid = 'pg_proc'::regclass
        AND about.objoid = f.oid AND about.objsubid = 0
    CROSS JOIN LATERAL (VALUES
        ('definition', concat_ws(' ', '(' || pg_get_function_arguments(f.oid) || ')',
            'RETURNS ' || pg_get_function_result(f.oid),
            (SELECT 'LANGUAGE ' || lanname FROM pg_language WHERE oid = f.prolang),
            CASE f.prokind WHEN 'w' THEN 'WINDOW' END,
            CASE f.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' END,
            CASE f.proparallel WHEN 's' THEN 'PARALLEL SAFE' WHEN 'r' THEN 'PARALLEL RESTRICTED' END,
            CASE WHEN f.proisstrict THEN 'STRICT' END,
            CASE WHEN f.prosecdef THEN 'SECURITY DEFINER' END,
            CASE WHEN f.proleakproof THEN 'LEAKPROOF' END,
            'COST ' || f.procost, 'ROWS ' || nullif(f.prorows, 0),
            'SUPPORT ' || nullif(f.prosupport, 0)::regproc,
            pg_get_function_sqlbody(f.oid),
            'STATE ' || g.aggtransfn || ' ' || g.aggtranstype::regtype, 'INITIAL ' || g.agginitval,
            'FINAL ' || nullif(g.aggfinalfn, 0)::regproc,
            'COMBINE ' || nullif(g.aggcombinefn, 0)::regproc)),
        ('body', CASE WHEN f.prosqlbody IS NULL AND f.prokind <> 'a'
            THEN concat_ws(' ', f.probin, f.prosrc) END),
        ('settings', (
            SELECT string_agg(CASE WHEN starts_with(setting, 'search_path=') THEN (
                -- Its own name stands for the schema itself, whichever it is.
                SELECT 'search_path=' || string_agg(CASE WHEN name = p.schema THEN '(itself)'
                    ELSE quote_ident(name) END, ', ' ORDER BY place)
                FROM regexp_matches(substr(setting, 13), '"((?:[^"]|"")*)"|([^",\s]+)', 'g')
                    WITH ORDINALITY AS found (part, place)
                CROSS JOIN LATERAL (
                    SELECT coalesce(replace(part[1], '""', '"'), lower(part[2])) AS name) AS on_path
                ) ELSE setting END, ', ' ORDER BY number)
            FROM unnest(f.proconfig) WITH ORDINALITY AS each (setting, number))),
        ('owner', f.proowner::regrole::text),
        ('privileges', (
            SELECT string_agg(acl::text, ', ' ORDER BY acl::text)
            FROM unnest(coalesce(f.proacl, acldefault('f', f.proowner))) acl)),
        ('comment', about.description)
    ) AS each (aspect, value)
    WHERE each.value IS NOT NULL
