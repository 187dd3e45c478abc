-- Owners other than the schema's, and who was granted or denied what: (stage, place,
-- statement).
, schema AS (
    SELECT oid, nspowner, nspacl FROM pg_namespace WHERE oid = %(schema)s::regnamespace
),
owned AS (
    SELECT 'TABLE' AS kind, quote_ident(relname) AS name, relowner AS owner, relacl AS acl
    FROM relation WHERE relkind <> 'S'
    UNION ALL
    SELECT 'SEQUENCE', quote_ident(relname), relowner, relacl FROM relation WHERE relkind = 'S'
    UNION ALL
    SELECT 'ROUTINE', p.oid::regprocedure::text, proowner, proacl
    FROM member JOIN pg_proc p ON p.oid = objid WHERE classid = 'pg_proc'::regclass
    UNION ALL
    SELECT CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, quote_ident(typname), typowner,
        typacl
    FROM member JOIN pg_type t ON t.oid = objid WHERE classid = 'pg_type'::regclass
),
granted AS (
    SELECT kind || ' ' || name AS target, owner, a.privilege_type AS privilege, a.grantee,
        a.is_grantable
    FROM owned, aclexplode(acl) a
    UNION ALL
    SELECT 'TABLE ' || quote_ident(relname), owner.oid, format('%%s (%%I)', privilege_type, attname),
        a.grantee, a.is_grantable
    FROM table_column, aclexplode(attacl) a, LATERAL (
        SELECT relowner AS oid FROM relation WHERE relation.oid = attrelid) AS owner
),
-- Statements that name the new schema, which nobody knows yet.
on_schema AS (
    SELECT format('GRANT %%s ON SCHEMA %%%%I TO %%s%%s', a.privilege_type,
        CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END,
        CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END) AS command
    FROM schema, aclexplode(nspacl) a WHERE a.grantee <> nspowner
    UNION ALL
    SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %%s IN SCHEMA %%%%I GRANT %%s ON %%s TO %%s%%s',
        defaclrole::regrole, a.privilege_type,
        CASE defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'
            WHEN 'f' THEN 'ROUTINES' ELSE 'TYPES' END,
        CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END,
        CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END)
    FROM schema JOIN pg_default_acl ON defaclnamespace = schema.oid, aclexplode(defaclacl) a
)
SELECT 'ownership' AS stage, 0 AS place,
    format('ALTER %%s %%s OWNER TO %%s', kind, name, owner::regrole) AS statement
FROM owned, schema
WHERE owner <> nspowner AND NOT (kind = 'SEQUENCE' AND EXISTS (
    SELECT FROM pg_depend JOIN relation r ON r.oid = pg_depend.objid
    WHERE classid = 'pg_class'::regclass AND quote_ident(r.relname) = name
        AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')))
UNION ALL
SELECT 'privilege', 0, format('REVOKE ALL ON %%s %%s FROM PUBLIC, %%s', kind, name,
    CASE owner WHEN nspowner THEN 'CURRENT_USER' ELSE owner::regrole::text END)
FROM owned, schema WHERE acl IS NOT NULL
UNION ALL
SELECT 'privilege', row_number() OVER (), format('GRANT %%s ON %%s TO %%s%%s', privilege, target,
        CASE grantee WHEN 0 THEN 'PUBLIC' WHEN CASE owner WHEN nspowner THEN owner END
            THEN 'CURRENT_USER' ELSE grantee::regrole::text END,
        CASE WHEN is_grantable AND grantee <> owner THEN ' WITH GRANT OPTION' END)
FROM granted, schema
UNION ALL
SELECT 'privilege', row_number() OVER (), format('DO %%L', format(
    'BEGIN EXECUTE format(%%L, current_schema()); END', command))
FROM on_schema
