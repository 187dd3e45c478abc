"""Two tabs: one moves on, and what the other one shows and sends is not taken for the new place."""

import pytest

from tests.browser.conftest import elsewhere

expect = pytest.importorskip("playwright.sync_api").expect

FORM = "/pupils/new/"
MOVED = "#boardinghouse-moved"
SWITCHER = "form.boardinghouse-switcher"
WITHOUT_FIELD = "document.querySelector('[name=__expected_schema]').remove()"

ADD_FORM = """attributes => {
  const token = document.querySelector('[name=csrfmiddlewaretoken]').value;
  document.querySelector('main').innerHTML = `<form method="post" ${attributes}>
    <input name="action" value="enrol"><input name="method" value="fast">
    <input type="hidden" name="csrfmiddlewaretoken" value="${token}">
    <button>Send</button> <button formmethod="post" formaction="/pupils/new/">Another way</button>
  </form>`;
}"""

# With a token in the body: the mode "no-cors" has no header for it.
SEND = """async ([address, headers, mode]) => {
  const csrfmiddlewaretoken = document.querySelector('[name=csrfmiddlewaretoken]').value;
  const body = new URLSearchParams({ csrfmiddlewaretoken });
  return (await fetch(address, { method: "POST", headers, mode, body })).status;
}"""

SEND_BY_XHR = """({ address = "/pupils/", method = "GET", ...headers }) =>
  new Promise((resolve) => {
  const token = document.querySelector('[name=csrfmiddlewaretoken]').value;
  const request = new XMLHttpRequest();
  request.open(method, address);
  request.setRequestHeader("X-CSRFToken", token);
  Object.entries(headers).forEach((header) => request.setRequestHeader(...header));
  request.onload = () => resolve(request.status);
  request.send();
})"""

EXCHANGE_BODY = """async (address) => {
  const text = await (await fetch(address)).text();
  document.body.replaceWith(new DOMParser().parseFromString(text, "text/html").body);
}"""

ADD_SCRIPT_AGAIN = """new Promise((resolve) => {
  const [before] = document.querySelectorAll("script[data-cookie]");
  const script = document.createElement("script");
  Object.assign(script.dataset, before.dataset, { schema: "stmarys" });
  script.src = before.src;
  script.onload = resolve;
  document.head.append(script);
})"""


def send_pupil(tab, name):
    tab.get_by_label("Name").fill(name)
    tab.get_by_label("House").select_option(index=1)
    tab.get_by_label("Country").select_option(label="Norway")


def shown_in_header(tab):
    return tab.locator(f"{SWITCHER} option:checked")


@pytest.fixture
def tomas(person):
    person.log_in("tomas").close()
    return person


@pytest.fixture
def form(tomas):
    """A tab with a form that was made at Riverside."""
    return tomas.open(f"{FORM}?__schema=riverside")


@pytest.fixture
def moved(tomas, form):
    """The same, after another tab has moved to St Mary's."""
    tab = tomas.open("/")
    tab.get_by_label("Where to be").select_option(label="St Mary's College")
    expect(tab.get_by_role("heading", level=1)).to_have_text("St Mary's College")
    return form


