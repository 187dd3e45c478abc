"""Real servers in front of the example's two databases, from the files in example/deploy."""

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "example"
DEPLOY = EXAMPLE / "deploy"
ADDRESS = "127.0.0.1"
APACHE_MODULES = Path("/usr/lib/apache2/modules")
SECONDS_TO_START = 60

START_POSTGRES = """
import pathlib, sys
from boardinghouse.contrib.embedded import start_server
print(start_server(pathlib.Path(sys.argv[1]), version=18, durable=False), flush=True)
sys.stdin.read()
"""

SIGN = """
from boardinghouse.models import Schema
from boardinghouse.schema import override
from pupils.models import Pupil
for schema in Schema.objects.all():
    with override(schema):
        Pupil.objects.update(name="{alias}:" + schema.schema)
"""


# Two customers


@contextmanager
def customers():
    """Start two databases, fill them, and give the environment that names them.

    Both have the example's schools and people, with equal keys; the pupils say whose they are.
    """
    with ExitStack() as stack:
        first, second = (stack.enter_context(postgres()) for _ in range(2))
        environment = {
            **{key: os.environ[key] for key in os.environ if not key.startswith("COVERAGE_")},
            "CLIENT1_DATABASE_URL": first,
            "CLIENT2_DATABASE_URL": second,
            "SECRET_KEY": "of the tests",
            "BOARDING_SCHOOLS_DATA": str(stack.enter_context(open_directory())),
            "SCHOOLS_STATIC": str(stack.enter_context(open_directory())),
            "PYTHONPATH": os.pathsep.join([str(EXAMPLE), str(ROOT)]),
        }
        for name in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE"):
            environment.pop(name, None)
        # The example's channel layer is in memory: W051.
        said = manage(environment, "check")
        assert [each for each in re.findall(r"boardinghouse\.(\w+)", said) if each != "W051"] == []
        manage(environment, "migrate_databases", "--verbosity", "0")
        manage(environment, "collectstatic", "--noinput", "--verbosity", "0")
        for alias in ("client1", "client2"):
            manage(environment, "with_database", alias, "load_schools")
            manage(environment, "with_database", alias, "shell", "-c", SIGN.format(alias=alias))
        yield environment


