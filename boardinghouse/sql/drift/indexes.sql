    SELECT p.oid AS namespace, 'index' AS kind, own.relname::text AS name,
        c.relname::text AS parent, each.aspect, each.value, each.aspect = 'comment' AS verbatim,
        CASE each.aspect WHEN 'definition' THEN 'index' END AS spelling, own.oid AS object
    FROM place p
    JOIN pg_class c ON c.relnamespace = p.oid
    JOIN pg_index i ON i.indrelid = c.oid
    JOIN pg_class own ON own.oid = i.indexrelid
    LEFT JOIN pg_constraint k ON k.conindid = own.oid AND k.conrelid = c.oid
        AND k.contype IN ('p', 'u', 'x')
    LEFT JOIN pg_description about ON about.classoid = 'pg_class'::regclass
        AND about.objoid = own.oid AND about.objsubid = 0
    CROSS JOIN LATERAL (VALUES
        ('definition', CASE WHEN i.indexprs IS NULL AND i.indpred IS NULL THEN concat_ws(' ',
                own.relam, c.relname, i.indisunique, i.indnkeyatts, i.indclass, i.indcollation,
                i.indoption, own.reloptions, i.indnullsnotdistinct,
                (SELECT array_agg(attname ORDER BY place)
                FROM unnest(i.indkey::int2[]) WITH ORDINALITY key (number, place)
                JOIN pg_attribute ON attrelid = c.oid AND attnum = number))
            ELSE pg_get_indexdef(own.oid) END),
        ('validity', CASE WHEN NOT i.indisvalid THEN 'INVALID' END),
        ('tablespace', (SELECT spcname::text FROM pg_tablespace WHERE oid = own.reltablespace)),
        ('clustering', CASE WHEN i.indisclustered THEN 'CLUSTER ON' END),
        ('replica identity', CASE WHEN i.indisreplident THEN 'USING INDEX' END),
        ('statistics targets', CASE WHEN i.indexprs IS NOT NULL THEN (
            SELECT string_agg(attnum || ': ' || attstattarget, ', ' ORDER BY attnum)
            FROM pg_attribute WHERE attrelid = own.oid AND attstattarget >= 0) END),
        ('comment', about.description)
    ) AS each (aspect, value)
    WHERE each.value IS NOT NULL AND k.oid IS NULL
