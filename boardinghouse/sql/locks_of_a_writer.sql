-- Tables, indexes and sequences of a schema, and the TOAST tables beside them with their indexes.
SELECT count(*) FILTER (WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'i', 'I', 'S'))
    + 2 * count(nullif(reltoastrelid, 0))
FROM pg_class
WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s)
