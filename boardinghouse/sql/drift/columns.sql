    SELECT p.oid AS namespace, 'column' AS kind, c.relname || '.' || a.attname AS name,
        c.relname::text AS parent, each.aspect, each.value,
        starts_with(each.aspect, 'comment') AS verbatim,
        CASE each.aspect WHEN 'default' THEN 'default' END AS spelling, d.oid AS object
    FROM place p
    JOIN pg_class c ON c.relnamespace = p.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    LEFT JOIN pg_constraint n ON n.conrelid = c.oid AND n.contype = 'n' AND n.conkey[1] = a.attnum
    LEFT JOIN pg_description about ON about.classoid = 'pg_class'::regclass
        AND about.objoid = c.oid AND about.objsubid = a.attnum
    CROSS JOIN LATERAL (VALUES
        ('type', format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attcollation <> t.typcollation
            THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END),
        ('not null', CASE WHEN a.attnotnull THEN concat('CONSTRAINT ' || quote_ident(n.conname) || ' ',
            'NOT NULL', CASE WHEN n.connoinherit THEN ' NO INHERIT' END,
            CASE WHEN NOT n.convalidated THEN ' NOT VALID' END) END),
        ('default', CASE WHEN a.attgenerated = '' AND d.oid IS NOT NULL THEN concat_ws(' ',
            regexp_replace(d.adbin::text, ':(location|\w+format) -?\d+', '', 'g'),
            CASE WHEN d.adbin::text ~
                ':\w*(id|Id|oid|no|type) \d{5}|\(o .*\d{5}|:consttype (24|220[2-6]|3734|3769|4089|4191)\M' THEN p.oid END) END),
        ('generation', CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid)
            || CASE a.attgenerated WHEN 's' THEN ' STORED' ELSE ' VIRTUAL' END END),
        ('identity', CASE WHEN a.attidentity <> '' THEN (
            SELECT concat_ws(' ', CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END,
                s.seqrelid::regclass, format_type(s.seqtypid, NULL), 'START', s.seqstart,
                'INCREMENT', s.seqincrement, 'MINVALUE', s.seqmin, 'MAXVALUE', s.seqmax,
                'CACHE', s.seqcache, CASE WHEN s.seqcycle THEN 'CYCLE' END)
            FROM pg_depend o JOIN pg_sequence s ON s.seqrelid = o.objid
            WHERE o.refclassid = 'pg_class'::regclass AND o.refobjid = c.oid
                AND o.refobjsubid = a.attnum AND o.classid = 'pg_class'::regclass
                AND o.deptype = 'i') END),
        ('storage', CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END),
        ('compression', nullif(a.attcompression::text, '')),
        ('statistics target', nullif(a.attstattarget, -1)::text),
        -- PostgreSQL's minor versions of 15.19 and its like keep a mark of their own there.
        ('options', (
            SELECT string_agg(option, ', ') FROM unnest(a.attoptions) option
            WHERE option !~ '^pg_attver=')),
        ('privileges', (
            SELECT string_agg(acl::text, ', ' ORDER BY acl::text) FROM unnest(a.attacl) acl)),
        ('comment on not null', obj_description(n.oid, 'pg_constraint')),
        ('comment', about.description)
    ) AS each (aspect, value)
    WHERE each.value IS NOT NULL
