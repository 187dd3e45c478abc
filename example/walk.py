"""A walk through the site over HTTP, as its users would: ``run.py --check``."""

import json
import re
import secrets
import socket
from base64 import b64encode
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from importlib.util import find_spec
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, Request, build_opener

from pupils.schools import PASSWORD


@dataclass(frozen=True)
class Page:
    """What a browser shows in the end, redirects followed."""

    status: int
    path: str
    text: str

    @property
    def words(self) -> str:
        """What a person reads, on one line."""
        return " ".join(re.sub(r"(?s)<style.*?</style>|<[^>]*>", " ", self.text).split())


class Browser:
    """One person's browser: it keeps cookies and follows redirects."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies = CookieJar()
        self.opener = build_opener(HTTPCookieProcessor(self.cookies))

    def get(self, path: str, **headers: str) -> Page:
        return self._open(Request(self.address + path, headers=as_headers(headers)))

    def post(self, path: str, fields: dict[str, str], **headers: str) -> Page:
        """Send a form as a page of the site would, with its CSRF token."""
        return self.post_without_token(path, {**fields, **self._token()}, **headers)

    def post_without_token(self, path: str, fields: dict[str, str], **headers: str) -> Page:
        data = urlencode(fields).encode()
        return self._open(Request(self.address + path, data, as_headers(headers)))

    def log_in(self, username: str) -> Page:
        self.get("/login/")
        return self.post("/login/", {"username": username, "password": PASSWORD})

    def _token(self) -> dict[str, str]:
        cookies = {cookie.name: cookie.value or "" for cookie in self.cookies}
        return {"csrfmiddlewaretoken": cookies.get("csrftoken", "")}

    def _open(self, request: Request) -> Page:
        try:
            response: HTTPResponse | HTTPError = self.opener.open(request, timeout=30)
        except HTTPError as error:
            response = error
        with response:
            text = response.read().decode()
        address = urlsplit(response.url)
        return Page(response.status or 0, address.path, text)


class OpenPage:
    """The socket of an open page; it only listens. https://www.rfc-editor.org/rfc/rfc6455"""

    def __init__(self, browser: Browser, path: str) -> None:
        host, port = browser.address.removeprefix("http://").split(":")
        self.path = path
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        self.incoming = self.socket.makefile("rb")
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies)
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {host}:{port}",
            f"Origin: {browser.address}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {b64encode(secrets.token_bytes(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            f"Cookie: {cookies}",
        ]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self.status = int(self.incoming.readline().split()[1])
        while self.incoming.readline().strip():
            pass

    def hear(self, kind: str) -> Page:
        """Return the next frame of a kind, or the code with which the socket was closed."""
        if self.status != OPENED:
            return Page(self.status, self.path, self.incoming.read().decode())
        while True:
            first, length = self.incoming.read(2)
            if length == 126:
                length = int.from_bytes(self.incoming.read(2), "big")
            content = self.incoming.read(length)
            if first & 0x0F == CLOSE:
                return Page(int.from_bytes(content[:2], "big"), self.path, "")
            if json.loads(content)["type"] == kind:
                return Page(self.status, self.path, content.decode())

    def close(self) -> None:
        self.incoming.close()
        self.socket.close()


OPENED = 101
CLOSE = 8


def as_headers(headers: dict[str, str]) -> dict[str, str]:
    """Spell keyword arguments as headers, and accept pages as a browser does."""
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"Accept": "text/html,*/*;q=0.8", **spelled}


