"""An error says which table was not found, so that nobody parses its message."""

import pytest
from django.db import ProgrammingError

from tests.conftest import connected_with, run_sql


@pytest.mark.parametrize("binding", [False, True], ids=["client", "server"])
@pytest.mark.parametrize(
    ("sql", "params", "table"),
    [
        ("SELECT * FROM nowhere", None, "nowhere"),
        ("SELECT %s::text FROM nowhere", ["longer than the placeholder"], "nowhere"),
        ("SELECT 'é', * FROM nowhere", None, "nowhere"),
        ('SELECT * FROM "No ""Where"""', None, 'No "Where"'),
        ("SELECT * FROM public.nowhere", None, None),
        ("DO $$ BEGIN EXECUTE 'SELECT * FROM nowhere'; END $$", None, None),
    ],
)
def test_an_error_says_which_table_was_not_found(committed_schemata, binding, sql, params, table):
    with (
        connected_with({"server_side_binding": binding}),
        pytest.raises(ProgrammingError) as caught,
    ):
        run_sql(sql, params)

    assert getattr(caught.value, "undefined_table", None) == table
