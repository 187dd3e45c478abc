"""What a view raises for want of a schema is answered; all else is left alone."""

import pytest
from django.contrib.messages import get_messages
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory

from boardinghouse import ddl
from boardinghouse.middleware import SchemaMiddleware
from boardinghouse.schema import get_active_schema_name, override
from tests.browsers import HTML, JSON, enter
from tests.conftest import make_user

MESSAGE = "You must select a schema to access that resource"

scripts = pytest.mark.parametrize(
    "headers",
    [
        {"X-Requested-With": "XMLHttpRequest"},
        {"HX-Request": "true"},
        {"HX-Request": "true", **HTML},
    ],
)


class TestNoActiveSchema:
    @scripts
    def test_a_script_gets_the_message(self, visitor, headers):
        response = visitor.post("/owners/", headers=headers)

        assert (response.status_code, response.content.decode()) == (400, MESSAGE)

    def test_so_does_one_that_sends_json(self, visitor):
        response = visitor.post("/owners/", {}, content_type="application/json")

        assert (response.status_code, response.content.decode()) == (400, MESSAGE)

    @pytest.mark.parametrize("accept", ["application/json", "Application/JSON, */*;q=0.1"])
    def test_a_client_of_json_gets_json(self, visitor, accept):
        response = visitor.get("/owners/", headers={"Accept": accept})

        assert response.status_code == 400
        assert response.json() == {"schema": None, "message": MESSAGE}

    def test_a_person_is_sent_to_the_chooser_and_back(self, visitor):
        response = visitor.get("/owners/?x=1&y=%C3%A9", headers=HTML)

        assert response.status_code == 302
        assert response["Location"] == (
            "/__change_schema__/?next=%2Fowners%2F%3Fx%3D1%26y%3D%25C3%25A9"
        )

    def test_a_person_gets_the_message_on_the_way(self, visitor):
        response = visitor.get("/owners/", headers=HTML, follow=True)

        assert f'role="status">{MESSAGE}</p>' in response.content.decode()

    def test_a_person_without_messages_is_sent_there_too(self, client, member, settings):
        settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "messages" not in each]
        client.force_login(member)

        response = client.get("/owners/", headers=HTML, follow=True)

        chooser = "/__change_schema__/?next=%2Fowners%2F&must=select"
        assert response.redirect_chain == [(chooser, 302)]
        assert f'role="status">{MESSAGE}</p>' in response.content.decode()

    def test_the_chooser_says_nothing_of_it_to_others(self, visitor):
        assert MESSAGE not in visitor.get("/__change_schema__/", headers=HTML).content.decode()

    def test_so_is_an_anonymous_visitor(self, browser, schemata):
        response = browser.get("/owners/", headers=HTML)

        assert response["Location"] == "/__change_schema__/?next=%2Fowners%2F"

    def test_the_chooser_is_under_the_prefix_of_the_site(self, client, member):
        client.force_login(member)

        response = client.get("/owners/", headers=HTML, SCRIPT_NAME="/site")

        assert response["Location"] == "/site/__change_schema__/?next=%2Fsite%2Fowners%2F"

    @pytest.mark.parametrize("path", ["/write/", "/late/", "/accounts/"])
    def test_it_is_known_wherever_it_is_raised(self, visitor, path):
        response = visitor.get(path, headers=JSON)

        assert response.status_code == 400

    def test_the_answer_varies_on_the_header(self, visitor):
        response = visitor.get("/owners/", headers=JSON)

        assert "X-Change-Schema" in response["Vary"]


