"""Log records that say in which schema they were made."""

import logging

import pytest

from boardinghouse.logging import SchemaFilter
from boardinghouse.schema import override


@pytest.fixture
def log(caplog):
    """A logger's records, formatted with the schema's name."""
    caplog.handler.addFilter(SchemaFilter())
    caplog.handler.setFormatter(logging.Formatter("%(schema)s: %(message)s"))
    return caplog


def test_a_record_has_the_name_of_the_active_schema(log, schemata):
    with override("a"):
        logging.getLogger("tests").warning("written")

    assert log.text == "a: written\n"


def test_a_record_made_in_no_schema_says_so(log):
    logging.getLogger("tests").warning("written")

    assert log.text == "-: written\n"


def test_no_record_is_dropped():
    record = logging.makeLogRecord({"msg": "written"})

    assert SchemaFilter().filter(record) is True
