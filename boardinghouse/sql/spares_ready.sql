-- Spares that are what the template is, as far as can be seen at a glance: the same relations
-- and indexes, columns of the same names and types, sequences that stand at the same place. More
-- would cost more than a sign-up may wait; migrations keep spares like the template.
WITH spare AS MATERIALIZED (
    SELECT oid, nspname::text AS name FROM (
        SELECT oid, nspname FROM pg_namespace
        WHERE nspname >= '_spare_' AND nspname < '_spare`'
        ORDER BY nspname OFFSET 0
    ) AS each
    -- %(lock)s is null for who only looks; else each is for one transaction alone, and for none
    -- while a migration is unfinished that spares may have yet to do.
    WHERE %(lock)s::int IS NULL
        OR NOT EXISTS (
            SELECT FROM pg_class WHERE relname = %(journal)s
                AND relnamespace = 'public'::regnamespace)
        AND pg_try_advisory_xact_lock(%(lock)s::int, oid::int)
    LIMIT %(wanted)s
),
looked_at AS (
    SELECT oid FROM spare
    UNION ALL
    SELECT to_regnamespace(%(template)s) WHERE EXISTS (SELECT FROM spare)
),
relation AS MATERIALIZED (
    SELECT looked_at.oid AS schema, c.* FROM looked_at
    JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = looked_at.oid
        AND d.classid = 'pg_class'::regclass
    JOIN pg_class c ON c.oid = d.objid
),
glance AS (
    SELECT schema, concat_ws(' ', count(*), bit_xor(hashtextextended(text, 0))) AS look
    FROM (
        SELECT schema, concat_ws(' ', relname, relkind, relchecks, relpersistence,
            CASE relkind WHEN 'S' THEN pg_sequence_last_value(oid) END) AS text
        FROM relation
        UNION ALL
        SELECT schema, concat_ws(' ', relname, attname, atttypmod, attnotnull, atthasdef,
            CASE WHEN atttypid < 16384 THEN atttypid END)
        FROM relation JOIN pg_attribute ON attrelid = relation.oid
        WHERE attnum > 0 AND NOT attisdropped AND relkind <> 'S'
        UNION ALL
        SELECT schema, concat_ws(' ', i.relname, relation.relname) FROM relation
        JOIN pg_index ON indrelid = relation.oid
        JOIN pg_class i ON i.oid = indexrelid
    ) AS seen
    GROUP BY schema
)
SELECT name, coalesce(look = (
    SELECT look FROM glance WHERE schema = to_regnamespace(%(template)s)
), false)
FROM spare LEFT JOIN glance ON schema = spare.oid
ORDER BY name
