"""Two tabs at two schools, each by its address."""

import pytest

from tests.browser.test_switching import HAMILTON, RIVERSIDE, heading

expect = pytest.importorskip("playwright.sync_api").expect


def test_two_tabs_work_at_two_schools_at_once(person, look):
    tab = person.log_in("tomas")
    tab.goto(person.site.address + "/pupils/?__schema=stmarys")

    beside = person.open("/riverside/pupils/")
    beside.get_by_role("link", name="Enrol a pupil").click()
    beside.get_by_label("Name").fill("Nora Beside")
    beside.get_by_label("House").select_option(label="Heron")
    beside.get_by_label("Country").select_option(label="Norway")
    tab.reload()
    beside.get_by_role("button", name="Enrol").click()

    expect(heading(beside)).to_have_text(f"Pupils of {RIVERSIDE}")
    expect(beside.get_by_role("table")).to_contain_text("Nora Beside")
    expect(tab.get_by_role("table")).to_contain_text("Hugo Lindqvist")
    assert beside.url == person.site.address + "/riverside/pupils/"
    assert person.site.schools_of("Nora Beside") == ["riverside"]
    look(beside, "prefix")


def test_what_other_tabs_do_is_nothing_to_a_page_below_a_prefix(person):
    tab = person.log_in("anna")
    tab.goto(person.site.address + "/pupils/?__schema=hamilton")
    beside = person.open("/hamilton/pupils/")

    tab.goto(person.site.address + "/pupils/?__schema=riverside")
    expect(heading(tab)).to_have_text(f"Pupils of {RIVERSIDE}")
    beside.bring_to_front()
    beside.evaluate("window.dispatchEvent(new Event('focus'))")

    expect(heading(beside)).to_have_text(f"Pupils of {HAMILTON}")
    expect(beside.locator("#boardinghouse-moved")).to_have_count(0)
    expect(tab.locator("#boardinghouse-moved")).to_have_count(0)


def test_the_switcher_leads_to_the_other_address(person):
    tab = person.log_in("anna")
    tab.goto(person.site.address + "/pupils/?__schema=hamilton")
    beside = person.open("/hamilton/pupils/")

    beside.get_by_label("Where to be").select_option(label=RIVERSIDE)

    expect(heading(beside)).to_have_text(f"Pupils of {RIVERSIDE}")
    assert beside.url == person.site.address + "/riverside/pupils/"
    tab.reload()
    expect(heading(tab)).to_have_text(f"Pupils of {HAMILTON}")


def test_the_admin_has_its_switcher_below_a_prefix_too(person, look):
    tab = person.log_in("admin")
    tab.goto(person.site.address + "/hamilton/admin/pupils/pupil/")
    expect(tab.locator("#result_list")).to_contain_text("Ada Whitlock")
    look(tab, "prefix-admin")

    tab.get_by_label("Where to be").select_option(label=RIVERSIDE)

    expect(tab.locator("#result_list")).to_contain_text("Elias Berg")
    assert tab.url == person.site.address + "/riverside/admin/pupils/pupil/"


def test_a_notice_is_shown(person, look):
    # A browser asks for an icon of a page that is plain text.
    person.context.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    tab = person.log_in("anna")
    tab.goto(person.site.address + "/hamilton/notices/")
    look(tab, "notices")

    tab.get_by_role("link", name="Timetable").click()

    expect(tab.locator("body")).to_contain_text(f"Timetable of {HAMILTON}")
    assert tab.url == person.site.address + "/hamilton/media/notices/timetable.txt"
