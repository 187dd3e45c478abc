-- What a view that stands for a private join does when somebody writes to it.
CREATE OR REPLACE FUNCTION public.boardinghouse_choose_a_schema() RETURNS trigger
LANGUAGE plpgsql AS $body$
BEGIN
    IF tg_op = 'INSERT' THEN
        RAISE EXCEPTION 'No schema is active: % is private to each schema.', tg_table_name
            USING ERRCODE = 'BH001', HINT = 'Choose a schema first.';
    END IF;
    RETURN NULL;
END
$body$
