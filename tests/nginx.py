"""An nginx that sends files for a site: the block of the documentation, before what a view said."""

import http.client
from contextlib import contextmanager

import pytest

from tests.databases.servers import ADDRESS, find_program, free_port, open_directory, running

CONFIGURATION = """
daemon off;
user root;
pid {directory}/pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen {address}:{port};
        location / {{ proxy_pass http://unix:{directory}/site.sock; }}
        {block}
    }}
    server {{
        listen unix:{directory}/site.sock;
        default_type {kind};
        {headers}
        return 200;
    }}
}}
"""


@contextmanager
def nginx_before(headers, block):
    """Run nginx with a block of configuration, before a site that answers with some headers."""
    if find_program("nginx") is None:
        pytest.skip("nginx is not installed (Debian: apt install nginx)")
    port, others = free_port(), {**headers}
    with open_directory() as directory:
        (directory / "nginx.conf").write_text(
            CONFIGURATION.format(
                directory=directory,
                address=ADDRESS,
                port=port,
                block=block,
                kind=others.pop("Content-Type"),
                headers=" ".join(f"add_header {name} {quote(others[name])};" for name in others),
            )
        )
        command = [find_program("nginx"), "-p", str(directory), "-c", f"{directory}/nginx.conf"]
        with running(command, directory, None, (ADDRESS, port)):
            yield port


def quote(value):
    for each in '\\"':
        value = value.replace(each, f"\\{each}")
    return f'"{value}"'


def get(port, path):
    """Return a response's status, headers and text."""
    connection = http.client.HTTPConnection(ADDRESS, port, timeout=60)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()
