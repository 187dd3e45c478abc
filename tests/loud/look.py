"""Say what a program with these settings finds in a database that is there already."""

import json
import sys

import django
from django.db import connection

django.setup()
connection.settings_dict["NAME"] = sys.argv[1]

from boardinghouse.exceptions import NoActiveSchema  # noqa: E402
from boardinghouse.schema import override  # noqa: E402
from tests.testapp.models import Account, Region  # noqa: E402

found = {"shout": connection.ops.shout(), "is_loud": connection.features.is_loud}
for name in "ab":
    with override(name):
        found[name] = Account.objects.get(pk=1).owner
with override("a"):
    found["sql"] = str(Account.objects.all().query)
try:
    Account.objects.count()
except NoActiveSchema as error:
    found["refusal"] = str(error)
found["regions"] = Region.objects.count()
sys.stdout.write(json.dumps(found))
