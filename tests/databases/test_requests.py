"""Each host is its customer's: data, users, sessions, schemata, bodies; others are told 404."""

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import path

from boardinghouse import schema
from boardinghouse.contrib.databases import DatabaseMiddleware, database, get_active_database
from boardinghouse.contrib.databases.active import end_request
from boardinghouse.schema import get_active_schema_name, override
from tests import test_streaming
from tests.browsers import enter, get_from_asgi_server
from tests.conftest import owners
from tests.databases.conftest import BOTH, CLIENTS

pytestmark = pytest.mark.django_db(databases=BOTH)
committed = pytest.mark.django_db(databases=BOTH, transaction=True)

HOST1, HOST2 = CLIENTS
UNKNOWN = "unknown.example.com"


def log_in(make_browser, host):
    """Return the browser of ann, user 1 of the host's customer."""
    browser = make_browser(headers={"host": host})
    with database(CLIENTS[host]):
        browser.force_login(get_user_model().objects.get(username="ann"))
    return browser


def show_name(request):
    name = getattr(request.user, "first_name", "nobody")
    return HttpResponse(f"{name}:{get_active_database()}")


def die(request):
    owners()
    raise SystemExit


def use_session(request):
    request.session["seen"] = request.session.get("seen", 0) + 1
    return HttpResponse(request.session["seen"])


urlpatterns = [
    *test_streaming.urlpatterns,
    path("name/", show_name),
    path("die/", die),
    path("session/", use_session),
]


@pytest.fixture
def own_pages(settings):
    settings.ROOT_URLCONF = __name__


# Whose data


def test_each_host_has_its_own_users_schemata_and_rows(customers, make_browser):
    seen = []
    for host in CLIENTS:
        browser = log_in(make_browser, host)
        for name in "ab":
            enter(browser, name)
            seen.append(browser.get("/owners/").content.decode())

    assert seen == ["default:a", "default:b", "other:a", "other:b"]
    assert get_active_database() is None


def test_switching_on_one_host_leaves_the_other_alone(customers, make_browser):
    first, second = (log_in(make_browser, host) for host in CLIENTS)
    enter(first, "a")
    enter(second, "b")

    assert first.get("/owners/").content == b"default:a"
    assert first.cookies["boardinghouse_schema"].value == "a"
    assert second.get("/owners/").content == b"other:b"
    assert second.cookies["boardinghouse_schema"].value == "b"


def test_a_page_of_another_schema_is_refused_on_each_host(customers):
    browser = log_in(Client, HOST2)
    enter(browser, "a")

    refused = browser.post("/write/", headers={"X-Expected-Schema": "b"})

    assert refused.status_code == 409
    with database("other"), override("a"):
        assert owners() == ["other:a"]


def test_membership_is_that_of_the_hosts_own_database(customers, make_browser):
    with database("other"):
        get_user_model().objects.get().schemata.remove("a")
    browser = log_in(make_browser, HOST2)

    assert browser.get("/__change_schema__/a/").status_code == 403
    enter(log_in(make_browser, HOST1), "a")


def test_a_session_of_one_host_is_not_valid_on_another(customers, own_pages):
    browser = log_in(Client, HOST1)
    assert browser.get("/name/").content == b"default:default"

    elsewhere = Client(headers={"host": HOST2})
    elsewhere.cookies["sessionid"] = browser.cookies["sessionid"].value

    assert elsewhere.get("/name/").content == b"nobody:other"
    with database("other"):
        assert not Session.objects.filter(pk=browser.cookies["sessionid"].value).exists()
    assert browser.get("/name/").content == b"default:default"


def test_the_admin_writes_into_the_hosts_database(customers):
    with database("other"):
        get_user_model().objects.update(is_staff=True, is_superuser=True)
    browser = log_in(Client, HOST2)

    page = browser.post("/admin/auth/user/add/", {"username": "ben", "usable_password": "false"})

    assert page.status_code == 302
    with database("other"):
        assert get_user_model().objects.filter(username="ben").exists()
    with database("default"):
        assert not get_user_model().objects.filter(username="ben").exists()


def test_sessions_are_saved_in_the_hosts_database(customers, own_pages):
    for host, alias in CLIENTS.items():
        browser = Client(headers={"host": host})
        assert [browser.get("/session/").content for _ in range(2)] == [b"1", b"2"]

        with database(alias):
            (session,) = Session.objects.all()
            assert session.pk == browser.cookies["sessionid"].value


# Bodies, deaths, threads


def environ_of(address, host, client):
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    return RequestFactory(HTTP_COOKIE=cookie, HTTP_HOST=host).get(address).environ


def get_from_wsgi_server(address, host, client):
    response = WSGIHandler()(environ_of(address, host, client), lambda *args: None)
    body = b"".join(response).decode()
    response.close()
    return body


def get_over_asgi(address, host, client):
    return get_from_asgi_server(address, client, {"host": host})


@committed
@pytest.mark.filterwarnings(test_streaming.OTHER_KIND)
@pytest.mark.parametrize("address", test_streaming.ADDRESSES)
@pytest.mark.parametrize("serve", [get_from_wsgi_server, get_over_asgi], ids=["wsgi", "asgi"])
def test_a_body_is_produced_in_the_hosts_database(customers, own_pages, serve, address):
    for host, alias in CLIENTS.items():
        browser = log_in(Client, host)
        assert Client.get(browser, "/__change_schema__/a/").status_code == 200

        assert serve(address, host, browser) == f"{alias}:a"
        assert get_active_database() is None


