"""dumpdata, loaddata and flush."""

import io
import json

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection

from boardinghouse import ddl
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import override
from tests.conftest import owners
from tests.testapp.models import Account, Region


def dump(*arguments, **options):
    out = io.StringIO()
    call_command("dumpdata", *arguments, stdout=out, **options)
    return json.loads(out.getvalue())


def fixture(tmp_path, *objects):
    path = tmp_path / "fixture.json"
    path.write_text(json.dumps(objects))
    return str(path)


ACCOUNT = {"model": "testapp.account", "pk": 7, "fields": {"owner": "fixture"}}
REGION = {"model": "testapp.region", "pk": 7, "fields": {"name": "north"}}


class TestDumpdata:
    @pytest.mark.parametrize("name", ["a", "b"])
    def test_dumps_one_schemas_rows(self, schemata, name):
        dumped = dump("testapp.Account", schema=name)

        assert [each["fields"]["owner"] for each in dumped] == [name]

    @pytest.mark.parametrize("label", ["testapp", "testapp.Account", "testapp.account", None])
    def test_without_schema_refuses_private_models(self, schemata, label):
        with pytest.raises(CommandError, match=r"testapp\.Account.*--schema NAME"):
            dump(*filter(None, [label]))

    def test_without_schema_dumps_shared_models(self, schemata):
        Region.objects.create(name="north")

        assert [each["fields"]["name"] for each in dump("testapp.Region")] == ["north"]

    def test_excluded_private_models_need_no_schema(self, schemata):
        Region.objects.create(name="north")

        dumped = dump("testapp", exclude=["testapp.Account", "testapp.Entry", "testapp.Project"])

        assert [each["fields"]["name"] for each in dumped] == ["north"]

    def test_refuses_an_unknown_schema(self, schemata):
        with pytest.raises(CommandError, match="no schema 'zz'"):
            dump("testapp.Account", schema="zz")

    def test_an_active_schema_needs_no_option(self, schemata):
        with override("b"):
            dumped = dump("testapp.Account")

        assert [each["fields"]["owner"] for each in dumped] == ["b"]


class TestLoaddata:
    def test_loads_into_one_schema(self, schemata, tmp_path):
        call_command("loaddata", fixture(tmp_path, ACCOUNT, REGION), schema="a", verbosity=0)

        with override("a"):
            assert owners() == ["a", "fixture"]
            assert Account.objects.create(owner="next").pk == 8
        with override("b"):
            assert owners() == ["b"]
        assert Region.objects.get().name == "north"

    def test_without_schema_says_so_and_loads_nothing(self, schemata, tmp_path):
        with pytest.raises(CommandError, match=r"testapp\.Account.*Add --schema NAME"):
            call_command("loaddata", fixture(tmp_path, REGION, ACCOUNT), verbosity=0)

        assert not Region.objects.exists()

    def test_without_schema_loads_shared_models(self, schemata, tmp_path):
        call_command("loaddata", fixture(tmp_path, REGION), verbosity=0)

        assert Region.objects.get().name == "north"

    def test_a_schemas_row_brings_its_schema(self, db, tmp_path):
        row = {"model": "boardinghouse.schema", "pk": "c", "fields": {"name": "C", "users": []}}

        call_command("loaddata", fixture(tmp_path, row), verbosity=0)

        with override("c"):
            assert owners() == []

    def test_refuses_an_unknown_schema(self, schemata, tmp_path):
        with pytest.raises(CommandError, match="no schema 'zz'"):
            call_command("loaddata", fixture(tmp_path, ACCOUNT), schema="zz", verbosity=0)


class TestFlush:
    def test_is_refused_without_saying_that_schemata_are_meant(self, schemata):
        with pytest.raises(CommandError, match="flush --schemata"):
            call_command("flush", interactive=False, verbosity=0)

        with override("a"):
            assert owners() == ["a"]

    def test_drops_schemata_and_empties_shared_tables(self, committed_schemata):
        User.objects.create_user("ann")

        call_command("flush", schemata=True, interactive=False, verbosity=0)

        assert not Schema.objects.exists()
        assert not User.objects.exists()
        assert not ddl.schema_exists(connection, "a")
        assert ddl.table_exists(connection, TEMPLATE, "testapp_account")

    def test_keeps_everything_when_the_answer_is_no(self, committed_schemata, monkeypatch):
        monkeypatch.setattr("builtins.input", lambda prompt: "no")

        call_command("flush", schemata=True, stdout=io.StringIO())

        with override("a"):
            assert owners() == ["a"]

    def test_restarts_the_sequences_of_shared_tables(self, committed_schemata):
        Region.objects.create(name="first")

        call_command("flush", schemata=True, interactive=False, verbosity=0)

        assert Region.objects.create(name="again").pk == 1