@contextmanager
def postgres():
    """Run an embedded PostgreSQL of its own; give its address."""
    with open_directory() as directory:
        server = subprocess.Popen(
            [sys.executable, "-c", START_POSTGRES, directory],
            env={key: value for key, value in os.environ.items() if key != "DATABASE_URL"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield server.stdout.readline().strip()
        finally:
            server.communicate()


@contextmanager
def open_directory():
    """A folder that the servers' users may use too."""
    with tempfile.TemporaryDirectory(prefix="boardinghouse-") as name:
        Path(name).chmod(0o777)
        yield Path(name)


def manage(environment, *arguments):
    done = subprocess.run(
        [sys.executable, DEPLOY / "manage.py", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


# Programs that serve


@contextmanager
def running(command, directory, environment, place):
    """Run a program until the block ends, in the example; wait until it serves at a place."""
    log = directory / "log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=EXAMPLE, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + SECONDS_TO_START
        while not is_served(place):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()


def is_served(place):
    """Tell whether a socket, or an address and port, is listened at."""
    kind = socket.AF_UNIX if isinstance(place, str) else socket.AF_INET
    with socket.socket(kind) as probe:
        return probe.connect_ex(place) == 0


def free_port():
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return probe.getsockname()[1]


def owner_of_postgres():
    """Return who may read an embedded PostgreSQL's socket, where that is not everybody here."""
    return "pgserver" if os.geteuid() == 0 else None


def find_program(name):
    beside_python = Path(sys.executable).with_name(name)
    # Debian keeps web servers where only root's PATH leads.
    path = f"{os.environ['PATH']}{os.pathsep}/usr/sbin"
    return str(beside_python) if beside_python.exists() else shutil.which(name, path=path)


# Apache


def why_no_apache():
    """Return why Apache cannot be tested here; nothing if it can."""
    if find_program("apache2") is None:
        return "apache2 is not installed"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = [each.name for each in APACHE_MODULES.glob("mod_wsgi.so-*")]
    if f"mod_wsgi.so-{version}" not in found:
        return f"mod_wsgi is {', '.join(found) or 'not installed'}, and this is Python {version}"
    closed = [
        each
        for each in (ROOT, Path(sys.prefix), *packages())
        if owner_of_postgres() and is_closed(each)
    ]
    return f"{closed[0]} is closed to the user that Apache runs as" if closed else ""


def packages():
    """Return the folders in which this Python finds what is installed."""
    return [Path(each) for each in sys.path if each.endswith("site-packages")]


def is_closed(path):
    """Tell whether others may not look into a folder, or into one above it."""
    return not all(each.stat().st_mode & 0o001 for each in (path, *path.parents))


APACHE = """
ServerRoot {directory}
ServerName {address}
PidFile {directory}/pid
ErrorLog /dev/stderr
LogLevel warn
DefaultRuntimeDir {directory}
Mutex file:{directory} default
WSGISocketPrefix {directory}/wsgi
Listen {address}:{port}
Define SCHOOLS {example}
Define SCHOOLS_PYTHON {python}
Define SCHOOLS_PATH {path}
Define SCHOOLS_STATIC {static}
Define SCHOOLS_PORT {port}
<Directory />
    Require all denied
</Directory>
"""


@contextmanager
def apache(environment):
    """Serve by Apache with mod_wsgi, from the committed files as they are; give the port."""
    port = free_port()
    with open_directory() as directory:
        configuration = directory / "apache.conf"
        configuration.write_text(apache_configuration(directory, port, environment))
        command = [find_program("apache2"), "-f", str(configuration), "-DFOREGROUND"]
        # Where modules are, its configuration says.
        own = {key: value for key, value in environment.items() if key != "PYTHONPATH"}
        with running(command, directory, own, (ADDRESS, port)):
            yield port


def apache_configuration(directory, port, environment):
    modules = ("mpm_event", "authz_core", "alias", "wsgi")
    user = owner_of_postgres()
    committed = [
        each
        for kind in ("conf-available", "sites-available")
        for each in sorted((DEPLOY / "apache" / kind).glob("*.conf"))
    ]
    return "\n".join(
        [
            *(f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so" for name in modules),
            APACHE.format(
                directory=directory,
                address=ADDRESS,
                port=port,
                example=EXAMPLE,
                # A virtual environment, as the README says, wherever it is of Debian's Python.
                python=sys.prefix if sys.base_prefix == "/usr" else "/usr",
                path=":".join(map(str, (EXAMPLE, ROOT, *packages()))),
                static=environment["SCHOOLS_STATIC"],
            ),
            f"User {user}\nGroup {user}" if user else "",
            *(f"Include {each}" for each in committed),
            "",
        ]
    )


# nginx, before gunicorn or Daphne


def why_no_nginx(program):
    """Return why nginx cannot be tested here before a program; nothing if it can."""
    missing = [each for each in ("nginx", program) if find_program(each) is None]
    return f"{' and '.join(missing)} not installed" if missing else ""


NGINX = """
daemon off;
worker_processes 2;
pid {directory}/pid;
error_log stderr;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/upgrade.conf;
    include {directory}/sites-available/*.conf;
}}
"""


@contextmanager
def nginx(environment, backend):
    """Serve by nginx, from the committed files with other places in them; give the port."""
    port = free_port()
    with open_directory() as directory:
        site = f"{directory}/site.sock"
        copy_configuration(directory, port, site, environment["SCHOOLS_STATIC"])
        command = [find_program("nginx"), "-p", str(directory), "-c", f"{directory}/nginx.conf"]
        with running(backend(site), directory, environment, site):
            Path(site).chmod(0o777)
            with running(command, directory, environment, (ADDRESS, port)):
                yield port


def copy_configuration(directory, port, site, static):
    places = {
        r"listen 80\b": f"listen {ADDRESS}:{port}",
        "/srv/boarding-schools/example/deploy/nginx": str(directory),
        "/srv/boarding-schools/example/deploy/static": static,
        "/run/boarding-schools/gunicorn.sock": site,
        # As nginx would say it if it had a certificate.
        r"\$scheme\b": "$http_x_tests_scheme",
    }
    shutil.copytree(DEPLOY / "nginx", directory, dirs_exist_ok=True)
    for file in directory.rglob("*.conf"):
        text = file.read_text()
        for old, new in places.items():
            text = re.sub(old, new, text)
        file.write_text(text)
    user = owner_of_postgres()
    main = NGINX.format(directory=directory, user=f"user {user} {user};" if user else "")
    (directory / "nginx.conf").write_text(main)


def gunicorn(site):
    config = ("--config", "deploy/gunicorn.conf.py")
    return [find_program("gunicorn"), *config, "--bind", f"unix:{site}"]


def daphne(site):
    """Return the command of the committed service, with another socket."""
    unit = (DEPLOY / "systemd" / "daphne.service").read_text()
    _program, *arguments = re.search(r"^ExecStart=(.+)$", unit, re.MULTILINE)[1].split()
    return [find_program("daphne"), *(site if "/" in each else each for each in arguments)]


# Who asks


class Visitor:
    """A browser that says which host it wants, in whatever words."""

    def __init__(self, port, host):
        self.port, self.host = port, host
        self.cookies = {}

    def ask(self, path, *, host=None, method="GET", body=None, headers=()):
        """Return a response's status and text; `host` is one Host header, or a list of them."""
        connection = http.client.HTTPConnection(ADDRESS, self.port, timeout=60)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers(host, body, dict(headers)):
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            if host is None and path.startswith("/"):  # another host has cookies of its own
                self.keep_cookies(response)
            return response.status, response.read().decode()
        finally:
            connection.close()

    def keep_cookies(self, response):
        for line in response.headers.get_all("Set-Cookie", ()):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value

    def headers(self, host, body, others):
        hosts = self.host if host is None else host
        for each in [hosts] if isinstance(hosts, str) else hosts:
            yield "Host", each
        if self.cookies:
            yield "Cookie", "; ".join(f"{key}={value}" for key, value in self.cookies.items())
        if body is not None:
            yield "Content-Type", "application/x-www-form-urlencoded"
            yield "Content-Length", str(len(body))
        yield from others.items()

    def log_in(self, username, password, headers=()):
        status, page = self.ask("/login/", headers=headers)
        assert status == 200, page
        token = re.search(r'name="csrfmiddlewaretoken" value="(.+?)"', page)[1]
        form = {"username": username, "password": password, "csrfmiddlewaretoken": token}
        body = urlencode(form).encode()
        status, page = self.ask("/login/", method="POST", body=body, headers=headers)
        assert status == 302, page

    def enter(self, schema):
        status, page = self.ask(f"/__change_schema__/{schema}/")
        assert status == 200, page
