"""The chat, where no database is the default one."""

import pytest

pytest.importorskip("channels", reason="channels is not installed")

from django.contrib.auth import get_user_model

from boardinghouse.contrib.chat.messages import say
from boardinghouse.contrib.chat.models import Message
from boardinghouse.contrib.chat.rooms import create_room
from boardinghouse.contrib.databases import database
from boardinghouse.models import Schema
from boardinghouse.schema import override
from tests.databases.conftest import BOTH


@pytest.mark.django_db(databases=BOTH)
def test_pages_are_told_when_the_customers_own_database_commits(
    customers, django_capture_on_commit_callbacks
):
    with database("other"), override("a"):
        ann = get_user_model().objects.get()
        ben = get_user_model().objects.create_user("ben")
        Schema.objects.get(pk="a").users.add(ben)
        room = create_room([ann, ben])

        with django_capture_on_commit_callbacks(using="other") as told:
            say(room, ann, "hello")

        assert len(told) == 1
        assert Message.objects.get().text == "hello"
    with database("default"), override("a"):
        assert not Message.objects.exists()
