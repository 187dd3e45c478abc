"""What example/deploy says, served for real: each host its customer's data, others 404."""

import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import pytest

from tests.databases import servers
from tests.databases.servers import DEPLOY, Visitor

CUSTOMERS = {"client1.example.com": "client1", "client2.example.com": "client2"}
HOST1, HOST2 = CUSTOMERS
UNKNOWN = "unknown.example.com"

SERVERS = {
    "apache": (servers.why_no_apache, servers.apache),
    "gunicorn": (
        lambda: servers.why_no_nginx("gunicorn"),
        lambda environment: servers.nginx(environment, servers.gunicorn),
    ),
    "daphne": (
        lambda: servers.why_no_nginx("daphne"),
        lambda environment: servers.nginx(environment, servers.daphne),
    ),
}


@pytest.fixture(scope="module")
def environment():
    with servers.customers() as environment:
        yield environment


@pytest.fixture(scope="module", params=SERVERS)
def port(request):
    why_not, serve = SERVERS[request.param]
    if reason := why_not():
        pytest.skip(f"{request.param}: {reason}")
    with serve(request.getfixturevalue("environment")) as port:
        yield port


@pytest.fixture(scope="module")
def visitors(port):
    """Somebody in each of two schools of each customer, by what they must see."""
    found = {}
    for host, alias in CUSTOMERS.items():
        for schema in ("hamilton", "riverside"):
            visitor = Visitor(port, host)
            visitor.log_in("admin", "boarding")
            visitor.enter(schema)
            found[f"{alias}:{schema}"] = visitor
    return found


def pupils(visitor, **how):
    """Return the names of the pupils that a visitor is shown."""
    status, text = visitor.ask("/api/pupils/", **how)
    assert status == 200, text
    return {each["name"] for each in json.loads(text)["pupils"]}


def test_each_host_has_its_customers_data(visitors):
    for mark, visitor in visitors.items():
        assert pupils(visitor) == {mark}


def test_a_session_of_one_host_is_not_valid_on_another(visitors):
    visitor = visitors["client1:hamilton"]

    status, text = visitor.ask("/api/pupils/", host=HOST2)

    assert status in (302, 403)
    assert "client" not in text
    assert pupils(visitor) == {"client1:hamilton"}


def test_forms_sent_by_https_are_accepted(request, port):
    """Django compares ``Origin`` with the scheme that the web server tells."""
    if request.node.callspec.params["port"] == "apache":
        pytest.skip("Apache has the certificate, and tells mod_wsgi by itself")
    visitor = Visitor(port, HOST1)

    visitor.log_in(
        "admin", "boarding", headers={"Origin": f"https://{HOST1}", "X-Tests-Scheme": "https"}
    )

    visitor.enter("hamilton")
    assert pupils(visitor) == {"client1:hamilton"}


def test_a_file_of_one_customer_is_not_served_to_anothers_people(visitors):
    first, second = visitors["client1:hamilton"], visitors["client2:hamilton"]
    address = re.search(r'href="(/media/.+?)"', first.ask("/notices/")[1])[1]

    assert address.startswith("/media/client1.hamilton/")
    assert first.ask(address)[0] == 200
    assert second.ask(address)[0] == 404
    assert second.ask(address.replace("client1", "client2"))[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        UNKNOWN,
        f"{UNKNOWN}:80",
        f"{HOST1}.evil.example",
        f"evil{HOST1}",
        f"x.{HOST1}",
        "127.0.0.1",
        "refused.invalid",
        "example.com",
    ],
)
def test_an_unknown_host_is_told_404(port, host):
    assert Visitor(port, host).ask("/login/")[0] == 404


@pytest.mark.parametrize("host", ["CLIENT2.Example.COM", f"{HOST2}:8443", f"{HOST2}."])
def test_port_case_and_a_dot_at_the_end_make_no_difference(visitors, host):
    assert pupils(visitors["client2:hamilton"], host=host) == {"client2:hamilton"}


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Host", "X-HTTP-Host-Override"])
def test_a_forwarded_host_is_not_believed(port, visitors, header):
    visitor = visitors["client1:hamilton"]

    assert Visitor(port, UNKNOWN).ask("/login/", headers={header: HOST1})[0] == 404
    for other in (HOST2, UNKNOWN):
        assert pupils(visitor, headers={header: other}) == {"client1:hamilton"}


@pytest.mark.parametrize(
    "hosts", [[], [HOST1, HOST2], ["", HOST1], f"{HOST1},{HOST2}", f"{HOST1}@x"], ids=repr
)
def test_no_host_or_several_is_an_error(port, hosts):
    assert Visitor(port, HOST1).ask("/login/", host=hosts)[0] in (400, 404)


def test_a_request_line_that_names_an_unknown_host_is_told_404(port):
    assert Visitor(port, HOST1).ask(f"http://{UNKNOWN}/login/")[0] == 404


def test_a_request_line_that_names_another_customer_crosses_nothing(visitors):
    visitor = visitors["client1:hamilton"]

    status, text = visitor.ask(f"http://{HOST2}/api/pupils/")

    assert status in (302, 403)
    assert "client" not in text
    assert pupils(visitor) == {"client1:hamilton"}


def test_a_request_line_goes_before_the_header(visitors):
    """https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2"""
    visitor = visitors["client1:hamilton"]

    status, text = visitor.ask(f"http://{HOST1}/api/pupils/", host=HOST2)

    assert (status, "client1:hamilton" in text) == (200, True)


def test_static_files_are_served_to_customers_only(port):
    for host in CUSTOMERS:
        assert Visitor(port, host).ask("/static/pupils/site.css")[0] == 200
    assert Visitor(port, UNKNOWN).ask("/static/pupils/site.css")[0] == 404


def test_nothing_crosses_under_interleaved_requests(request, port, visitors):
    count = 2000 if request.node.callspec.params["port"] == "apache" else 500
    stranger = Visitor(port, UNKNOWN)

    def ask(mark):
        if mark is None:
            return stranger.ask("/api/pupils/")[0]
        return ",".join(pupils(visitors[mark]))

    wanted = list(islice(cycle([*visitors, None]), count))
    with ThreadPoolExecutor(16) as pool:
        got = list(pool.map(ask, wanted))

    assert Counter(zip(wanted, got, strict=True)) == {
        **{(mark, mark): count / 5 for mark in visitors},
        (None, 404): count / 5,
    }


# The files themselves


def read(name):
    return (DEPLOY / name).read_text()


@pytest.mark.parametrize(("client", "number"), [("client1", 15432), ("client2", 25432)])
def test_the_settings_name_the_servers_of_the_compose_file(client, number):
    assert f'"127.0.0.1:{number}:5432"' in read("docker-compose.yml")
    assert f"127.0.0.1:{number}/schools" in read("settings.py")
    assert f'"{client}.example.com": "{client}"' in read("settings.py")


@pytest.mark.parametrize("client", ["client1", "client2"])
def test_each_customer_has_a_file_for_each_server(client):
    apache = read(f"apache/sites-available/{client}.conf")

    assert f"ServerName {client}.example.com" in apache
    assert "WSGIApplicationGroup %{GLOBAL}" in apache
    assert "deploy/wsgi.py" in apache
    assert f"server_name {client}.example.com;" in read(f"nginx/sites-available/{client}.conf")
