"""Sockets of two customers: what happens at one disturbs none of the other's."""

import pytest

pytest.importorskip("channels", reason="channels is not installed")

from channels.layers import InMemoryChannelLayer
from channels.security.websocket import AllowedHostsOriginValidator
from django.contrib.auth import get_user_model
from django.test import Client

from boardinghouse.contrib.databases import DatabaseASGIMiddleware, database
from boardinghouse.models import Schema
from tests.browsers import enter
from tests.databases.conftest import BOTH, CLIENTS
from tests.databases.test_requests import log_in
from tests.sockets import MOVED, connected, hear, in_thread, our_stack, using_layer
from tests.test_async import run

pytestmark = pytest.mark.django_db(databases=BOTH, transaction=True)

HOST1, HOST2 = CLIENTS


class Layer(InMemoryChannelLayer):
    """Counts what it delivers."""

    async def group_send(self, group, message):
        self.delivered = getattr(self, "delivered", 0) + len(self.groups.get(group, ()))
        await super().group_send(group, message)


def deactivate_user():
    user = get_user_model().objects.get()
    user.is_active = False
    user.save()


ENDINGS = {
    "the user leaves": lambda: get_user_model().objects.get().schemata.remove("a"),
    "the schema loses all": lambda: Schema.objects.get(pk="a").users.clear(),
    "the schema is deactivated": lambda: Schema.objects.filter(pk="a").update(is_active=False),
    "the user is deactivated": deactivate_user,
}


def opened(host, browser, origin=None):
    application = DatabaseASGIMiddleware(AllowedHostsOriginValidator(our_stack()))
    return connected(application, "/rows/", browser, host=host, origin=origin or f"http://{host}")


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
def test_only_the_customers_own_sockets_hear_of_a_change(customers, end):
    """Both have a user and a schema with the same keys."""
    browsers = [log_in(Client, host) for host in CLIENTS]
    for browser in browsers:
        enter(browser, "a")

    def act():
        with database("other"):
            end()

    async def main():
        with using_layer(Layer()) as layer:
            async with opened(HOST1, browsers[0]) as first, opened(HOST2, browsers[1]) as second:
                rows = [(await hear(each, 2))[1] for each in (first, second)]
                await in_thread(act)
                return rows, await hear(second), await first.receive_nothing(0.3), layer.delivered

    rows, heard, is_silent, delivered = run(main)
    assert rows == [{"connect": ["default:a"]}, {"connect": ["other:a"]}]
    assert (heard, is_silent, delivered) == ([MOVED], True, 1)


def test_a_page_of_one_customer_opens_no_socket_of_anothers(customers):
    """Their hosts are one site, so a browser sends the other customer's cookie with it."""
    browser = log_in(Client, HOST2)
    enter(browser, "a")

    async def main():
        async with opened(HOST2, browser, f"http://{HOST1}") as refused:
            answer = await refused.receive_output(1)
        async with opened(HOST2, browser, f"http://{HOST2}") as socket:
            return answer, await hear(socket, 2)

    answer, heard = run(main)
    assert answer == {"type": "websocket.close"}
    assert heard == ["accepted", {"connect": ["other:a"]}]