class TestNotice:
    def test_comes_at_once(self, moved, take):
        expect(moved.locator(MOVED)).to_contain_text("This page shows Riverside School")
        take(moved, "moved", height=560)

    def test_goes_when_the_other_tab_comes_back(self, tomas, moved):
        expect(moved.locator(MOVED)).to_be_visible()

        tomas.open("/?__schema=riverside")

        expect(moved.locator(MOVED)).to_have_count(0)

    def test_comes_on_focus_where_tabs_cannot_talk(self, tomas):
        tomas.context.add_init_script("delete window.BroadcastChannel; delete window.cookieStore")
        form = tomas.open(f"{FORM}?__schema=riverside")
        tomas.open("/?__schema=stmarys")
        expect(form.locator(MOVED)).to_have_count(0)

        form.evaluate("window.dispatchEvent(new Event('focus'))")

        expect(form.locator(MOVED)).to_be_visible()

    def test_does_not_come_on_a_page_of_no_school(self, tomas):
        tab = tomas.open("/?__schema=riverside")
        tab.goto(f"{tomas.site.address}/?__schema=")
        expect(tab.get_by_role("heading", name="Which school?")).to_be_visible()

        tab.evaluate("window.dispatchEvent(new Event('focus'))")

        expect(tab.locator(MOVED)).to_have_count(0)

    def test_reloads_a_page_with_a_fragment_too(self, tomas):
        tab = tomas.open("/pupils/?__schema=riverside")
        tab.goto(f"{tomas.site.address}/pupils/#top")
        tomas.open("/?__schema=stmarys")

        tab.get_by_role("link", name="Show this page for where I am now").click()

        expect(tab.get_by_role("heading", level=1)).to_have_text("Pupils of St Mary's College")
        expect(tab.locator(MOVED)).to_have_count(0)

    def test_comes_at_once_when_a_script_switches(self, tomas):
        tomas.context.add_init_script("delete window.cookieStore")
        form = tomas.open(f"{FORM}?__schema=riverside")
        tab = tomas.open("/")

        tab.evaluate("fetch('/pupils/', { headers: { 'X-Change-Schema': 'stmarys' } })")

        expect(form.locator(MOVED)).to_contain_text("This page shows Riverside School")
        expect(tab.locator(MOVED)).to_contain_text("This page shows Riverside School")

    def test_comes_at_once_when_an_older_script_switches(self, tomas):
        tomas.context.add_init_script("delete window.cookieStore")
        form = tomas.open(f"{FORM}?__schema=riverside")
        tab = tomas.open("/")

        tab.evaluate(SEND_BY_XHR, {"X-Change-Schema": "stmarys"})

        expect(form.locator(MOVED)).to_be_visible()

    def test_comes_at_once_when_a_page_without_the_script_switches(self, tomas, form):
        # A browser asks for an icon of a page that is plain text.
        tomas.context.route("**/favicon.ico", lambda route: route.fulfill(status=204))
        tomas.open("/__change_schema__/stmarys/")

        expect(form.locator(MOVED)).to_contain_text("This page shows Riverside School")

    def test_says_names_as_they_are(self, moved):
        expect(moved.locator(MOVED)).to_be_visible()
        moved.locator(SWITCHER).evaluate("form => (form.dataset.name = 'Cash $& Co $$')")

        moved.evaluate(f"document.querySelector('{MOVED}').remove()")
        moved.evaluate("window.dispatchEvent(new Event('focus'))")

        expect(moved.locator(MOVED)).to_contain_text("This page shows Cash $& Co $$, but")


