-- The statements that copy rows and the positions of sequences: (kind, relation, statement).
SELECT 'rows' AS kind, relname, format(
    'INSERT INTO %%I (%%s) OVERRIDING SYSTEM VALUE SELECT %%2$s FROM ONLY %%s.%%1$I', relname,
    string_agg(quote_ident(attname), ', ' ORDER BY attnum), %(schema)s)
FROM table_column
WHERE relkind = 'r' AND attgenerated = ''
GROUP BY relname
UNION ALL
SELECT 'position', relname, format(
    'SELECT setval(%%L, last_value, is_called) FROM %%s.%%I', quote_ident(relname), %(schema)s,
    relname)
FROM relation WHERE relkind = 'S'
ORDER BY 1, 2
