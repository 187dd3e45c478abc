"""Dark and light, wide and narrow: nothing sticks out."""

import pytest

from tests.browser.conftest import NARROW, WIDE

pytest.importorskip("playwright.sync_api")

PAGES = {
    "front": "/",
    "pupils": "/pupils/",
    "form": "/pupils/new/",
    "staff": "/staff/",
    "chooser": "/__change_schema__/",
    "admin": "/admin/",
    "admin-pupils": "/admin/pupils/pupil/",
    "admin-pupil": "/admin/pupils/pupil/1/change/",
    "admin-add-pupil": "/admin/pupils/pupil/add/",
    "admin-schemata": "/admin/boardinghouse/schema/",
    "admin-schema": "/admin/boardinghouse/schema/hamilton/change/",
    "admin-drop": "/admin/boardinghouse/schema/hamilton/delete/",
    "admin-user": "/admin/auth/user/2/change/",
}


def sticks_out(tab):
    return tab.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_sticks_out(meet, size, scheme, look):
    person = meet(viewport=size, color_scheme=scheme)
    tab = person.log_in("admin")
    tab.goto(f"{person.site.address}/?__schema=hamilton")
    out = {}

    for name, path in PAGES.items():
        answered = tab.goto(person.site.address + path)
        assert answered.status == 200, path
        out[name] = sticks_out(tab)
        look(tab, f"{name}-{'wide' if size == WIDE else 'narrow'}-{scheme}")

    assert out == dict.fromkeys(PAGES, 0)
