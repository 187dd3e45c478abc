-- The extensions that a schema holds.
SELECT extname FROM member JOIN pg_extension e ON e.oid = objid
WHERE classid = 'pg_extension'::regclass
ORDER BY extname
