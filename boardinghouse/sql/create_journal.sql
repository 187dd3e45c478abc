-- What migrations that left their transaction have done: see boardinghouse/journal.py.
CREATE TABLE IF NOT EXISTS public.boardinghouse_journal (
    app text NOT NULL,
    name text NOT NULL,
    backwards boolean NOT NULL,
    operations jsonb NOT NULL,
    position integer NOT NULL,
    transcript jsonb NOT NULL,
    segment integer NOT NULL,
    script jsonb,
    size integer NOT NULL,
    workers integer NOT NULL,
    PRIMARY KEY (app, name)
);
CREATE TABLE IF NOT EXISTS public.boardinghouse_pending (
    app text NOT NULL,
    name text NOT NULL,
    backwards boolean NOT NULL,
    segment integer NOT NULL,
    schema text NOT NULL,
    is_done boolean NOT NULL DEFAULT false,
    attempts integer NOT NULL DEFAULT 0,
    statement text,
    error text,
    PRIMARY KEY (app, name, segment, schema),
    FOREIGN KEY (app, name) REFERENCES public.boardinghouse_journal ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS boardinghouse_pending_schema
    ON public.boardinghouse_pending (schema) WHERE NOT is_done