class Walk:
    """Says what is right and what is not, step by step."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.failures = 0

    def browser(self) -> Browser:
        return Browser(self.address)

    def expect(
        self,
        sentence: str,
        page: Page,
        *,
        status: int = 200,
        path: str | None = None,
        words: str | None = None,
        shows: Iterable[str] = (),
        hides: Iterable[str] = (),
    ) -> None:
        """Print the sentence with ok or FAILED, and what the page should have been."""
        wrong = [f"no {text!r} on the page" for text in shows if text not in page.text]
        wrong += [f"{text!r} is on the page" for text in hides if text in page.text]
        if page.status != status:
            wrong.append(f"status {page.status}, not {status}")
        if path is not None and page.path != path:
            wrong.append(f"ended at {page.path}, not {path}")
        if words not in (None, page.words):
            wrong.append(f"the words are not {words!r}")
        print(f"  {'FAILED' if wrong else 'ok':8}{sentence}", flush=True)
        if wrong:
            self.failures += 1
            print(f"          {'; '.join(wrong)}\n          {page.words[:300]}")


def walk_through(address: str) -> int:
    """Walk through the whole site; return how many steps failed."""
    walk = Walk(address)
    parts = [
        walk_as_nobody,
        switch_in_each_way,
        walk_with_two_roles,
        be_refused,
        enrol_a_pupil,
        send_a_stale_form,
        come_from_elsewhere,
        work_in_two_schools_at_once,
        read_a_notice,
        walk_with_one_school,
        walk_with_no_school,
        walk_as_superuser,
        change_who_is_logged_in,
    ]
    if find_spec("channels") and find_spec("daphne"):
        parts.append(talk)
    for part in parts:
        print(f"\n{part.__doc__}")
        part(walk)
    return walk.failures


HAMILTON = "Ada Whitlock"
RIVERSIDE = "Elias Berg"
ST_MARYS = "Hugo Lindqvist"


def walk_as_nobody(walk: Walk) -> None:
    """Without a login"""
    nobody = walk.browser()
    walk.expect("the front page is open", nobody.get("/"), shows=["Log in"])
    walk.expect("pupils need a login", nobody.get("/pupils/"), path="/login/")
    walk.expect("no school may be chosen", nobody.get("/?__schema=hamilton"), status=403)
    walk.expect(
        "nor by header",
        nobody.get("/pupils/", X_Change_Schema="hamilton"),
        status=403,
        hides=[HAMILTON],
    )


def switch_in_each_way(walk: Walk) -> None:
    """Anna belongs to Hamilton and Riverside: switching"""
    anna = walk.browser()
    walk.expect("she logs in", anna.log_in("anna"), path="/", shows=["Which school?"])
    walk.expect(
        "pupils without a school lead to the choice of hers",
        anna.get("/pupils/"),
        path="/__change_schema__/",
        shows=["Hamilton Hall", "Riverside School"],
        hides=["St Mary", HAMILTON, RIVERSIDE],
    )
    walk.expect(
        "?__schema= shows Hamilton's pupils, at the page's own address",
        anna.get("/pupils/?__schema=hamilton"),
        path="/pupils/",
        shows=[HAMILTON, "Pupils of Hamilton Hall"],
        hides=[RIVERSIDE, ST_MARYS],
    )
    walk.expect(
        "X-Change-Schema answers from Riverside at once",
        anna.get("/api/pupils/", X_Change_Schema="riverside"),
        shows=[RIVERSIDE],
        hides=[HAMILTON],
    )
    walk.expect("and stays there", anna.get("/pupils/"), shows=[RIVERSIDE], hides=[HAMILTON])
    walk.expect(
        "/__change_schema__/hamilton/ says so",
        anna.get("/__change_schema__/hamilton/"),
        shows=["Schema changed to "],
    )
    walk.expect("and it is so", anna.get("/pupils/"), shows=[HAMILTON], hides=[RIVERSIDE])
    walk.expect(
        "the form switches and comes back to the page",
        anna.post("/__change_schema__/", {"schema": "riverside", "next": "/pupils/"}),
        path="/pupils/",
        shows=[RIVERSIDE],
        hides=[HAMILTON],
    )
    walk.expect(
        "a form from elsewhere changes nothing",
        anna.post_without_token("/__change_schema__/", {"schema": "hamilton"}),
        status=403,
    )
    walk.expect("she is still at Riverside", anna.get("/pupils/"), shows=[RIVERSIDE])
    walk.expect(
        "deselecting works",
        anna.post("/__change_schema__/", {"schema": "", "next": "/"}),
        path="/",
        shows=["Which school?"],
    )


def walk_with_two_roles(walk: Walk) -> None:
    """Anna is an editor at Hamilton and a reader at Riverside"""
    anna = walk.browser()
    anna.log_in("anna")
    walk.expect(
        "Hamilton's staff is open to her",
        anna.get("/staff/?__schema=hamilton"),
        shows=["Ms Harrow"],
        hides=["Mr Waters"],
    )
    walk.expect(
        "Riverside's is not",
        anna.get("/staff/?__schema=riverside"),
        status=403,
        hides=["Ms Harrow", "Mr Waters"],
    )


def be_refused(walk: Walk) -> None:
    """Anna tries what she may not"""
    anna = walk.browser()
    anna.log_in("anna")
    anna.get("/?__schema=hamilton")
    forbidden = anna.get("/pupils/?__schema=stmarys")
    walk.expect("St Mary's is refused", forbidden, status=403, hides=[ST_MARYS, HAMILTON])
    walk.expect(
        "and no other school is active either", anna.get("/pupils/"), path="/__change_schema__/"
    )
    walk.expect(
        "a school that does not exist is refused in the same words",
        anna.get("/pupils/?__schema=nosuchschool"),
        status=403,
        words=forbidden.words,
    )
    walk.expect(
        "and the header is refused alike",
        anna.get("/api/pupils/", X_Change_Schema="stmarys"),
        status=403,
        hides=[ST_MARYS],
    )
    walk.expect(
        "and the address", anna.get("/__change_schema__/stmarys/"), status=403, hides=["stmarys"]
    )


def enrol_a_pupil(walk: Walk) -> None:
    """Tomas edits at two schools"""
    tomas = walk.browser()
    tomas.log_in("tomas")
    form = tomas.get("/pupils/new/?__schema=riverside")
    walk.expect("he opens Riverside's form", form, shows=["Heron"], hides=["Abbey", "North"])
    walk.expect(
        "he enrols a pupil there",
        tomas.post("/pupils/new/", {"name": "Kalle Newcomer", "house": "1", "country": "NO"}),
        path="/pupils/",
        shows=["Kalle Newcomer", RIVERSIDE],
    )
    walk.expect(
        "Kalle is not at St Mary's",
        tomas.get("/pupils/?__schema=stmarys"),
        shows=[ST_MARYS],
        hides=["Kalle Newcomer"],
    )
    walk.expect(
        "nor at Hamilton",
        tomas.get("/pupils/?__schema=hamilton"),
        shows=[HAMILTON],
        hides=["Kalle Newcomer"],
    )
    walk.expect(
        "where he is a reader and may not enrol",
        tomas.post("/pupils/new/", {"name": "Lea Refused", "house": "1", "country": "NO"}),
        status=403,
    )


def send_a_stale_form(walk: Walk) -> None:
    """Tomas opens a form, and another tab moves on"""
    tomas = walk.browser()
    tomas.log_in("tomas")
    tomas.get("/pupils/new/?__schema=riverside")
    tomas.get("/pupils/?__schema=stmarys")
    typed = {"name": "Lena Latecomer", "house": "1", "country": "NO"}
    made_in = {"__expected_schema": "riverside"}
    walk.expect(
        "what he typed is kept, and nothing is saved",
        tomas.post("/pupils/new/", {**typed, **made_in}),
        status=409,
        shows=["Riverside School", "St Mary", "Lena Latecomer", "send it there"],
    )
    walk.expect("not at St Mary's", tomas.get("/pupils/"), shows=[ST_MARYS], hides=["Lena"])
    walk.expect(
        "he goes back to Riverside and saves it there",
        tomas.post("/pupils/new/?__schema=riverside", {**typed, **made_in}),
        path="/pupils/",
        shows=["Lena Latecomer", RIVERSIDE],
    )
    walk.expect(
        "a script is told in JSON",
        tomas.post("/pupils/new/", typed, X_Expected_Schema="stmarys", Accept="application/json"),
        status=409,
        shows=['"expected": "stmarys"', '"active": "riverside"'],
    )


def come_from_elsewhere(walk: Walk) -> None:
    """Anna follows a link on another site"""
    anna = walk.browser()
    anna.log_in("anna")
    anna.get("/pupils/?__schema=hamilton")
    walk.expect(
        "it asks her first",
        anna.get("/pupils/?__schema=riverside", Sec_Fetch_Site="cross-site"),
        shows=["A link from elsewhere", "Go to Riverside School"],
        hides=[RIVERSIDE],
    )
    walk.expect("she is still at Hamilton", anna.get("/pupils/"), shows=[HAMILTON])
    walk.expect(
        "her own bookmark asks nothing",
        anna.get("/pupils/?__schema=riverside", Sec_Fetch_Site="none"),
        path="/pupils/",
        shows=[RIVERSIDE],
    )


def work_in_two_schools_at_once(walk: Walk) -> None:
    """Anna's session is at Riverside, and her second tab at /hamilton/"""
    anna = walk.browser()
    anna.log_in("anna")
    anna.get("/pupils/?__schema=riverside")
    walk.expect(
        "/hamilton/pupils/ shows Hamilton's, and its links stay there",
        anna.get("/hamilton/pupils/"),
        path="/hamilton/pupils/",
        shows=[HAMILTON, "Pupils of Hamilton Hall", 'href="/hamilton/pupils/new/"'],
        hides=[RIVERSIDE],
    )
    walk.expect("/pupils/ is Riverside's still", anna.get("/pupils/"), shows=[RIVERSIDE])
    walk.expect(
        "she enrols a pupil in the one tab",
        anna.post("/hamilton/pupils/new/", {"name": "Mia Beside", "house": "1", "country": "NO"}),
        path="/hamilton/pupils/",
        shows=["Mia Beside", HAMILTON],
    )
    walk.expect("not in the other", anna.get("/pupils/"), hides=["Mia Beside", HAMILTON])
    walk.expect(
        "the list of schools leads to the other one's address",
        anna.post(
            "/hamilton/__change_schema__/", {"schema": "riverside", "next": "/hamilton/pupils/"}
        ),
        path="/riverside/pupils/",
        shows=[RIVERSIDE],
    )
    forbidden = anna.get("/stmarys/pupils/")
    walk.expect("/stmarys/ is not found", forbidden, status=404, hides=[ST_MARYS])
    walk.expect("as /nosuchschool/ is not", anna.get("/nosuchschool/pupils/"), status=404)
    for address in ("/static/pupils/site.css", "/hamilton/static/pupils/site.css"):
        walk.expect(f"{address} is the style sheet", anna.get(address), shows=[".switcher"])
    walk.expect("logging out leads out", anna.post("/hamilton/logout/", {}), path="/")
    walk.expect("and /hamilton/ is closed", anna.get("/hamilton/pupils/"), status=404)


