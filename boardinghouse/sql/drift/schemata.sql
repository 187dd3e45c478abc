    SELECT p.oid AS namespace, 'schema' AS kind, 'itself' AS name, NULL AS parent, each.aspect,
        each.value, true AS verbatim,
        NULL AS spelling, NULL::oid AS object
    FROM place p
    JOIN pg_namespace n ON n.oid = p.oid
    CROSS JOIN LATERAL (VALUES
        ('owner', n.nspowner::regrole::text),
        ('privileges', (
            SELECT string_agg(acl::text, ', ' ORDER BY acl::text)
            FROM unnest(coalesce(n.nspacl, acldefault('n', n.nspowner))) acl)),
        ('default privileges', (
            SELECT string_agg(concat_ws(' ', defaclrole::regrole, CASE defaclobjtype
                WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES'
                ELSE 'TYPES' END, acl), ', ' ORDER BY defaclrole, defaclobjtype, acl::text)
            FROM pg_default_acl, unnest(defaclacl) acl WHERE defaclnamespace = p.oid))
    ) AS each (aspect, value)
    WHERE each.value IS NOT NULL
