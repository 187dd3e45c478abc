-- At most how many objects of a schema a transaction locks that makes a copy of it.
SELECT (
    SELECT count(*) + 2 * count(nullif(reltoastrelid, 0)) FROM pg_class
    WHERE relnamespace = to_regnamespace(%(schema)s)
) + (
    SELECT count(*) FROM pg_constraint WHERE connamespace = to_regnamespace(%(schema)s)
) + (
    SELECT count(*) FROM pg_proc WHERE pronamespace = to_regnamespace(%(schema)s)
) + (
    SELECT count(*) FROM pg_type WHERE typnamespace = to_regnamespace(%(schema)s) AND typrelid = 0
)