def read_a_notice(walk: Walk) -> None:
    """A school's timetable is for its people"""
    anna, ben, nobody = walk.browser(), walk.browser(), walk.browser()
    anna.log_in("anna")
    ben.log_in("ben")
    page = anna.get("/notices/?__schema=hamilton")
    notice = "/media/hamilton/notices/timetable.txt"
    walk.expect("the page has its address", page, shows=[f'href="{notice}"'])
    walk.expect("Anna reads it", anna.get(notice), shows=["Timetable of Hamilton Hall"])
    walk.expect(
        "a part of it", anna.get(notice, Range="bytes=0-8"), status=206, shows=["Timetable"]
    )
    walk.expect("Ben, of St Mary's, does not", ben.get(notice), status=404, hides=["Hamilton"])
    walk.expect("nor does anybody without a login", nobody.get(notice), status=404)
    walk.expect(
        "below the prefix its address does not say Hamilton twice",
        anna.get("/hamilton/notices/"),
        shows=['href="/hamilton/media/notices/timetable.txt"'],
    )
    walk.expect(
        "and is hers, too",
        anna.get("/hamilton/media/notices/timetable.txt"),
        shows=["Timetable of Hamilton Hall"],
    )
    anna.get("/pupils/?__schema=riverside")
    walk.expect("at Riverside she does not get Hamilton's", anna.get(notice), status=404)
    walk.expect(
        "but Riverside's of the same name",
        anna.get(notice.replace("hamilton", "riverside")),
        shows=["Timetable of Riverside School"],
    )


