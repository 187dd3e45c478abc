    SELECT p.oid AS namespace, 'constraint' AS kind, c.relname || '.' || k.conname AS name,
        c.relname::text AS parent, each.aspect, each.value, each.aspect = 'comment' AS verbatim,
        CASE each.aspect WHEN 'definition' THEN 'constraint' END AS spelling, k.oid AS object
    FROM place p
    JOIN pg_class c ON c.relnamespace = p.oid
    JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype IN ('p', 'u', 'c', 'f', 'x')
        -- PostgreSQL makes one more for each partition that a key refers to, and names it.
        AND NOT EXISTS (
            SELECT FROM pg_constraint parent
            WHERE parent.oid = k.conparentid AND parent.conrelid = k.conrelid)
    LEFT JOIN pg_class own ON own.oid = k.conindid AND k.contype IN ('p', 'u', 'x')
    LEFT JOIN pg_index i ON i.indexrelid = own.oid
    LEFT JOIN pg_class target ON target.oid = k.confrelid
    LEFT JOIN pg_description about ON about.classoid = 'pg_constraint'::regclass
        AND about.objoid = k.oid AND about.objsubid = 0
    CROSS JOIN LATERAL (VALUES
        ('definition', concat_ws(' ', k.contype, k.condeferrable, k.condeferred, k.convalidated,
            k.connoinherit, k.confupdtype, k.confdeltype, k.confmatchtype, k.conpfeqop,
            k.conexclop, i.indclass, i.indcollation, i.indoption, i.indimmediate, i.indnatts,
            k.conenforced, k.conperiod, k.confdelsetcols, i.indnullsnotdistinct,
            (SELECT array_agg(attname ORDER BY place)
                FROM unnest(coalesce(i.indkey::int2[], k.conkey)) WITH ORDINALITY key (number, place)
                JOIN pg_attribute ON attrelid = c.oid AND attnum = number),
            nullif(target.relnamespace, p.oid), target.relname,
            (SELECT array_agg(attname ORDER BY place)
                FROM unnest(k.confkey) WITH ORDINALITY key (number, place)
                JOIN pg_attribute ON attrelid = target.oid AND attnum = number),
            CASE WHEN k.contype = 'x' THEN pg_get_constraintdef(k.oid) END,
            k.conkey, regexp_replace(k.conbin::text, ':(location|\w+format) -?\d+', '', 'g'),
            CASE WHEN k.conbin::text ~ ':\w*(id|Id|oid|no|type) \d{5}|\(o .*\d{5}|:consttype (24|220[2-6]|3734|3769|4089|4191)\M'
                THEN p.oid END)),
        ('index', CASE WHEN NOT i.indisvalid THEN 'INVALID' END),
        ('index options', array_to_string(own.reloptions, ', ')),
        ('index tablespace', (
            SELECT spcname::text FROM pg_tablespace WHERE oid = own.reltablespace)),
        ('clustering', CASE WHEN i.indisclustered THEN 'CLUSTER ON' END),
        ('replica identity', CASE WHEN i.indisreplident THEN 'USING INDEX' END),
        ('comment', about.description)
    ) AS each (aspect, value)
    WHERE each.value IS NOT NULL
