"""Being elsewhere: in the header, by link, and asked first when another site wants it."""

import pytest

from tests.browser.conftest import NARROW, elsewhere

expect = pytest.importorskip("playwright.sync_api").expect

HAMILTON, RIVERSIDE = "Hamilton Hall", "Riverside School"


def heading(tab):
    return tab.get_by_role("heading", level=1)


class TestHeader:
    def test_a_choice_in_the_list_is_a_switch_and_comes_back_to_the_page(self, person, take, look):
        tab = person.log_in("anna")
        look(tab, "home")
        expect(tab.get_by_role("button", name="Go", exact=True)).to_be_hidden()
        tab.goto(person.site.address + "/pupils/?__schema=riverside")

        tab.get_by_label("Where to be").select_option(label=HAMILTON)

        expect(heading(tab)).to_have_text(f"Pupils of {HAMILTON}")
        expect(tab.get_by_role("table")).to_contain_text("Ada Whitlock")
        take(tab, "switcher", height=330)

    def test_without_scripts_there_is_a_button(self, meet, look):
        person = meet(java_script_enabled=False)
        tab = person.log_in("anna")
        tab.get_by_label("Where to be").select_option(label=HAMILTON)
        look(tab, "switcher-without-scripts")

        tab.get_by_role("button", name="Go", exact=True).click()

        expect(heading(tab)).to_have_text(HAMILTON)

    def test_with_the_keyboard_the_arrows_look_and_the_button_goes(self, person):
        tab = person.log_in("tomas")
        tab.goto(person.site.address + "/pupils/?__schema=hamilton")
        tab.get_by_label("Where to be").focus()

        tab.keyboard.press("ArrowDown")
        tab.keyboard.press("ArrowDown")
        expect(heading(tab)).to_have_text(f"Pupils of {HAMILTON}")
        tab.keyboard.press("Tab")
        expect(tab.get_by_role("button", name="Go", exact=True)).to_be_focused()
        tab.keyboard.press("Enter")

        expect(heading(tab)).to_have_text("Pupils of St Mary's College")

    def test_above_fifteen_it_searches_in_the_chooser_and_sends_no_token(self, person, many, look):
        tab = person.log_in("admin")
        look(tab, "switcher-many")

        tab.get_by_label("Search").fill("river")
        tab.keyboard.press("Enter")

        expect(tab.get_by_role("button", name=RIVERSIDE)).to_be_visible()
        assert "csrf" not in tab.url
        tab.get_by_role("button", name=RIVERSIDE).click()
        expect(heading(tab)).to_have_text(RIVERSIDE)


class TestLinks:
    def test_a_link_of_the_site_switches_and_leaves_a_plain_address(self, person):
        tab = person.log_in("anna")
        tab.goto(person.site.address + "/?__schema=hamilton")

        tab.get_by_role("link", name=f"Pupils of {RIVERSIDE}").click()

        expect(heading(tab)).to_have_text(f"Pupils of {RIVERSIDE}")
        assert tab.url == person.site.address + "/pupils/"

    def test_a_link_of_another_site_asks_first(self, person, take):
        tab = person.log_in("anna")
        tab.goto(person.site.address + "/pupils/?__schema=hamilton")
        link = f'<a href="{person.site.address}/pupils/?__schema=riverside">Look</a>'

        elsewhere(person, link)
        tab.goto("http://elsewhere.test/")
        tab.get_by_role("link", name="Look").click()
        go = tab.get_by_role("button", name=f"Go to {RIVERSIDE}")
        expect(go).to_be_focused()
        take(tab, "asked-first", height=420)
        other = person.open("/pupils/")
        expect(heading(other)).to_have_text(f"Pupils of {HAMILTON}")
        tab.keyboard.press("Enter")

        expect(heading(tab)).to_have_text(f"Pupils of {RIVERSIDE}")
        assert tab.url == person.site.address + "/pupils/"

    def test_a_form_of_another_site_changes_nothing(self, person):
        tab = person.log_in("anna")
        tab.goto(person.site.address + "/pupils/?__schema=hamilton")
        form = (
            f'<form method="post" action="{person.site.address}/__change_schema__/">'
            '<input name="schema" value="riverside"><button>Win</button></form>'
        )

        elsewhere(person, form)
        tab.goto("http://elsewhere.test/")
        tab.get_by_role("button", name="Win").click()
        tab.wait_for_url(person.site.address + "/**")

        tab.goto(person.site.address + "/pupils/")
        expect(heading(tab)).to_have_text(f"Pupils of {HAMILTON}")


def test_somebody_who_belongs_nowhere_is_told_kindly(meet, look):
    person = meet(viewport=NARROW)
    tab = person.log_in("cara")

    tab.get_by_role("link", name="Pupils").click()

    expect(tab.get_by_text("You do not belong anywhere yet.")).to_be_visible()
    look(tab, "nowhere-narrow")
