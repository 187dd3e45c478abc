"""``migrate`` with nothing to do: two questions of ours at most, and the fleet's size is none."""

import json

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from boardinghouse import ddl
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from tests.catalog import rows, run, tables_in, views_in

pytestmark = pytest.mark.django_db

DJANGOS = ("django_migrations", "django_content_type", "auth_permission")
QUESTIONS = {
    "visible_tables": {"beyond": [TEMPLATE]},
    "tables_in": {"schemata": ["public", TEMPLATE]},
}


def statements_of_migrate():
    run("SELECT")  # the schema that was active last is left for it
    with CaptureQueriesContext(connection) as captured:
        call_command("migrate", verbosity=0, skip_checks=False)
    return [each["sql"] for each in captured if "SAVEPOINT" not in each["sql"]]


def is_ours(sql):
    """Django asks for a list of tables too."""
    return not any(each in sql for each in (*DJANGOS, "-- Tables and views that the search path"))


def ways_of_reading(question):
    """Return how each catalog is read by a plan: by which index, or from end to end."""
    for method in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
        run(f"SET LOCAL enable_{method} = off")  # in a small catalog there is no need of indexes
    ((found,),) = rows(f"EXPLAIN (FORMAT json) {ddl.read_sql(question)}", QUESTIONS[question])
    nodes, ways = [(json.loads(found) if isinstance(found, str) else found)[0]["Plan"]], {}
    while nodes:
        node = nodes.pop()
        nodes += node.get("Plans", [])
        if "Relation Name" in node:
            ways[node["Relation Name"]] = node.get("Index Name", "from end to end")
    return ways


def test_two_questions_of_ours_at_most(schemata):
    ours = [sql for sql in statements_of_migrate() if is_ours(sql)]

    assert len(ours) <= 2, ours


def test_more_schemata_make_no_more_statements(schemata):
    statements_of_migrate()  # Django looks up content types once
    few = statements_of_migrate()
    Schema.objects.mass_create(*"cdef")

    assert statements_of_migrate() == few


@pytest.mark.parametrize("question", QUESTIONS)
def test_questions_about_tables_are_answered_by_index(schemata, question):
    assert ways_of_reading(question) == {
        "pg_depend": "pg_depend_reference_index",
        "pg_class": "pg_class_oid_index",
    }


def test_the_lists_are_those_that_pg_class_gives(schemata):
    run("CREATE VIEW public.sight AS SELECT 1 AS one", "CREATE TABLE public.parted (n int)")
    run("ALTER TABLE public.parted SET SCHEMA a")

    with connection.cursor() as cursor:
        listed = {each.name: each.type for each in connection.introspection.get_table_list(cursor)}

    there = (tables_in("public") | tables_in(TEMPLATE), views_in("public") | views_in(TEMPLATE))
    assert set(listed) == set().union(*there)
    assert (listed["sight"], "parted" in listed) == ("v", False)
    assert ddl.tables_in(connection, "public", "a") == (tables_in("public"), tables_in("a"))
