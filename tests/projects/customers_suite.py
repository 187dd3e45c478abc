"""What a project writes to test a site with a database per customer: docs/contrib/databases.rst."""

from django.contrib.auth import get_user_model
from django.test import Client, TestCase

from boardinghouse.contrib.databases import database
from boardinghouse.models import Schema
from boardinghouse.schema import override
from tests.testapp.models import Account


class EachCustomer(TestCase):
    databases = ["client1", "client2"]

    @classmethod
    def setUpTestData(cls):
        for alias in cls.databases:
            with database(alias):
                ann = get_user_model().objects.create_user("ann", pk=1)
                Schema.objects.create(schema="a").users.add(ann)
                with override("a"):
                    Account.objects.create(pk=1, owner=alias)

    def test_sees_its_own_rows(self):
        for alias in self.databases:
            browser = Client(headers={"host": f"{alias}.example.com"})
            with database(alias):
                browser.force_login(get_user_model().objects.get())

            page = browser.get("/owners/?__schema=a", follow=True)

            assert page.content.decode() == alias
