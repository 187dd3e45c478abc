"""A stand-in for Citus, which no registry carries: what our SQL sees of it, and nothing else.

It keeps Citus's own metadata tables, places schemata as ``citus.enable_schema_based_sharding``
says, and refuses what Citus 13 refuses in a distributed schema. It distributes nothing, and
proves nothing about a cluster. Made in a test's transaction, by a superuser.
"""

from contextlib import contextmanager

from django.db import connections

from tests.catalog import rows, run

METADATA = [
    "CREATE TABLE public.pg_dist_partition (logicalrelid regclass, partmethod char, repmodel char)",
    "CREATE TABLE public.pg_dist_schema (schemaid oid)",
    """
    CREATE FUNCTION public.create_reference_table(wanted regclass) RETURNS void LANGUAGE plpgsql
    AS $$ BEGIN
        IF EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = wanted) THEN
            RAISE 'table % is already distributed', wanted;
        END IF;
        INSERT INTO pg_dist_partition VALUES (wanted, 'n', 't');
    END $$""",
    """
    CREATE FUNCTION public.citus_schema_distribute(wanted regnamespace) RETURNS void
    LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO pg_dist_schema VALUES (wanted);
        PERFORM refuse_as_citus();
    END $$""",
    """
    CREATE FUNCTION public.refuse_as_citus() RETURNS void LANGUAGE plpgsql AS $$
    DECLARE problem text;
    BEGIN
        SELECT format('%s from a distributed schema refers to %s', conname, confrelid::regclass)
        INTO problem
        FROM pg_constraint
        JOIN pg_class own ON own.oid = conrelid
        JOIN pg_class other ON other.oid = confrelid AND other.relnamespace <> own.relnamespace
        WHERE contype = 'f' AND own.relnamespace IN (SELECT schemaid FROM public.pg_dist_schema)
            AND confrelid NOT IN (
                SELECT logicalrelid FROM public.pg_dist_partition WHERE repmodel = 't')
        UNION ALL
        SELECT format('trigger %s on a table of a distributed schema', tgname)
        FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
        WHERE NOT tgisinternal AND relnamespace IN (SELECT schemaid FROM public.pg_dist_schema)
        LIMIT 1;
        IF problem IS NOT NULL THEN
            RAISE '%', problem;
        END IF;
    END $$""",
    """
    CREATE FUNCTION public.act_as_citus() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
        IF tg_tag = 'CREATE SCHEMA'
            AND coalesce(current_setting('citus.enable_schema_based_sharding', true), '') = 'on'
        THEN
            INSERT INTO public.pg_dist_schema
            SELECT objid FROM pg_event_trigger_ddl_commands() WHERE object_type = 'schema';
        END IF;
        PERFORM public.refuse_as_citus();
    END $$""",
    "CREATE EVENT TRIGGER act_as_citus ON ddl_command_end EXECUTE FUNCTION public.act_as_citus()",
]
EXTENSION = """
    INSERT INTO pg_extension
    SELECT 987654, 'citus', extowner, extnamespace, false, '13.2-1'
    FROM pg_extension WHERE extname = 'plpgsql'"""


@contextmanager
def citus():
    """Have the stand-in within a block that is rolled back."""
    run("SET LOCAL allow_system_table_mods = on", EXTENSION, *METADATA)
    connections["default"].__dict__.pop("has_citus", None)
    try:
        yield
    finally:
        connections["default"].__dict__.pop("has_citus", None)


def distributed():
    """The names of the schemata that the stand-in has placed."""
    found = rows("SELECT schemaid::regnamespace::text FROM public.pg_dist_schema ORDER BY 1")
    return [name.strip('"') for (name,) in found]


def references():
    """The tables that are reference tables."""
    found = rows("SELECT logicalrelid::text FROM public.pg_dist_partition ORDER BY 1")
    return [name for (name,) in found]
