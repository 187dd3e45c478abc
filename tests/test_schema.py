"""Which schema is wanted: the functions that everybody calls."""

import pytest

from boardinghouse.exceptions import NoActiveSchema, SchemaNotFound, TemplateSchemaActivation
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import (
    activate_schema,
    deactivate_schema,
    get_active_schema,
    get_active_schema_name,
    get_schema_model,
    override,
    working_in,
)
from boardinghouse.signals import schema_post_activate, schema_pre_activate
from tests.conftest import owners
from tests.testapp.models import Account, Entry


@pytest.fixture(autouse=True)
def _nothing_left_active():
    yield
    deactivate_schema()


@pytest.fixture
def heard():
    """What the signals of activation say."""
    said = []

    def before(schema, **kwargs):
        said.append(("before", schema))

    def after(schema, **kwargs):
        said.append(("after", schema))

    schema_pre_activate.connect(before)
    schema_post_activate.connect(after)
    yield said
    schema_pre_activate.disconnect(before)
    schema_post_activate.disconnect(after)


# activate_schema and deactivate_schema


def test_rows_are_those_of_the_active_schema(schemata):
    activate_schema("a")
    assert Account.objects.get(pk=1).owner == "a"

    activate_schema("b")
    assert Account.objects.get(pk=1).owner == "b"


def test_a_schema_object_can_be_activated(schemata):
    activate_schema(Schema.objects.get(pk="a"))

    assert owners() == ["a"]


def test_activating_costs_one_statement(schemata, django_assert_num_queries):
    with django_assert_num_queries(1):
        activate_schema("a")


def test_activating_again_costs_none(schemata, django_assert_num_queries):
    activate_schema("a")

    with django_assert_num_queries(0):
        activate_schema("a")


def test_a_missing_schema_is_refused_at_once(schemata):
    activate_schema("a")

    with pytest.raises(SchemaNotFound, match="Schema 'missing' does not exist"):
        activate_schema("missing")

    assert owners() == ["a"]


def test_nothing_is_active_after_a_first_refusal(schemata):
    with pytest.raises(SchemaNotFound):
        activate_schema("missing")

    assert get_active_schema_name() is None
    with pytest.raises(NoActiveSchema):
        owners()


def test_a_refused_activation_leaves_the_transaction_usable(schemata):
    with pytest.raises(SchemaNotFound):
        activate_schema("missing")

    assert Schema.objects.count() == 2


@pytest.mark.parametrize("enter", [activate_schema, override])
def test_the_template_cannot_be_entered(schemata, enter):
    activate_schema("a")

    with pytest.raises(TemplateSchemaActivation):
        enter(TEMPLATE)

    assert owners() == ["a"]


def test_nothing_is_readable_after_deactivation(schemata):
    activate_schema("a")

    deactivate_schema()

    with pytest.raises(NoActiveSchema):
        owners()


def test_deactivating_costs_no_statement(schemata, django_assert_num_queries):
    activate_schema("a")

    with django_assert_num_queries(0):
        deactivate_schema()


def test_activation_is_told_before_and_after(schemata, heard):
    activate_schema("a")
    deactivate_schema()

    assert heard == [("before", "a"), ("after", "a"), ("before", None), ("after", None)]


def test_a_receiver_can_prevent_an_activation(schemata):
    activate_schema("a")

    def refuse(**kwargs):
        raise PermissionError

    schema_pre_activate.connect(refuse)
    try:
        with pytest.raises(PermissionError):
            activate_schema("b")
    finally:
        schema_pre_activate.disconnect(refuse)

    assert owners() == ["a"]


def test_override_tells_what_is_active_afterwards(schemata, heard):
    with override("a"):
        pass

    assert heard == [("before", "a"), ("after", "a"), ("after", None)]


# Reading


def test_the_active_object_is_one_query(schemata, django_assert_num_queries):
    activate_schema("a")

    with django_assert_num_queries(1):
        assert get_active_schema().pk == "a"


def test_an_activated_object_is_no_query(schemata, django_assert_num_queries):
    schema = Schema.objects.get(pk="a")

    with override(schema), django_assert_num_queries(0):
        assert get_active_schema() is schema


def test_there_is_no_active_object_with_nothing_active():
    assert get_active_schema() is None


def test_the_active_object_without_a_row_is_an_error(schemata):
    Schema.objects.filter(pk="a")._raw_delete("default")

    with override("a"), pytest.raises(SchemaNotFound):
        get_active_schema()


def test_the_schema_model_is_the_setting():
    assert get_schema_model() is Schema


# Our own door


def test_our_own_door_leads_into_the_template(schemata):
    with working_in(TEMPLATE):
        assert owners() == []
        assert Entry.objects.count() == 0
