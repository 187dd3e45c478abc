"""The admin of the example: the switcher on every page, and stale tabs."""

import pytest

expect = pytest.importorskip("playwright.sync_api").expect

PUPILS = "/admin/pupils/pupil/"
PUPIL = "/admin/pupils/pupil/1/change/"


@pytest.fixture
def boss(person):
    person.log_in("admin").close()
    return person


def switch(tab, school):
    tab.get_by_label("Where to be").select_option(label=school)


class TestHeader:
    @pytest.mark.parametrize(
        "path",
        ["/admin/", "/admin/pupils/", "/admin/auth/user/2/change/", "/admin/password_change/"],
    )
    def test_switches_and_comes_back_to_the_page(self, boss, path):
        tab = boss.open(f"{path}?__schema=hamilton")

        switch(tab, "Riverside School")

        expect(tab.locator("#header option[selected]")).to_have_text("Riverside School")
        assert tab.url == boss.site.address + path

    def test_a_list_of_private_objects_says_whose_they_are(self, boss, take):
        tab = boss.open(f"{PUPILS}?__schema=hamilton")
        expect(tab.locator(".boardinghouse-whose")).to_have_text("Hamilton Hall")

        switch(tab, "Riverside School")

        expect(tab.locator(".boardinghouse-whose")).to_have_text("Riverside School")
        expect(tab.locator("#result_list")).to_contain_text("Elias Berg")
        take(tab, "admin-list", height=480)

    def test_stays_while_one_looks_at_an_object_of_a_school(self, boss, take):
        tab = boss.open(f"{PUPIL}?__schema=hamilton")

        expect(tab.locator("#header")).to_contain_text("This pupil belongs here.")
        expect(tab.get_by_label("Where to be")).to_have_count(0)
        take(tab, "admin-object", height=480)

    def test_without_a_school_private_objects_send_to_the_chooser_and_back(self, boss, look):
        tab = boss.open(PUPILS)
        expect(tab.get_by_text("Pupils belong to a schema.")).to_be_visible()
        look(tab, "admin-chooser")

        tab.get_by_role("button", name="Hamilton Hall").click()

        expect(tab.locator("#result_list")).to_contain_text("Ada Whitlock")

    def test_above_fifteen_is_the_admins_autocomplete(self, boss, many, take):
        tab = boss.open(f"{PUPILS}?__schema=hamilton")
        tab.locator("#header .select2-selection").click()
        tab.keyboard.type("riverside")
        expect(tab.locator(".select2-results__option")).to_have_text(["Riverside School"])
        take(tab, "admin-search", height=480)

        tab.keyboard.press("Enter")

        expect(tab.locator(".boardinghouse-whose")).to_have_text("Riverside School")

    def test_above_fifteen_the_keyboard_is_enough(self, boss, many):
        tab = boss.open(f"{PUPILS}?__schema=hamilton")
        tab.locator("#header .select2-selection").focus()

        tab.keyboard.press("Enter")
        tab.keyboard.type("riverside")
        expect(tab.locator(".select2-results__option")).to_have_text(["Riverside School"])
        tab.keyboard.press("Enter")

        expect(tab.locator(".boardinghouse-whose")).to_have_text("Riverside School")

    def test_above_fifteen_without_scripts_is_a_search(self, meet, many):
        person = meet(java_script_enabled=False)
        person.log_in("admin").close()
        tab = person.open("/admin/")

        tab.locator("#header").get_by_label("Search").fill("river")
        tab.locator("#header").get_by_role("button", name="Search").click()

        expect(tab.get_by_role("button", name="Riverside School")).to_be_visible()
        assert "csrf" not in tab.url


class TestStaleTabs:
    @pytest.fixture
    def moved(self, boss):
        """A pupil's page at Hamilton, after another tab has moved to Riverside."""
        tab = boss.open(f"{PUPIL}?__schema=hamilton")
        boss.open("/?__schema=riverside")
        return tab

    def test_are_told_at_once(self, moved, look):
        expect(moved.locator("#boardinghouse-moved")).to_contain_text("Hamilton Hall")
        look(moved, "admin-moved")

    def test_save_nothing_here_and_everything_there(self, boss, moved, look):
        moved.get_by_label("Name:").fill("Ada Whitlock-Stale")
        moved.get_by_role("button", name="Save", exact=True).click()
        expect(moved.get_by_role("heading", level=1)).to_have_text("This was made elsewhere")
        assert boss.site.schools_of("Ada Whitlock-Stale") == []
        expect(moved.get_by_role("button", name="all the same")).to_have_count(0)
        look(moved, "admin-conflict")

        moved.get_by_role("button", name="Go back to Hamilton Hall and send it there").click()

        expect(moved.locator(".messagelist")).to_contain_text("was changed successfully")
        assert boss.site.schools_of("Ada Whitlock-Stale") == ["hamilton"]
        boss.site.run_sql("UPDATE hamilton.pupils_pupil SET name = 'Ada Whitlock' WHERE id = 1")

    def test_delete_nothing_with_an_action(self, boss):
        tab = boss.open(f"{PUPILS}?__schema=hamilton")
        boss.open("/?__schema=riverside")
        tab.locator("#action-toggle").check()
        tab.locator("select[name=action]").select_option("delete_selected")

        tab.get_by_role("button", name="Run").or_(tab.get_by_role("button", name="Go")).click()

        expect(tab.get_by_role("heading", level=1)).to_have_text("This was made elsewhere")
        expect(tab.locator(".boardinghouse-typed")).to_contain_text("delete_selected")
