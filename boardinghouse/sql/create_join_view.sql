-- The statement that makes the view which stands in public for a private join: no FROM, so
-- that nothing of the template is read or written through it.
SELECT format('CREATE VIEW public.%%I AS SELECT %%s WHERE false', c.relname,
    string_agg(format('NULL::%%s AS %%I', format_type(a.atttypid, a.atttypmod), a.attname),
        ', ' ORDER BY a.attnum))
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.oid = to_regclass(%(table)s)
GROUP BY c.relname
