-- Owners other than the schema's, and who was granted or denied what: (stage, place,
-- statement).
, schema AS (
    SELECT oid, nspowner, nspacl FROM pg_namespace WHERE oid = %(schema)s::regnamespace
),
-- What every new object gets, and the template's own has not, if it is older.
preset AS (
    SELECT defaclobjtype AS letter, (
        SELECT string_agg(DISTINCT
            CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, ', ')
        FROM aclexplode(defaclacl) WHERE grantee <> defaclrole) AS grantees
    FROM pg_default_acl
    WHERE defaclnamespace = 0 AND defaclrole = current_user::regrole
),
owned_as_it_is AS (
    SELECT 'TABLE' AS kind, 'r' AS letter, quote_ident(relname) AS name, relowner AS owner,
        relacl AS acl
    FROM relation WHERE relkind <> 'S'
    UNION ALL
    SELECT 'SEQUENCE', 'S', quote_ident(relname), relowner, relacl
    FROM relation WHERE relkind = 'S'
    UNION ALL
    SELECT 'ROUTINE', 'f', p.oid::regprocedure::text, proowner, proacl
    FROM member JOIN pg_proc p ON p.oid = objid WHERE classid = 'pg_proc'::regclass
    UNION ALL
    SELECT CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, 'T', quote_ident(typname),
        typowner, typacl
    FROM member JOIN pg_type t ON t.oid = objid WHERE classid = 'pg_type'::regclass
),
owned AS (
    SELECT kind, name, owner, grantees, coalesce(acl, CASE WHEN preset.letter IS NOT NULL THEN
        acldefault(CASE o.letter WHEN 'S' THEN 's' ELSE o.letter END::"char", owner) END) AS acl
    FROM owned_as_it_is o LEFT JOIN preset ON preset.letter = o.letter::"char"
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
SELECT 'privilege', 0, format('REVOKE ALL ON %%s %%s FROM %%s', kind, name, concat_ws(', ', 'PUBLIC',
    CASE owner WHEN nspowner THEN 'CURRENT_USER' ELSE owner::regrole::text END, grantees))
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
UNION ALL
SELECT 'privilege', 0, format('DO %%L', format('BEGIN EXECUTE format(%%L, current_schema()); END',
    'REVOKE ALL ON SCHEMA %%I FROM ' || grantees))
FROM preset WHERE letter = 'n' AND grantees IS NOT NULL
