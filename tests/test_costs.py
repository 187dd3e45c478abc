"""What a request costs: membership, existence and the SET are one round trip."""

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from tests.browsers import enter, get_from_asgi_server

WITHOUT_US = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]


@pytest.fixture
def client_of_a(client, member):
    client.force_login(member)
    enter(client, "a")
    return client


@pytest.fixture(params=["wsgi", "asgi"])
def load(request, client_of_a, settings):
    """What loads a page to its end, and returns its statements: over WSGI, and as ASGI does."""
    if request.param == "asgi":
        settings.ROOT_URLCONF = "tests.async_urls"

    def load(path, **options):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            if request.param == "wsgi":
                client_of_a.get(path, **options)
            else:
                get_from_asgi_server(path, client_of_a, **options)
        return [each["sql"] for each in captured]

    return load


def is_set(sql):
    """Tell whether a statement does nothing but set the path."""
    return sql.startswith("SELECT set_config(")


def test_plain_django_takes_three_for_a_shared_page(client_of_a):
    """Session, user, one count: what the others are compared with."""
    with (
        override_settings(MIDDLEWARE=WITHOUT_US, ROOT_URLCONF="tests.async_urls"),
        CaptureQueriesContext(connection) as captured,
    ):
        get_from_asgi_server("/regions/", client_of_a)

    assert len(captured) == 3


@pytest.mark.parametrize("path", ["/accounts/", "/regions/"])
def test_four_before_the_response_and_one_after_it(load, path):
    statements = load(path)

    assert len(statements) == 5
    assert [is_set(each) for each in statements] == [False] * 4 + [True]


def test_one_statement_checks_proves_and_sets(load):
    entering = load("/accounts/")[2]

    assert "boardinghouse_schema_users" in entering
    assert "to_regnamespace" in entering
    assert "set_config" in entering


def test_the_count_is_in_the_schema_that_was_entered(load):
    assert '"testapp_account"' in load("/accounts/")[3]


@pytest.mark.parametrize("path", ["/accounts/", "/regions/"])
def test_a_header_that_names_the_schema_of_the_session_costs_nothing(load, path):
    statements = load(path, headers={"X-Change-Schema": "a"})

    assert len(statements) == 5


def test_a_second_request_costs_the_same(load):
    load("/accounts/")

    assert len(load("/accounts/")) == 5


def test_an_anonymous_visitor_of_a_shared_page_pays_nothing(client_of_a):
    client_of_a.cookies.clear()

    with CaptureQueriesContext(connection) as captured:
        client_of_a.get("/regions/")

    assert len(captured) == 1


def test_a_visitor_who_has_chosen_none_pays_one_and_no_set(client, member):
    client.force_login(member)

    with CaptureQueriesContext(connection) as captured:
        client.get("/regions/")

    assert len(captured) == 4
    assert not any(map(is_set, [each["sql"] for each in captured]))


def test_a_refusal_sets_nothing(client, member_of_a):
    client.force_login(member_of_a)
    enter(client, "a")
    member_of_a.schemata.clear()

    with CaptureQueriesContext(connection) as captured:
        response = client.get("/accounts/")

    assert response.status_code == 403
    assert not any(map(is_set, [each["sql"] for each in captured]))


def test_the_session_is_not_rewritten(load):
    statements = load("/accounts/")

    assert not [each for each in statements if each.startswith(("UPDATE", "INSERT", "DELETE"))]


def test_no_cookie_is_set_when_nothing_changed(client_of_a):
    response = client_of_a.get("/accounts/")

    assert "Set-Cookie" not in response.headers
    assert not response.cookies


def test_the_chooser_is_two_more_than_session_and_user(client_of_a):
    with CaptureQueriesContext(connection) as captured:
        client_of_a.get("/__change_schema__/")

    assert len(captured) == 4


@pytest.mark.parametrize("path", ["/user/", "/schema/"])
def test_an_async_view_that_awaits_the_user_loads_it_no_second_time(client_of_a, settings, path):
    settings.ROOT_URLCONF = "tests.async_urls"

    with CaptureQueriesContext(connection) as captured:
        get_from_asgi_server(path, client_of_a)

    assert sum('FROM "auth_user"' in each["sql"] for each in captured) == 1
