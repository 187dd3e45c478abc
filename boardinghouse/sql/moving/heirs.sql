-- The tables that have rows of a schema's tables: themselves, those that inherit from them, and
-- partitions, however deep.
WITH RECURSIVE heir AS (
    SELECT oid AS ancestor, oid FROM pg_class
    WHERE relnamespace = %(schema)s::regnamespace AND relkind IN ('r', 'p')
    UNION
    SELECT ancestor, inhrelid FROM heir JOIN pg_inherits ON inhparent = heir.oid
)
SELECT a.relname, c.relname
FROM heir
JOIN pg_class a ON a.oid = ancestor
JOIN pg_class c ON c.oid = heir.oid AND c.relkind = 'r'
WHERE c.relnamespace = %(schema)s::regnamespace
ORDER BY a.relname, c.relname
