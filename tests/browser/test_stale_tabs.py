"""Two tabs: one moves on, and what the other one shows and sends is not taken for the new place."""

import pytest

from tests.browser.conftest import elsewhere

expect = pytest.importorskip("playwright.sync_api").expect

FORM = "/pupils/new/"
MOVED = "#boardinghouse-moved"


def send_pupil(tab, name):
    tab.get_by_label("Name").fill(name)
    tab.get_by_label("House").select_option(index=1)
    tab.get_by_label("Country").select_option(label="Norway")


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
        tomas.context.add_init_script("delete window.BroadcastChannel")
        form = tomas.open(f"{FORM}?__schema=riverside")
        tomas.open("/?__schema=stmarys")
        expect(form.locator(MOVED)).to_have_count(0)

        form.evaluate("window.dispatchEvent(new Event('focus'))")

        expect(form.locator(MOVED)).to_be_visible()

    def test_reloads_a_page_with_a_fragment_too(self, tomas):
        tab = tomas.open("/pupils/?__schema=riverside")
        tab.goto(f"{tomas.site.address}/pupils/#top")
        tomas.open("/?__schema=stmarys")

        tab.get_by_role("link", name="Show this page for where I am now").click()

        expect(tab.get_by_role("heading", level=1)).to_have_text("Pupils of St Mary's College")
        expect(tab.locator(MOVED)).to_have_count(0)


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


WITHOUT_FIELD = "document.querySelector('[name=__expected_schema]').remove()"

ADD_FORM = """attributes => {
  const token = document.querySelector('[name=csrfmiddlewaretoken]').value;
  document.querySelector('main').innerHTML = `<form method="post" ${attributes}>
    <input name="action" value="enrol"><input name="method" value="fast">
    <input type="hidden" name="csrfmiddlewaretoken" value="${token}">
    <button>Send</button> <button formmethod="post" formaction="/pupils/new/">Another way</button>
  </form>`;
}"""


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
