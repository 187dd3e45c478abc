"""That the benchmarks run; what they measure depends on the machine, and no test on that."""

import json
import re
from xml.etree import ElementTree

import pytest
from django.conf import settings
from psycopg.conninfo import make_conninfo

from benchmarks import (
    alone,
    connection_memory,
    creating,
    migrate_fleet,
    nothing_to_do,
    request_cost,
)
from benchmarks.peers import report
from benchmarks.peers.packages import BOARDINGHOUSE, PLAIN


@pytest.fixture
def server(monkeypatch):
    """The server of the tests, for the benchmark to make its databases on."""
    entry = settings.DATABASES["default"]
    address = {
        key.lower(): entry[key] for key in ("USER", "PASSWORD", "HOST", "PORT") if entry.get(key)
    }
    address |= {"dbname": "postgres", **entry["OPTIONS"]}
    monkeypatch.setenv("DATABASE_URL", make_conninfo(**address))


@pytest.fixture
def command(server, capsys):
    """Run the command with few requests, and return what it printed."""

    def run(*options):
        request_cost.main(["--rounds", "1", "--requests", "3", *options])
        return capsys.readouterr().out

    return run


def test_the_table_shows_round_trips_and_times_of_each_page(command):
    printed = command("--verbose").splitlines()

    pages = {line.split()[0]: line.split()[1:] for line in printed[4:8]}
    assert list(pages) == ["private", "shared", "neither", "anonymous"]
    assert pages["private"][:4] == ["3", "4", "+", "1"]
    assert pages["anonymous"][:2] == ["0", "0"]
    assert (
        "  ours: the client waits for session, user, check and enter, count; after: set the path"
        in printed
    )
    assert "private, ours, after: SELECT set_config('search_path', 'public', false)" in printed


def test_everything_measured_can_be_had_as_json(command):
    result = json.loads(command("--json"))

    assert [len(each) for each in result["trips"]["private"]["ours"].values()] == [4, 1]
    assert len(result["times"]["shared"]["plain"]) == 1


def test_migrate_with_nothing_to_do_is_measured_on_both_sides(server, capsys):
    nothing_to_do.main(["--schemata", "2", "--rounds", "1", "--json"])
    result = json.loads(capsys.readouterr().out)

    assert [len(times) for times in result["seconds"].values()] == [1, 1]
    assert result["ratio"] > 0


def test_a_pending_migration_is_measured_for_each_schema(server, capsys):
    migrate_fleet.main(["--schemata", "1", "3", "--json"])
    result = json.loads(capsys.readouterr().out)

    assert list(result["seconds"]) == ["1", "3"]
    assert set(result["slopes"]) == set(migrate_fleet.WAYS)


def test_the_memory_of_a_connection_is_measured_with_a_limit_and_without(server, capsys):
    connection_memory.main(["--schemata", "20", "--limit", "10", "--json"])
    result = json.loads(capsys.readouterr().out)

    assert (result["0"]["connections"], result["10"]["connections"]) == (1, 2)
    assert result["0"]["most"] > result["0"]["first"]


def test_the_fleet_alone_is_measured_with_constraints_and_without(server, capsys):
    alone.main(["--sizes", "2", "--rounds", "1"])
    printed = capsys.readouterr().out

    for way in alone.WAYS:
        assert re.search(rf"^{way}, ms +2 +last/first$", printed, re.MULTILINE)
        assert f"{way}: log in, at 2 / at 2: 1.00 (target: at most 1.5): met" in printed
    assert printed.count("delete a user ") == 2
    assert "refused" not in printed


def test_the_fleet_grows_no_further_than_there_is_patience(server, capsys):
    alone.main(["--sizes", "2,3", "--rounds", "1", "--patience", "0"])
    printed = capsys.readouterr().out

    assert re.search(r"^log in +[\d.]+  too long +1.00$", printed, re.MULTILINE)
    assert "without: log in, at 2 / at 2: 1.00 (target: at most 1.5): met" in printed


def test_what_there_was_no_room_for_is_told_from_what_took_too_long():
    found = {"delete": {100: [10.0], 1000: []}}

    lines = list(alone.tabulate({"with": found}, [100, 1000, 5000]))

    assert (
        "delete a user                                     10.00   refused  too long         1.00"
        in lines
    )


def test_creating_is_measured_beside_the_bare_statements(server, capsys):
    creating.main(["--tables", "2", "--rounds", "1"])

    assert re.match(
        r"a schema of 2 tables: bare script \d+ ms; create \d+ ms, ratio [\d.]+ .*spare [\d.]+ ms",
        capsys.readouterr().out,
    )


FOUND = {
    "create": {
        "the bare statements": 0.1,
        "boardinghouse, create": 0.12,
        "boardinghouse, a spare": 0.006,
    },
    "pending": {
        "plain Django": {10: 1.0, 110: 1.0},
        "a peer": {10: 2.0, 110: 22.0},
        "a slower peer": {10: 3.0, 110: 33.0},
        "boardinghouse": {10: 1.0, 110: 1.1},
    },
    "nothing": {"plain Django": {10: 1.0, 110: 1.0}, "boardinghouse": {10: 1.1, 110: 1.1}},
}


def test_targets_are_judged_against_the_faster_peer():
    judged = list(report.judge(FOUND, [10, 110], BOARDINGHOUSE, PLAIN))

    assert judged == [
        "create / the bare statements: 1.2 (target: at most 1.3): met",
        "a spare, in seconds: 0.006 (target: at most 0.005): missed",
        "pending, per schema: the faster peer / boardinghouse: 200 (target: at least 100): met",
        "pending, whole command at 110: the faster peer / boardinghouse: 20 (target: at least "
        "40): missed",
        "nothing to do at 110 / plain Django: 1.1 (target: at most 1.2): met",
    ]


def test_the_plot_is_xml_with_a_line_for_each_way():
    drawn = ElementTree.fromstring(report.plot(FOUND["pending"], [10, 110], "The title"))

    assert len(drawn.findall("{http://www.w3.org/2000/svg}polyline")) == 4
