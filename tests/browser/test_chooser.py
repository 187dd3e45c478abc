"""The page on which a person chooses: few, and five thousand."""

import pytest

from tests.browser.conftest import notes

expect = pytest.importorskip("playwright.sync_api").expect

CHOOSER = "/__change_schema__/"


def test_shows_what_one_may_enter_and_marks_where_one_is(person, take):
    tab = person.log_in("anna")
    tab.goto(f"{person.site.address}/pupils/?__schema=hamilton")

    tab.goto(f"{person.site.address}{CHOOSER}?next=/pupils/")

    expect(tab.locator(".boardinghouse-choices button")).to_have_count(2)
    expect(tab.locator("[aria-current]")).to_contain_text("Hamilton Hall")
    take(tab, "chooser", height=330)
    tab.get_by_role("button", name="Riverside School").click()
    expect(tab).to_have_url(f"{person.site.address}/pupils/")


def test_works_with_the_keyboard_alone(person):
    tab = person.log_in("anna")
    tab.goto(f"{person.site.address}/pupils/")
    wanted = tab.get_by_role("button", name="Riverside School")

    for _ in range(20):
        tab.keyboard.press("Tab")
        if wanted.evaluate("button => button === document.activeElement"):
            break
    expect(wanted).to_be_focused()
    tab.keyboard.press("Enter")

    expect(tab.get_by_role("heading", name="Pupils of Riverside School")).to_be_visible()


def test_the_way_out_leads_nowhere(person):
    tab = person.log_in("anna")
    tab.goto(f"{person.site.address}/?__schema=hamilton")
    tab.goto(f"{person.site.address}{CHOOSER}")

    tab.get_by_role("button", name="Leave, and be nowhere").click()

    expect(tab.get_by_role("heading", name="Which school?")).to_be_visible()


class TestFiveThousand:
    def test_are_paged_and_searched(self, person, many, take, look):
        tab = person.log_in("admin")
        tab.goto(f"{person.site.address}{CHOOSER}?next=/pupils/")
        timing = tab.evaluate("performance.getEntriesByType('navigation')[0].duration")
        notes.append(f"the chooser of 5,000 schemata was there after {timing:.0f} ms")
        take(tab, "chooser-many", height=640)

        tab.get_by_role("link", name="Next").click()
        expect(tab.get_by_text("Page 2 of 101")).to_be_visible()
        tab.get_by_label("Search").fill("school 4999")
        tab.keyboard.press("Enter")

        expect(tab.locator(".boardinghouse-choices button")).to_have_count(1)
        look(tab, "chooser-search")
        assert tab.locator("input[name=next]").first.input_value() == "/pupils/"

    def test_are_searched_with_the_keyboard_alone(self, person, many):
        tab = person.log_in("admin")
        tab.goto(f"{person.site.address}/pupils/")
        expect(tab.get_by_label("Search")).to_be_focused()

        tab.keyboard.type("hamilton")
        tab.keyboard.press("Enter")
        expect(tab.locator(".boardinghouse-choices button")).to_have_count(1)
        for _ in range(2):
            tab.keyboard.press("Tab")
        tab.keyboard.press("Enter")

        expect(tab.get_by_role("heading", name="Pupils of Hamilton Hall")).to_be_visible()

    def test_say_so_when_nothing_is_found(self, person, many, look):
        tab = person.log_in("admin")

        tab.goto(f"{person.site.address}{CHOOSER}?q=nothing+like+it")

        expect(tab.get_by_text("Nothing that you may enter matches")).to_be_visible()
        look(tab, "chooser-nothing")