@committed
def test_a_stream_that_nobody_reads_on_leaves_the_next_request_alone(customers, own_pages):
    first, second = (log_in(Client, host) for host in CLIENTS)
    enter(first, "a")
    enter(second, "a")
    abandoned = WSGIHandler()(environ_of("/stream/", HOST1, first), lambda *args: None)
    next(iter(abandoned))

    assert get_from_wsgi_server("/late/", HOST2, second) == "other:a"
    assert get_active_database() is None
    abandoned.close()


@committed
def test_a_view_that_dies_leaves_the_database(customers, own_pages):
    browser = log_in(Client, HOST1)
    enter(browser, "a")

    with pytest.raises(SystemExit):
        get_from_wsgi_server("/die/", HOST1, browser)

    assert get_active_database() is None


def test_what_was_active_around_the_request_is_active_again(customers, own_pages, make_browser):
    browser = log_in(make_browser, HOST2)

    with database("default"), override("b"):
        browser.get("/name/")
        browser.get("/name/", headers={"host": UNKNOWN})
        assert owners() == ["default:b"]


def test_a_request_begins_with_no_schema_active(hosts):
    async def answer(request):
        return HttpResponse(f"{get_active_database()}:{get_active_schema_name()}")

    with override("a"):
        request = RequestFactory(HTTP_HOST=HOST2).get("/")
        response = async_to_sync(DatabaseMiddleware(answer))(request)
        end_request()
        schema.end_request()
        assert get_active_schema_name() == "a"

    assert response.content == b"other:None"


@committed
def test_nothing_crosses_between_threads(customers):
    browsers = {}
    for host, alias in CLIENTS.items():
        for name in "ab":
            browser = log_in(Client, host)
            enter(browser, name)
            browsers[host, f"{alias}:{name}"] = browser

    def work(number):
        wrong = []
        for (host, expected), browser in islice(cycle(browsers.items()), number, number + 100):
            said = get_from_wsgi_server("/owners/", host, browser)
            wrong += [] if said == expected else [(host, expected, said)]
        if get_active_database() is not None or get_active_schema_name() is not None:
            wrong.append("something is left active")
        connections.close_all()
        return wrong

    with ThreadPoolExecutor(4) as pool:
        assert [each for wrong in pool.map(work, range(4)) for each in wrong] == []


# Whose host


def ask(**headers):
    return Client().get("/schema/", headers=headers)


@pytest.mark.parametrize(
    "host",
    [
        UNKNOWN,
        "client1.example.com.evil.example",
        "evilclient1.example.com",
        "sub.client1.example.com",
        "client1.example.com,client2.example.com",
        "client1.example.com@evil.example",
        "client1.example.com:",
        "client1.example.com:80a",
        "client1.example.com..",
        ".client1.example.com",
        "client1_example.com",
        "client1.example.com/",
        "127.0.0.1",
        "[::1]",
        "*",
        "",
    ],
)
def test_an_unknown_host_is_told_404_before_any_query(
    customers, settings, django_assert_num_queries, make_browser, host
):
    settings.ALLOWED_HOSTS = ["*"]

    with (
        django_assert_num_queries(0),
        django_assert_num_queries(0, connection=connections["other"]),
    ):
        response = make_browser(headers={"host": host}).get("/schema/")

    assert (response.status_code, response.content) == (404, b"Not Found")
    assert list(response.cookies) == []


def test_so_is_one_that_allowed_hosts_refuses(customers, settings):
    settings.ALLOWED_HOSTS = [HOST2]

    assert ask(host=HOST1).status_code == 404
    assert ask(host=HOST2).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "client2.example.com:8443",
        "CLIENT2.Example.COM",
        "client2.example.com.",
        "Client2.example.com.:80",
    ],
)
def test_port_case_and_a_dot_at_the_end_make_no_difference(customers, own_pages, host):
    with database("other"):
        user = get_user_model().objects.get()
        browser = Client(headers={"host": host})
        browser.force_login(user)

    assert browser.get("/name/").content == b"other:other"


def test_a_host_named_with_a_port_goes_before_the_one_without(customers, own_pages, settings):
    settings.BOARDINGHOUSE_DATABASE_HOSTS = {HOST1: "default", f"{HOST1}:8443": "other"}

    def alias_at(host):
        return Client().get("/name/", headers={"host": host}).content.rpartition(b":")[2]

    assert [alias_at(f"{HOST1}{port}") for port in ("", ":80", ":8443")] == [
        b"default",
        b"default",
        b"other",
    ]


def test_a_forwarded_host_is_not_believed(customers):
    assert ask(**{"host": UNKNOWN, "x-forwarded-host": HOST1}).status_code == 404
    assert ask(host=UNKNOWN, forwarded=f"host={HOST1}").status_code == 404


def test_the_server_s_own_name_is_not_asked(customers, own_pages):
    response = Client(SERVER_NAME=HOST2).get("/name/", headers={"host": HOST1})

    assert response.content == b"nobody:default"


def test_the_404_comes_before_other_middleware(hosts, settings):
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE[:1],
        f"{__name__}.explode",
        *settings.MIDDLEWARE[1:],
    ]

    assert ask(host=UNKNOWN).status_code == 404


def explode(get_response):
    def middleware(request):
        raise AssertionError("Somebody else saw the request.")

    return middleware


def test_the_middleware_works_by_itself(hosts):
    middleware = DatabaseMiddleware(lambda request: HttpResponse(get_active_database()))

    response = middleware(RequestFactory(HTTP_HOST=HOST2).get("/"))

    assert response.content == b"other"
    end_request()