class TestRawSql:
    """PostgreSQL does not find the table: the statement's name at that place must be private."""

    @pytest.mark.parametrize(
        "statement",
        [
            ["SELECT * FROM testapp_account"],
            ['SELECT * FROM "testapp_account"'],
            ["SELECT * FROM TestApp_Account".lower()],
            ["SELECT %s, owner FROM testapp_account", ["before the name"]],
            ["SELECT %s, %s, owner FROM testapp_account", ["é🙂" * 20, "from testapp_region"]],
            ["SELECT '%%', %s FROM testapp_account", [None]],
            ["/* é🙂 */ SELECT owner FROM testapp_account"],
            ["SELECT owner\nFROM\n\ttestapp_account AS mine"],
            ["SELECT * FROM testapp_region r JOIN testapp_account a ON a.region_id = r.id"],
            ["SELECT * FROM testapp_region, testapp_account"],
            ["SELECT (SELECT count(*) FROM testapp_entry) FROM testapp_region"],
            ["WITH e AS (SELECT * FROM testapp_entry) SELECT * FROM e"],
            ["INSERT INTO testapp_account (owner) VALUES (%s)", ["me"]],
            ["UPDATE testapp_account SET owner = %s", ["me"]],
            ["DELETE FROM testapp_account"],
            ["SELECT * FROM testapp_project_accounts"],
        ],
    )
    def test_a_private_table_asks_for_a_schema(self, visitor, statement):
        response = visitor.post("/sql/", statement, content_type="application/json")

        assert (response.status_code, response.content.decode()) == (400, MESSAGE)

    @pytest.mark.parametrize(
        "statement",
        [
            ["SELECT * FROM missing"],
            ["SELECT * FROM public.testapp_account"],
            ['SELECT * FROM "public"."testapp_account"'],
            ["SELECT * FROM public . testapp_account"],
            ["SELECT * FROM missing.testapp_account"],
            ["SELECT * FROM testapp_account.missing"],
            ["SELECT 'testapp_account' FROM missing"],
            ["SELECT %s FROM missing", ["testapp_account"]],
            ['SELECT * FROM "TestApp_Account"'],
            ["SELECT testapp_account.id FROM testapp_region"],
            ["SELECT testapp_account FROM testapp_region"],
            ["SELECT testapp_account()"],
            ["SELECT 1 testapp_account FROM"],
        ],
    )
    def test_anything_else_is_left_alone(self, visitor, statement):
        with pytest.raises(DatabaseError):
            visitor.post("/sql/", statement, content_type="application/json")

    def test_a_table_that_the_active_schema_lacks_is_left_alone(self, visitor):
        enter(visitor, "a")
        connection.check_constraints()
        with connection.cursor() as cursor:
            cursor.execute('DROP TABLE "a".testapp_entry')

        with pytest.raises(DatabaseError):
            visitor.post("/sql/", ["SELECT * FROM testapp_entry"], content_type="application/json")

        assert visitor.session["schema"] == "a"

    def test_an_aborted_transaction_in_which_nothing_can_be_asked_is_left_alone(
        self, schemata, reported_path
    ):
        middleware = SchemaMiddleware(lambda request: None)
        response = "not asked"

        with transaction.atomic(), override("a"), connection.cursor() as cursor:
            connection.check_constraints()
            cursor.execute('DROP SCHEMA "a" CASCADE')
            try:
                cursor.execute("SELECT * FROM testapp_entry")
            except DatabaseError as error:
                response = middleware.process_exception(RequestFactory().get("/"), error)
            transaction.set_rollback(True)

        assert response is None

    def test_it_is_known_in_autocommit_too(self, committed_schemata, client):
        client.force_login(make_user("member", *committed_schemata))

        response = client.post("/sql/", ["SELECT * FROM testapp_account"], "application/json")

        assert (response.status_code, response.content.decode()) == (400, MESSAGE)


@pytest.fixture
def committed_visitor(browser, committed_schemata):
    """A browser whose user has chosen schema a, for all connections to see."""
    browser.force_login(make_user("member", *committed_schemata))
    enter(browser, "a")
    return browser


class TestVanishedSchema:
    """B1: somebody drops the schema in the middle of a request."""

    @pytest.mark.parametrize("way", ["at-once", "reconnecting", "in-raw-sql"])
    def test_a_person_is_sent_to_the_chooser(self, committed_visitor, way):
        response = committed_visitor.get(f"/outlive/{way}/", headers=HTML)

        assert (response.status_code, response["Location"]) == (
            302,
            f"/__change_schema__/?next=%2Foutlive%2F{way}%2F",
        )
        assert "schema" not in committed_visitor.session

    @pytest.mark.parametrize("way", ["at-once", "reconnecting", "in-raw-sql"])
    def test_a_script_gets_the_message(self, committed_visitor, way):
        response = committed_visitor.get(f"/outlive/{way}/", headers=JSON)

        assert (response.status_code, response.json()["message"]) == (400, MESSAGE)

    def test_the_next_request_is_free(self, committed_visitor):
        committed_visitor.get("/outlive/at-once/")

        assert committed_visitor.get("/owners/").content == b"b"

    def test_between_two_requests_it_is_refused(self, committed_visitor):
        ddl.drop(connection, "a")

        response = committed_visitor.get("/owners/")

        assert response.status_code == 403
        assert "schema" not in committed_visitor.session

    def test_within_atomic_requests(self, client, committed_schemata, monkeypatch):
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
        client.force_login(make_user("member", *committed_schemata))
        enter(client, "a")

        response = client.get("/outlive/at-once/", headers=JSON)

        assert (response.status_code, response.json()["message"]) == (400, MESSAGE)
        assert "schema" not in client.session


class TestTemplate:
    def test_it_is_refused_and_the_session_cleared(self, visitor):
        enter(visitor, "a")

        response = visitor.get("/template/")

        assert response.status_code == 403
        assert response.content == b"You may not enter that schema."
        assert "schema" not in visitor.session


class TestAnythingElse:
    def test_an_exception_of_the_view_is_left_alone(self, visitor):
        enter(visitor, "a")

        with pytest.raises(ZeroDivisionError):
            visitor.get("/write-and-fail/")

        assert visitor.session["schema"] == "a"

    @pytest.mark.parametrize(
        "exception", [ValueError(), DatabaseError("testapp_account"), KeyError("testapp_account")]
    )
    def test_none_is_returned(self, exception):
        middleware = SchemaMiddleware(lambda request: None)

        assert middleware.process_exception(RequestFactory().get("/"), exception) is None
        assert get_active_schema_name() is None

    def test_messages_are_kept_for_nobody_else(self, client, member):
        client.force_login(member)

        response = client.get("/owners/", headers=JSON)

        assert list(get_messages(response.wsgi_request)) == []
