"""A test's own client, and a live server, beside the schema that the test activated."""

from urllib.request import Request, urlopen

from django.test import LiveServerTestCase, TestCase, override_settings

from boardinghouse.models import Schema
from boardinghouse.schema import (
    activate_schema,
    deactivate_schema,
    get_active_schema_name,
    override,
)
from tests.conftest import fill, make_user, owners
from tests.testapp.models import Account


@override_settings(STATIC_URL="/static/")
class LiveServerTests(LiveServerTestCase):
    def test_the_servers_thread_enters_the_session_s_schema(self):
        schema, _ = Schema.objects.mass_create("a", "b")
        fill("a")
        fill("b")
        self.client.force_login(make_user("u", schema))
        cookie = f"sessionid={self.client.cookies['sessionid'].value}"

        with (
            override("b"),
            urlopen(
                Request(f"{self.live_server_url}/owners/", headers={"Cookie": cookie}), timeout=30
            ) as response,
        ):
            assert response.read() == b"a"
            assert owners() == ["b"]


class ClientTests(TestCase):
    def setUp(self):
        self.schema, _ = Schema.objects.mass_create("a", "b")
        fill("a")
        fill("b")
        self.client.force_login(make_user("u", self.schema))

    def test_what_a_test_activated_is_still_active_after_a_request(self):
        self.addCleanup(deactivate_schema)
        activate_schema("b")

        response = self.client.get("/owners/")

        assert response.content == b"a"
        assert owners() == ["b"]

    def test_nothing_is_active_after_a_request_if_nothing_was(self):
        self.client.get("/owners/")

        assert get_active_schema_name() is None

    async def test_what_an_async_test_activated_is_still_active_after_a_request(self):
        self.async_client.cookies = self.client.cookies
        with override("b"):
            response = await self.async_client.get("/owners/")

            assert response.content == b"a"
            assert [each.owner async for each in Account.objects.all()] == ["b"]
