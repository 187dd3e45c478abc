-- The statements that mend the routines of a renamed schema whose own path has its old name on it.
SELECT format('ALTER ROUTINE %%I.%%I(%%s) SET search_path TO %%s', n.nspname, f.proname,
    pg_get_function_identity_arguments(f.oid), string_agg(
        quote_literal(CASE name WHEN %(old)s THEN n.nspname ELSE name END), ', ' ORDER BY place))
FROM pg_namespace n
JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
    AND d.classid = 'pg_proc'::regclass
JOIN pg_proc f ON f.oid = d.objid
JOIN unnest(f.proconfig) setting ON starts_with(setting, 'search_path=')
CROSS JOIN LATERAL regexp_matches(
    substr(setting, 13), '"((?:[^"]|"")*)"|([^",\s]+)', 'g') WITH ORDINALITY AS found (part, place)
CROSS JOIN LATERAL (
    SELECT coalesce(replace(part[1], '""', '"'), lower(part[2])) AS name) AS on_path
WHERE n.nspname = %(new)s
GROUP BY f.oid, f.proname, n.nspname
HAVING bool_or(name = %(old)s)