class TestGoingBack:
    """The page is made anew where one is now, and the browser fills in what was typed before."""

    @pytest.fixture
    def filled_in_again(self, tomas, form):
        form.get_by_label("Name").fill("Typed at Riverside")
        form.get_by_role("link", name="Pupils", exact=True).click()
        tomas.open("/?__schema=stmarys")
        form.go_back()
        expect(form.get_by_label("Name")).to_have_value("Typed at Riverside")
        return form

    def test_says_where_it_was_typed(self, filled_in_again, look):
        expect(filled_in_again.locator(MOVED)).to_contain_text("was typed in Riverside School")
        expect(shown_in_header(filled_in_again)).to_have_text("St Mary's College")
        look(filled_in_again, "restored")

    @pytest.mark.parametrize("field", ["with the field", "without"])
    def test_saves_nothing_in_the_other_school(self, tomas, filled_in_again, field):
        if field == "without":
            filled_in_again.evaluate(WITHOUT_FIELD)
        filled_in_again.get_by_label("House").select_option(index=1)
        filled_in_again.get_by_label("Country").select_option(label="Norway")

        filled_in_again.get_by_role("button", name="Enrol").click()

        expect(filled_in_again.get_by_role("heading", level=1)).to_have_text(
            "This was made elsewhere"
        )
        assert tomas.site.schools_of("Typed at Riverside") == []

    def test_is_over_with_a_fresh_page(self, tomas, filled_in_again):
        filled_in_again.get_by_role("link", name="Show this page for where I am now").click()
        expect(filled_in_again.locator(MOVED)).to_have_count(0)
        send_pupil(filled_in_again, "Typed afresh")
        filled_in_again.get_by_role("button", name="Enrol").click()

        expect(filled_in_again.get_by_role("table")).to_contain_text("Typed afresh")
        assert tomas.site.schools_of("Typed afresh") == ["stmarys"]

    def test_is_nothing_to_tell_where_nothing_was_typed(self, tomas, form):
        form.get_by_role("link", name="Pupils", exact=True).click()
        tomas.open("/?__schema=stmarys")
        form.go_back()

        expect(form.get_by_label("Name")).to_have_value("")
        expect(form.locator(MOVED)).to_have_count(0)
        send_pupil(form, "Typed later")
        form.get_by_role("button", name="Enrol").click()
        expect(form.get_by_role("table")).to_contain_text("Typed later")
        assert tomas.site.schools_of("Typed later") == ["stmarys"]

    def test_never_leaves_another_school_in_the_header(self, form):
        form.get_by_label("Where to be").focus()
        form.keyboard.press("ArrowDown")
        form.keyboard.press("ArrowDown")
        form.get_by_role("link", name="Pupils", exact=True).click()

        form.go_back()

        assert shown_in_header(form).inner_text() == "Riverside School"


class TestBodiesThatAreExchanged:
    """By htmx's boost, or by Turbo: no script is run, or one more."""

    @pytest.mark.parametrize("more", ["", ADD_SCRIPT_AGAIN])
    def test_are_from_where_they_were_made(self, tomas, form, more):
        form.evaluate(EXCHANGE_BODY, "/pupils/new/?__schema=stmarys")
        form.evaluate(more or "0")
        form.evaluate(WITHOUT_FIELD)

        send_pupil(form, "Boosted")
        form.get_by_role("button", name="Enrol").click()

        expect(form.get_by_role("table")).to_contain_text("Boosted")
        assert tomas.site.schools_of("Boosted") == ["stmarys"]
        tomas.site.run_sql("DELETE FROM stmarys.pupils_pupil WHERE name = 'Boosted'")

    def test_are_stale_once_another_tab_has_moved(self, tomas, form):
        form.evaluate(EXCHANGE_BODY, "/pupils/new/?__schema=stmarys")
        tomas.open("/?__schema=riverside")
        form.evaluate(WITHOUT_FIELD)
        send_pupil(form, "Nobody")

        form.get_by_role("button", name="Enrol").click()

        expect(form.get_by_role("heading", level=1)).to_have_text("This was made elsewhere")

    def test_are_not_what_the_switcher_asks_for(self, form):
        expect(form.locator(SWITCHER)).to_have_attribute("hx-boost", "false")
        expect(form.locator(SWITCHER)).to_have_attribute("data-turbo", "false")


class TestScriptsThatSwitch:
    @pytest.mark.parametrize(
        ("address", "headers"),
        [("/pupils/new/", {"X-Change-Schema": "stmarys"}), ("/pupils/new/?__schema=stmarys", {})],
    )
    def test_are_served(self, form, address, headers):
        assert form.evaluate(SEND, [address, headers, "cors"]) == 200

    @pytest.mark.parametrize(
        ("address", "headers"),
        [("/pupils/new/", {"X-Change-Schema": "stmarys"}), ("/pupils/new/?__schema=stmarys", {})],
    )
    def test_are_served_with_xhr(self, form, address, headers):
        assert form.evaluate(SEND_BY_XHR, {**headers, "address": address, "method": "POST"}) == 200

    def test_are_served_as_forms_are(self, form):
        form.evaluate(ADD_FORM, 'action="/pupils/new/?__schema=stmarys"')

        form.get_by_role("button", name="Send").click()

        expect(shown_in_header(form)).to_have_text("St Mary's College")


