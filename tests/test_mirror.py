"""The readable cookie that tells open tabs which schema the session is in."""

from tests.browsers import enter

COOKIE = "boardinghouse_schema"


def test_it_follows_each_switch(visitor):
    enter(visitor, "a")
    after_a = visitor.cookies[COOKIE].value
    enter(visitor, "b")

    assert (after_a, visitor.cookies[COOKIE].value) == ("a", "b")


def test_scripts_can_read_it(visitor):
    enter(visitor, "a")

    assert not visitor.cookies[COOKIE]["httponly"]
    assert visitor.cookies[COOKIE]["samesite"] == "Lax"


def test_it_is_sent_only_when_it_changes(visitor):
    enter(visitor, "a")

    response = visitor.get("/owners/")

    assert COOKIE not in response.cookies


def test_it_is_emptied_when_the_schema_is_left(visitor):
    enter(visitor, "a")

    visitor.post("/__change_schema__/", {"schema": ""})

    assert visitor.cookies[COOKIE].value == ""
    assert visitor.cookies[COOKIE]["max-age"] == 0  # else scripts read two quotes


def test_it_says_where_a_page_was_made_that_another_site_led_to(browser, member_of_a):
    browser.force_login(member_of_a)

    response = browser.get("/owners/", headers={"Sec-Fetch-Site": "cross-site"})

    assert response.content == b"a"
    assert browser.cookies[COOKIE].value == "a"
    assert "schema" not in browser.session


def test_nobody_without_a_schema_gets_it(browser, schemata):
    assert COOKIE not in browser.get("/schema/").cookies


def test_it_is_never_trusted(visitor):
    enter(visitor, "a")
    visitor.cookies[COOKIE] = "b"

    assert visitor.get("/owners/").content == b"a"


def test_pages_vary_on_it(visitor):
    enter(visitor, "a")

    assert "Cookie" in visitor.get("/owners/")["Vary"]