def walk_with_one_school(walk: Walk) -> None:
    """Ben belongs to St Mary's only"""
    ben = walk.browser()
    ben.log_in("ben")
    walk.expect("he gets it without asking", ben.get("/pupils/"), path="/pupils/", shows=[ST_MARYS])


def walk_with_no_school(walk: Walk) -> None:
    """Cara belongs to none"""
    cara = walk.browser()
    walk.expect("she logs in", cara.log_in("cara"), shows=["No school yet"])
    walk.expect(
        "she sees no pupils and no schools",
        cara.get("/pupils/"),
        path="/__change_schema__/",
        hides=["Hamilton", "Riverside", "St Mary"],
    )
    walk.expect("and may choose none", cara.get("/?__schema=hamilton"), status=403)


def walk_as_superuser(walk: Walk) -> None:
    """The superuser"""
    admin = walk.browser()
    walk.expect(
        "sees every school",
        admin.log_in("admin"),
        shows=["Hamilton Hall", "Riverside School", "St Mary"],
    )
    walk.expect(
        "and in Django's admin the chosen one's pupils",
        admin.get("/admin/pupils/pupil/?__schema=hamilton"),
        path="/admin/pupils/pupil/",
        shows=[HAMILTON],
        hides=[RIVERSIDE],
    )


