    SELECT p.oid AS namespace,
        CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
            WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'composite type' ELSE 'table' END AS kind,
        c.relname::text AS name, NULL AS parent, each.aspect, each.value,
        each.aspect = 'comment' AS verbatim,
        NULL AS spelling, NULL::oid AS object
    FROM place p
    JOIN pg_class c ON c.relnamespace = p.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
    LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
    LEFT JOIN pg_description about ON about.classoid = 'pg_class'::regclass
        AND about.objoid = c.oid AND about.objsubid = 0
    CROSS JOIN LATERAL (VALUES
        ('definition', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid)
            WHEN c.relkind = 'p' THEN 'PARTITION BY ' || pg_get_partkeydef(c.oid) ELSE '' END),
        ('partition', pg_get_expr(c.relpartbound, c.oid)),
        ('parents', (SELECT string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno)
            FROM pg_inherits WHERE inhrelid = c.oid)),
        ('persistence', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED' END),
        ('access method', (SELECT amname::text FROM pg_am WHERE oid = c.relam AND amname <> 'heap')),
        ('tablespace', (SELECT spcname::text FROM pg_tablespace WHERE oid = c.reltablespace)),
        ('options', array_to_string(c.reloptions, ', ')),
        ('options of its TOAST table', array_to_string(toast.reloptions, ', ')),
        ('row security', CASE WHEN c.relforcerowsecurity THEN 'FORCE '
            || CASE WHEN c.relrowsecurity THEN 'ENABLE' ELSE 'DISABLE' END
            WHEN c.relrowsecurity THEN 'ENABLE' END),
        ('replica identity', CASE WHEN c.relkind IN ('r', 'p') THEN
            nullif(nullif(c.relreplident::text, 'd'), 'i') END),
        ('owner', c.relowner::regrole::text),
        ('privileges', (
            SELECT string_agg(acl::text, ', ' ORDER BY acl::text)
            FROM unnest(coalesce(c.relacl, acldefault('r', c.relowner))) acl)),
        ('comment', about.description)
    ) AS each (aspect, value)
    WHERE each.value IS NOT NULL