class TestForm:
    def test_is_kept_and_saved_there(self, tomas, moved, take):
        send_pupil(moved, "Lena Nilsen")
        moved.get_by_role("button", name="Enrol").click()
        expect(moved.get_by_role("heading", level=1)).to_have_text("This was made elsewhere")
        assert tomas.site.schools_of("Lena Nilsen") == []
        moved.get_by_text("What you typed").click()
        expect(moved.locator(".boardinghouse-typed")).to_contain_text("Lena Nilsen")
        take(moved, "conflict", height=640)

        moved.get_by_role("button", name="Go back to Riverside School and send it there").click()

        expect(moved.get_by_role("heading", level=1)).to_have_text("Pupils of Riverside School")
        assert tomas.site.schools_of("Lena Nilsen") == ["riverside"]

    def test_is_kept_and_saved_here_all_the_same(self, tomas, moved):
        send_pupil(moved, "<b>Kept</b> Here")
        moved.get_by_role("button", name="Enrol").click()
        moved.get_by_text("What you typed").click()
        expect(moved.locator(".boardinghouse-typed")).to_contain_text("<b>Kept</b> Here")

        moved.get_by_role("button", name="Send it in St Mary's College all the same").click()

        expect(moved.get_by_role("heading", level=1)).to_have_text("Pupils of St Mary's College")
        assert tomas.site.schools_of("<b>Kept</b> Here") == ["stmarys"]

    def test_is_kept_without_scripts(self, meet, site):
        person = meet(java_script_enabled=False)
        person.log_in("tomas")
        form = person.open(f"{FORM}?__schema=riverside")
        person.open("/?__schema=stmarys")
        send_pupil(form, "Kept Plainly")
        form.get_by_role("button", name="Enrol").click()

        form.get_by_role("button", name="Go back to Riverside School and send it there").click()

        expect(form.get_by_role("heading", level=1)).to_have_text("Pupils of Riverside School")
        assert site.schools_of("Kept Plainly") == ["riverside"]

    def test_is_saved_where_it_was_made_if_nobody_moved(self, tomas, form):
        send_pupil(form, "Saved At Once")

        form.get_by_role("button", name="Enrol").click()

        expect(form.get_by_role("heading", level=1)).to_have_text("Pupils of Riverside School")
        assert tomas.site.schools_of("Saved At Once") == ["riverside"]


