"""One side of a comparison: a process of its own that requests pages, and says what they cost.

It is told what to do in lines of JSON on stdin, and answers with one line of JSON each.
"""

import io
import json
import os
import statistics
import sys
import time

PAGES = ("private", "shared", "neither", "anonymous")
PLACES = 20
MEMBER, STRANGER = "member", "stranger"


def schemata():
    return [f"school_{number:02}" for number in range(PLACES)]


class Side:
    """The site, its sessions, and the WSGI handler that answers."""

    def __init__(self, is_ours):
        self.is_ours = is_ours

    def start(self):
        from django.core.management import call_command
        from django.core.wsgi import get_wsgi_application

        self.answer = get_wsgi_application()
        call_command("migrate", verbosity=0)
        member, stranger = self.create_users()
        self.fill(member)
        self.environs = {page: self.environs_of(page, member) for page in PAGES}
        self.refused = self.environ(
            "private", {"sessionid": self.create_session(stranger, schemata()[0])}
        )
        self.analyse()
        return self.check()

    def create_users(self):
        from django.contrib.auth.models import User

        return [User.objects.create_user(name) for name in (MEMBER, STRANGER)]

    def fill(self, member):
        """Give each schema a number of rows of its own, so that a count proves where it was."""
        from benchmarks.pages.models import Holiday, Pupil

        Holiday.objects.bulk_create(Holiday(name="holiday") for _ in range(PLACES))
        if not self.is_ours:
            Pupil.objects.bulk_create(Pupil(name="pupil") for _ in range(PLACES))
            return
        from boardinghouse.schema import get_schema_model, override

        member.schemata.set(get_schema_model().objects.mass_create(*schemata()))
        for rows, schema in enumerate(schemata(), 1):
            with override(schema):
                Pupil.objects.bulk_create(Pupil(name="pupil") for _ in range(rows))

    def analyse(self):
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")

    def environs_of(self, page, member):
        """Return what to ask for, and the body to expect: one request for each schema."""
        made = []
        for rows, schema in enumerate(schemata(), 1):
            session = None if page == "anonymous" else self.create_session(member, schema)
            cookies = {"sessionid": session, "boardinghouse_schema": schema} if session else {}
            count = rows if self.is_ours and page == "private" else PLACES
            body = str(count) if page in ("private", "shared") else "nothing"
            path = "neither" if page == "anonymous" else page
            made.append((self.environ(path, cookies), body.encode()))
        return made

    def create_session(self, user, schema):
        from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
        from django.contrib.sessions.backends.db import SessionStore

        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session["schema"] = schema
        session.create()
        return session.session_key

    def environ(self, page, cookies):
        """Return what a browser with these cookies sends; plain Django leaves one unread."""
        from django.test import RequestFactory

        header = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return RequestFactory().get(f"/{page}/", HTTP_COOKIE=header).environ

    def check(self):
        """Prove that the pages are right, and that membership is checked; say who answers."""
        import django
        import psycopg
        from django.db import connection

        for requests in self.environs.values():
            for environ, body in requests:
                self.request(environ, body)
        if self.is_ours:
            self.request(self.refused, status="403 Forbidden")
        return {
            "python": sys.version.split()[0],
            "django": django.__version__,
            "psycopg": psycopg.__version__,
            "postgresql": connection.connection.info.parameter_status("server_version"),
        }

    def request(self, environ, body=None, *, status="200 OK"):
        """Make a request; return the seconds until its client has the answer, and in all."""
        begin = time.perf_counter()
        response = self.ask(environ, body, status)
        middle = time.perf_counter()
        response.close()
        return middle - begin, time.perf_counter() - begin

    def ask(self, environ, body=None, status="200 OK"):
        """Return the response to a request, read but not closed."""
        answered = []
        environ = {**environ, "wsgi.input": io.BytesIO()}
        response = self.answer(environ, lambda status, headers, *_: answered.append(status))
        content = b"".join(response)
        if answered != [status] or body not in (None, content):
            raise RuntimeError(f"{environ['PATH_INFO']} answered {answered} {content!r}")
        return response

    def trace(self, page):
        """Return the statements of one request: while the client waits, and after."""
        from django.db import connection

        from benchmarks.trips import traced

        with traced(connection.connection) as waiting:
            response = self.ask(*self.environs[page][PLACES // 2])
        with traced(connection.connection) as after:
            response.close()
        return {"waiting": waiting, "after": after}

    def measure(self, page, requests):
        """Return the median seconds of so many requests, which go round the schemata."""
        todo = self.environs[page]
        for number in range(min(requests, PLACES)):
            self.request(*todo[number])
        times = [self.request(*todo[number % PLACES]) for number in range(requests)]
        response, total = map(statistics.median, zip(*times, strict=True))
        return {"response": response, "total": total}


def main():
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    side = Side(is_ours=os.environ["BENCHMARKS_SIDE"] == "ours")
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        sys.stdout.write(json.dumps(getattr(side, name)(*arguments)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
