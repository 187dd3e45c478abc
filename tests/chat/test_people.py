"""Who may be in a schema, of many at once."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from boardinghouse.contrib.chat import people
from boardinghouse.contrib.chat.people import may_be_here
from boardinghouse.models import Schema, SchemaQuerySet
from boardinghouse.schema import override
from tests.conftest import make_user


@pytest.fixture
def everybody(schemata, anna, superuser, outsider):
    make_user("asleep", *schemata, is_active=False)
    make_user("asleep_and_super", *schemata, is_active=False, is_superuser=True)
    make_user("of_b", schemata[1])
    return list(User.objects.all())


def names(users):
    here = may_be_here(users)
    return sorted(user.username for user in users if user.pk in here)


@pytest.mark.parametrize("is_ours", [True, False], ids=["at once", "each by visible_to"])
def test_it_is_who_may_enter(everybody, schemata, monkeypatch, is_ours):
    monkeypatch.setattr(people, "says_as_we_do", lambda manager: is_ours)
    with override("a"):
        assert names(everybody) == ["anna", "superuser"]
        assert names([]) == []
    with override("b"):
        assert names(everybody) == ["anna", "of_b", "superuser"]
        Schema.objects.filter(pk="b").update(is_active=False)
        assert names(everybody) == ["superuser"]


def test_a_project_of_its_own_mind_is_asked_about_each(everybody, monkeypatch):
    class Queryset(SchemaQuerySet):
        def visible_to(self, user):
            return self.all() if user.username == "outsider" else self.none()

    monkeypatch.setattr(Schema._default_manager, "_queryset_class", Queryset)
    with override("a"):
        assert names(everybody) == ["outsider"]


def test_a_crowd_is_one_short_question(anna, schemata):
    crowd = [make_user(f"pupil{number}", schemata[0]) for number in range(30)]
    with (
        override("a"),
        CaptureQueriesContext(
            connection,
        ) as asked,
    ):
        assert may_be_here(crowd) == {each.pk for each in crowd}

    assert len(asked) <= 2  # the path, perhaps
    assert "UNION" not in asked[-1]["sql"]