class TestFormsWithoutTheField:
    """The script says for them where their page was made."""

    def expect_conflict(self, tab):
        expect(tab.get_by_role("heading", level=1)).to_have_text("This was made elsewhere")

    def test_sent_by_a_button(self, moved):
        moved.evaluate(WITHOUT_FIELD)
        send_pupil(moved, "Nobody")

        moved.get_by_role("button", name="Enrol").click()

        self.expect_conflict(moved)

    def test_sent_by_a_script(self, moved):
        moved.evaluate(WITHOUT_FIELD)

        moved.evaluate("document.querySelector('main form').submit()")

        self.expect_conflict(moved)

    def test_with_fields_called_action_and_method(self, moved):
        moved.evaluate(ADD_FORM, 'action="/pupils/new/"')

        moved.get_by_role("button", name="Send").click()

        self.expect_conflict(moved)

    def test_sent_by_a_button_that_says_how_and_where(self, moved):
        moved.evaluate(ADD_FORM, 'action="http://elsewhere.test/"')
        moved.evaluate("document.querySelector('main form').setAttribute('method', 'get')")
        looks = "form => form.addEventListener('submit', () => new FormData(form))"
        moved.locator("main form").evaluate(looks)

        moved.get_by_role("button", name="Another way").click()

        self.expect_conflict(moved)

    def test_but_not_to_another_site(self, tomas, moved):
        moved.evaluate(ADD_FORM, 'action="http://elsewhere.test/"')

        sent = elsewhere(tomas)
        moved.get_by_role("button", name="Send").click()
        moved.wait_for_url("http://elsewhere.test/")

        assert "action=enrol" in sent[0].post_data
        assert "__expected_schema" not in sent[0].post_data

    def test_with_a_file_ask_for_it_again(self, tomas, moved):
        moved.evaluate(ADD_FORM, 'action="/pupils/new/" enctype="multipart/form-data"')
        field = "form => form.insertAdjacentHTML('beforeend', '<input type=file name=photo>')"
        moved.locator("main form").evaluate(field)
        photo = {"name": "lena.txt", "mimeType": "text/plain", "buffer": b"Say cheese"}
        moved.locator("main [name=photo]").set_input_files(photo)
        moved.get_by_role("button", name="Send").click()
        self.expect_conflict(moved)
        there = moved.locator("form", has=moved.get_by_role("button", name="Go back"))

        there.get_by_label("photo").set_input_files(photo)
        sent = there.evaluate("form => [form.enctype, new FormData(form).get('photo').name]")
        assert sent == ["multipart/form-data", "lena.txt"]
        there.get_by_role("button", name="Go back").click()

        expect(moved.get_by_role("heading", level=1)).to_have_text(
            "Enrol a pupil at Riverside School"
        )

    def test_switching_is_no_such_form(self, moved):
        moved.get_by_label("Where to be").select_option(label="St Mary's College")

        expect(moved.get_by_role("heading", level=1)).to_have_text(
            "Enrol a pupil at St Mary's College"
        )


FETCH = """async how => {
  const token = document.querySelector('[name=csrfmiddlewaretoken]').value;
  const options = { method: "POST", headers: { "X-CSRFToken": token } };
  if (how === "xhr") {
    return await new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open("POST", "/pupils/new/");
      request.setRequestHeader("X-CSRFToken", token);
      request.setRequestHeader("Accept", "application/json");
      request.responseType = "json";
      request.onloadend = () => resolve([request.status, request.response]);
      request.send("");
    });
  }
  options.headers.Accept = "application/json";
  const response = how === "fetch"
    ? await fetch("/pupils/new/", options)
    : await fetch(new Request("/pupils/new/", options));
  return [response.status, await response.json()];
}"""


class TestScripts:
    @pytest.mark.parametrize("mode", ["cors", "same-origin", "no-cors"])
    def test_of_a_stale_page_write_nothing(self, moved, mode):
        assert moved.evaluate(SEND, ["/pupils/new/", {}, mode]) == 409

    @pytest.mark.parametrize("how", ["fetch", "fetch of a Request", "xhr"])
    def test_say_where_their_page_was_made(self, moved, how):
        status, told = moved.evaluate(FETCH, how)

        assert status == 409
        assert (told["expected"], told["active"]) == ("riverside", "stmarys")

    def test_tell_another_site_nothing(self, tomas, moved):
        sent = elsewhere(tomas)
        moved.evaluate(
            """async () => {
              await fetch("http://elsewhere.test/a", { method: "POST" });
              const request = new XMLHttpRequest();
              request.open("POST", "http://elsewhere.test/b");
              await new Promise((done) => { request.onloadend = done; request.send(); });
            }"""
        )

        assert [request.method for request in sent] == ["POST", "POST"]
        assert not any("x-expected-schema" in request.headers for request in sent)

    def test_a_fetch_that_cannot_be_sent_is_still_a_promise(self, form):
        caught = form.evaluate("fetch('http://').catch((error) => error.name)")

        assert caught == "TypeError"