def change_who_is_logged_in(walk: Walk) -> None:
    """Two people, one browser"""
    browser = walk.browser()
    browser.log_in("anna")
    browser.get("/?__schema=hamilton")
    walk.expect("Anna logs out", browser.post("/logout/", {}), shows=["Log in"])
    browser.log_in("tomas")
    walk.expect(
        "Tomas does not come into her school", browser.get("/pupils/"), path="/__change_schema__/"
    )


def talk(walk: Walk) -> None:
    """Anna and Tomas talk at Hamilton"""
    anna, tomas, ben = walk.browser(), walk.browser(), walk.browser()
    for browser, username in ((anna, "anna"), (tomas, "tomas"), (ben, "ben")):
        browser.log_in(username)
    people = anna.get("/chat/new/?__schema=hamilton")
    walk.expect("she is offered who is there", people, shows=["tomas"], hides=["> ben"])
    chosen = {"people": key_of("tomas", people)}
    room = anna.post("/chat/new/", chosen)
    walk.expect("their conversation begins", room, shows=["You see messages as they come"])
    tomas.get("/?__schema=hamilton")
    with closing(OpenPage(tomas, f"/ws{room.path}")) as page:
        walk.expect("Tomas opens it", page.hear("ready"), status=OPENED)
        walk.expect("Anna says something", anna.post(room.path, {"text": "Tea at four?"}))
        walk.expect(
            "his open page shows it", page.hear("message"), status=OPENED, shows=["Tea at four?"]
        )
    walk.expect("it is new to him", tomas.get("/chat/"), shows=["1 new", "Tea at four?"])
    walk.expect("until he reads it", tomas.get(room.path), shows=["Tea at four?"])
    walk.expect("then it is not", tomas.get("/chat/"), hides=["1 new"])
    walk.expect("Ben's St Mary's does not have it", ben.get(room.path), status=404)
    with closing(OpenPage(ben, f"/ws{room.path}")) as page:
        walk.expect("and closes his page", page.hear("ready"), status=4403)
    anna.get("/?__schema=riverside")
    walk.expect("nor does Riverside", anna.get(room.path), status=404)
    other = anna.post("/chat/new/", chosen)
    walk.expect("where the same two have another conversation", other, hides=["Tea at four?"])
    if other.path == room.path:
        walk.expect("at another address", other, path="another")


def key_of(username: str, people: Page) -> str:
    """Return the primary key of somebody who is offered for a conversation."""
    found = re.search(rf'name="people" value="(\d+)"> {username}<', people.text)
    return found[1] if found else ""
