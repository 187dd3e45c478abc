"""Rows of the schema model and PostgreSQL's schemata come and go together."""

import json
import os

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from boardinghouse import ddl
from boardinghouse.exceptions import (
    BatchFailed,
    LockBudgetExceeded,
    NoActiveSchema,
    SchemaExists,
    SchemaNotFound,
)
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from boardinghouse.schema import override
from boardinghouse.signals import schema_created, schemata_deleted, schemata_updated
from tests.catalog import catalog, difference, rows, run, schema_exists
from tests.conftest import rolled_back
from tests.project import Project, empty_database
from tests.testapp.models import Account

pytestmark = pytest.mark.django_db

BAD_NAMES = (
    "", "Acme", "1st", "_spare", "__template__", "a-b", "a b", "a.b", "public", "pg_x", "pg_",
    "information_schema", "a\n", "\na", "é", "a" * 64, 'a"b', "a'b", "a;b", "a,b", None, 7,
)  # fmt: skip
GOOD_NAMES = ("a", "order", "user", "select", "a_1", "x" * 63, "pgx", "publics", "information")


@pytest.fixture
def news():
    """What signals told, in order."""
    told = []

    def created(schema, using, **kwargs):
        told.append(("created", schema, using))

    def deleted(schemata, using, **kwargs):
        told.append(("deleted", *schemata, using))

    def updated(schemata, using, **kwargs):
        told.append(("updated", *schemata, using))

    schema_created.connect(created)
    schemata_deleted.connect(deleted)
    schemata_updated.connect(updated)
    yield told
    schema_created.disconnect(created)
    schemata_deleted.disconnect(deleted)
    schemata_updated.disconnect(updated)


@pytest.fixture
def nothing_behind():
    """Take away what a test that commits has made."""
    yield
    Schema.objects.all().delete(drop=True)


def clones():
    """The PostgreSQL schemata that are like the template."""
    found = rows(
        "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|_)'"
        " AND nspname NOT IN ('public', 'information_schema')"
    )
    names = sorted(name for (name,) in found)
    return [name for name in names if not difference(catalog(TEMPLATE), catalog(name))]


# Creating one


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_a_row_and_its_schema_are_made_together(name):
    Schema(schema=name, name="Acme").save()

    assert Schema.objects.get().schema == name
    assert clones() == [name]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_bad_name_is_a_validation_error(name):
    with pytest.raises(ValidationError) as caught:
        Schema(schema=name, name="x").save()

    assert list(caught.value.message_dict) == ["schema"]
    assert clones() == []


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_bad_name_among_many_creates_none(name):
    with pytest.raises(ValidationError):
        Schema.objects.mass_create("good", name)

    assert not Schema.objects.exists()
    assert clones() == []


@pytest.mark.parametrize("name", [name for name in BAD_NAMES if isinstance(name, str)])
def test_the_database_refuses_bad_names_too(name):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO boardinghouse_schema (schema, name) VALUES (%s, 'x')", [name])

    assert not Schema.objects.exists()


def test_a_row_of_raw_sql_needs_no_more_than_schema_and_name():
    rows("INSERT INTO boardinghouse_schema (schema, name) VALUES ('a', 'Acme') RETURNING 1")

    schema = Schema.objects.get()
    assert (schema.pk, schema.name, schema.is_active) == ("a", "Acme", True)


def test_a_row_that_cannot_be_saved_leaves_no_schema():
    Schema.objects.create(schema="a", name="Acme")

    with pytest.raises(IntegrityError), transaction.atomic():
        Schema.objects.create(schema="b", name="Acme")

    assert clones() == ["a"]


def test_a_schema_that_cannot_be_made_leaves_no_row():
    run("CREATE SCHEMA a")

    with pytest.raises(SchemaExists, match=r"Schema 'a' exists already\."):
        Schema.objects.create(schema="a", name="Acme")

    assert not Schema.objects.exists()


def test_a_second_row_of_the_same_name_is_refused_clearly():
    Schema.objects.create(schema="a", name="Acme")

    for create in (lambda: Schema(schema="a", name="b").save(), lambda: mass_create("a")):
        with pytest.raises(SchemaExists), transaction.atomic():
            create()

    assert Schema.objects.get().name == "Acme"


def mass_create(*names):
    return Schema.objects.mass_create(*names)


def test_a_rollback_takes_both(news):
    with transaction.atomic():
        Schema.objects.create(schema="a", name="a")
        Schema.objects.mass_create("b")
        transaction.set_rollback(True)

    assert clones() == []
    assert not Schema.objects.exists()


@pytest.mark.parametrize(
    "create",
    [
        lambda: Schema.objects.create(schema="a", name="x"),
        lambda: Schema.objects.get_or_create(schema="a", defaults={"name": "x"}),
        lambda: Schema.objects.update_or_create(schema="a", defaults={"name": "x"}),
        lambda: Schema.objects.bulk_create([Schema(schema="a", name="x")]),
        lambda: User.objects.create(username="u").schemata.create(schema="a", name="x"),
    ],
)
def test_every_way_of_creating_a_row_creates_the_schema_and_tells(create, news):
    create()

    assert clones() == ["a"]
    assert news == [("created", "a", "default")]


def test_saving_again_changes_the_row_only(news):
    schema = Schema.objects.create(schema="a", name="x")
    schema.name = "y"
    schema.save()
    Schema.objects.update_or_create(schema="a", defaults={"name": "z"})

    assert Schema.objects.get().name == "z"
    assert news == [("created", "a", "default")]


def test_loaddata_creates_schemata(tmp_path, news):
    fixture = tmp_path / "schemata.json"
    fields = {"name": "Acme", "is_active": False, "users": []}
    row = {"model": "boardinghouse.schema", "pk": "a", "fields": fields}
    fixture.write_text(json.dumps([row]))

    call_command("loaddata", fixture, verbosity=0)
    call_command("loaddata", fixture, verbosity=0)

    assert clones() == ["a"]
    assert Schema.objects.get().is_active is False
    assert news == [("created", "a", "default")]


# Saving one again


def make_and_roll_back(make):
    """Call what makes a schema in a transaction that is rolled back; return what it returned."""
    made = []
    with rolled_back():
        made.append(make())
    return made[0]


def create(**fields):
    return Schema.objects.create(schema="a", name="Acme", **fields)


def create_many():
    return Schema.objects.mass_create("a")[0]


@pytest.mark.parametrize("make", [create, create_many])
@pytest.mark.parametrize("options", [{}, {"force_insert": True}], ids=str)
def test_saving_again_after_a_rollback_makes_both(make, options, news):
    schema = make_and_roll_back(make)
    news.clear()

    schema.save(**options)

    assert Schema.objects.get().pk == "a"
    assert clones() == ["a"]
    assert news == [("created", "a", "default")]


def test_saving_again_in_the_transaction_that_made_it_changes_the_row():
    with transaction.atomic():
        schema = create()
        schema.name = "Other"
        schema.save()

    assert Schema.objects.get().name == "Other"


def test_saving_what_was_dropped_makes_both(news):
    schema = create()
    schema.delete(drop=True)
    news.clear()

    schema.save()

    assert Schema.objects.get().pk == "a"
    assert clones() == ["a"]
    assert news == [("created", "a", "default")]


def test_saving_what_was_dropped_changes_the_row_where_the_drop_was_rolled_back():
    schema = create()
    with rolled_back():
        schema.delete(drop=True)
    schema.name = "Other"

    schema.save()

    assert Schema.objects.get().name == "Other"
    assert clones() == ["a"]


def test_saving_what_somebody_else_dropped_is_refused():
    create()
    schema = Schema.objects.get()
    Schema.objects.all().delete(drop=True)

    with pytest.raises(SchemaNotFound, match="Schema 'a' does not exist"):
        schema.save()

    assert not Schema.objects.exists()
    assert not schema_exists("a")


@pytest.mark.django_db(transaction=True)
def test_saving_what_one_made_and_somebody_else_dropped_is_refused():
    with transaction.atomic():
        schema = create()
    Schema.objects.all().delete(drop=True)

    with pytest.raises(SchemaNotFound):
        schema.save()

    assert not Schema.objects.exists()


def test_a_copy_that_was_rolled_back_is_not_made_from_the_template(schemata):
    copy = make_and_roll_back(lambda: Schema.objects.clone("a", "c"))

    with pytest.raises(SchemaNotFound):
        copy.save()

    assert not schema_exists("c")


@pytest.mark.parametrize("options", [{"force_update": True}, {"update_fields": ["name"]}], ids=str)
def test_an_update_that_is_forced_makes_nothing(options):
    schema = make_and_roll_back(create)

    with pytest.raises(DatabaseError, match="did not affect any rows"), transaction.atomic():
        schema.save(**options)

    assert not Schema.objects.exists()
    assert not schema_exists("a")


def test_saving_no_fields_makes_nothing():
    Schema(schema="a", name="Acme").save(update_fields=[])

    assert not Schema.objects.exists()
    assert not schema_exists("a")


def test_inserting_what_is_there_is_refused():
    schema = create()

    with pytest.raises(SchemaExists), transaction.atomic():
        schema.save(force_insert=True)

    assert clones() == ["a"]


def test_a_row_with_fields_that_were_not_loaded_is_saved():
    create()
    schema = Schema.objects.only("name").get()
    schema.name = "Other"

    schema.save()

    assert Schema.objects.get().name == "Other"


def test_a_model_that_is_selected_on_save_is_not_brought_back_either(monkeypatch):
    monkeypatch.setattr(Schema._meta, "select_on_save", True)
    create()
    schema = Schema.objects.get()
    Schema.objects.all().delete(drop=True)

    with pytest.raises(SchemaNotFound):
        schema.save()

    assert not Schema.objects.exists()


@pytest.mark.django_db(databases=["default", "other"])
def test_saving_to_another_database_makes_both_there():
    schema = create()

    schema.save(using="other")

    assert Schema.objects.using("other").get().pk == "a"
    assert ddl.schema_exists(connections["other"], "a")


# Creating many


def test_mass_create_returns_the_objects(news):
    made = Schema.objects.mass_create("b", "a")

    assert [(each.schema, each.name) for each in made] == [("b", "b"), ("a", "a")]
    assert clones() == ["a", "b"]
    assert news == [("created", "b", "default"), ("created", "a", "default")]
    assert Schema.objects.mass_create() == []


@pytest.mark.parametrize("option", ["ignore_conflicts", "update_conflicts"])
def test_conflicts_cannot_be_ignored(option):
    with pytest.raises(ValueError, match="conflicts"):
        Schema.objects.bulk_create([Schema(schema="a", name="a")], **{option: True})


def test_more_than_the_budget_in_a_transaction_is_refused_before_anything_is_done(monkeypatch):
    monkeypatch.setattr("boardinghouse.ddl.lock_budget", lambda connection: 400)

    with pytest.raises(LockBudgetExceeded, match=r"Creating 9 schemata.*400 locks"):
        Schema.objects.mass_create(*"abcdefghi")

    assert clones() == []
    assert not Schema.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("nothing_behind")
def test_outside_a_transaction_they_go_in_batches_and_a_failure_tells_what_was_made(
    monkeypatch, news
):
    monkeypatch.setattr("boardinghouse.ddl.schemata_per_transaction", lambda connection: 2)
    run("CREATE SCHEMA f")

    with pytest.raises(BatchFailed) as caught:
        Schema.objects.mass_create(*"abcdefg")

    run("DROP SCHEMA f")
    assert caught.value.made == ["a", "b", "c", "d"]
    assert caught.value.failed == ["e", "f"]
    assert isinstance(caught.value.__cause__, SchemaExists)
    assert clones() == ["a", "b", "c", "d"]
    assert sorted(Schema.objects.values_list("pk", flat=True)) == ["a", "b", "c", "d"]
    assert [told[1] for told in news] == ["a", "b", "c", "d"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("nothing_behind")
def test_a_failure_of_the_first_batch_is_the_error_itself(monkeypatch):
    run("CREATE SCHEMA b")

    with pytest.raises(SchemaExists):
        Schema.objects.mass_create("a", "b")

    run("DROP SCHEMA b")
    assert clones() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("nothing_behind")
def test_more_schemata_than_the_lock_table_holds_are_made_and_dropped_outside_a_transaction():
    """The real budget: see ``ddl.schemata_per_transaction``."""
    names = [f"s{number}" for number in range(ddl.schemata_per_transaction(connection) + 3)]

    Schema.objects.mass_create(*names)

    assert Schema.objects.count() == len(names)

    Schema.objects.all().delete(drop=True)

    assert not Schema.objects.exists()
    assert not schema_exists("s0")


# Renaming


def test_a_changed_name_is_refused_with_the_reason():
    schema = Schema.objects.create(schema="a", name="x")
    schema.schema = "b"

    with pytest.raises(ValidationError, match="cannot be renamed"):
        schema.save()

    loaded = Schema.objects.get()
    loaded.pk = "c"
    with pytest.raises(ValidationError, match="cannot be renamed"):
        loaded.save()
    assert clones() == ["a"]


@pytest.mark.parametrize("field", ["schema", "pk"])
def test_a_queryset_refuses_to_rename(field):
    Schema.objects.mass_create("a")

    with pytest.raises(ValidationError, match="cannot be renamed"):
        Schema.objects.update(**{field: "b"})

    assert Schema.objects.get().pk == "a"


# Deactivating and dropping


def test_delete_deactivates_one(news):
    schema, _other = Schema.objects.mass_create("a", "b")

    deleted = schema.delete()

    assert deleted == (1, {"boardinghouse.Schema": 1})
    assert schema.is_active is False
    assert [each.pk for each in Schema.objects.inactive()] == ["a"]
    assert [each.pk for each in Schema.objects.active()] == ["b"]
    assert clones() == ["a", "b"]
    assert [told for told in news if told[0] == "deleted"] == []


def test_an_update_is_told(news):
    Schema.objects.mass_create("a", "b", "c")
    news.clear()

    Schema.objects.exclude(pk="c").order_by("pk").update(is_active=False)
    Schema.objects.get(pk="c").delete()
    Schema.objects.filter(pk="missing").update(is_active=False)

    assert news == [("updated", "a", "b", "default"), ("updated", "c", "default")]


def test_delete_deactivates_a_queryset():
    Schema.objects.mass_create("a", "b", "c")

    deleted = Schema.objects.exclude(pk="c").delete()

    assert deleted == (2, {"boardinghouse.Schema": 2})
    assert [each.pk for each in Schema.objects.active()] == ["c"]
    assert clones() == ["a", "b", "c"]


def test_dropping_one_drops_its_rows_members_and_schema(news):
    schema, _other = Schema.objects.mass_create("a", "b")
    user = User.objects.create(username="u")
    user.schemata.set(["a", "b"])
    for name in "ab":
        with override(name):
            Account.objects.create(owner=name, keeper=user)

    deleted = schema.delete(drop=True)

    assert deleted == (2, {"boardinghouse.Schema_users": 1, "boardinghouse.Schema": 1})
    assert not schema_exists("a")
    assert [each.pk for each in user.schemata.all()] == ["b"]
    with override("b"):
        assert Account.objects.get().owner == "b"
    assert news[-1] == ("deleted", "a", "default")


def test_dropping_the_one_that_is_active(schemata):
    with override("a"):
        schemata[0].delete(drop=True)

        with pytest.raises(SchemaNotFound):
            Account.objects.count()

    assert clones() == ["b"]
    assert [each.pk for each in Schema.objects.all()] == ["b"]


def test_dropping_a_queryset(news):
    Schema.objects.mass_create("a", "b", "c")

    deleted = Schema.objects.exclude(pk="b").delete(drop=True)

    assert deleted == (2, {"boardinghouse.Schema": 2})
    assert clones() == ["b"]
    assert news[-1] == ("deleted", "a", "c", "default")


@pytest.fixture
def held_b(news):
    """Three schemata; the row of b stays, as a table that is no model's refers to it."""
    Schema.objects.mass_create("a", "b", "c")
    run("CREATE TABLE public.holds (schema varchar REFERENCES boardinghouse_schema)")
    run("INSERT INTO public.holds VALUES ('b')")
    yield
    run("DROP TABLE public.holds")


@pytest.mark.django_db(transaction=True)
def test_those_that_were_dropped_before_one_that_cannot_be_are_told_of(held_b, news):
    with pytest.raises(IntegrityError):
        Schema.objects.all().delete(drop=True)

    assert clones() == ["b", "c"]
    assert news[3:] == [("deleted", "a", "default")]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_told_of_what_was_dropped_in_a_transaction_that_fails(held_b, news):
    with pytest.raises(IntegrityError), transaction.atomic():
        Schema.objects.all().delete(drop=True)

    assert clones() == ["a", "b", "c"]
    assert news[3:] == []


def test_dropping_none_tells_nothing(news):
    assert Schema.objects.none().delete(drop=True) == (0, {})
    assert Schema(schema="a", name="a").delete() == (0, {})
    assert news == []


def test_dropping_more_than_the_budget_in_a_transaction_is_refused(monkeypatch):
    Schema.objects.mass_create("a", "b")
    monkeypatch.setattr("boardinghouse.ddl.lock_budget", lambda connection: 60)

    with pytest.raises(LockBudgetExceeded, match="Dropping 2 schemata"):
        Schema.objects.all().delete(drop=True)

    assert clones() == ["a", "b"]


def test_a_row_without_a_schema_can_be_dropped():
    schema = Schema.objects.create(schema="a", name="a")
    run("DROP SCHEMA a CASCADE")

    schema.delete(drop=True)

    assert not Schema.objects.exists()


# Who sees which


@pytest.fixture
def three():
    a, b, _c = Schema.objects.mass_create("a", "b", "c")
    b.is_active = False
    b.save()
    return a, b


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"is_superuser": True}, ["a", "b", "c"]),
        ({}, ["a"]),
        ({"is_staff": True}, ["a"]),
        ({"is_active": False}, []),
        ({"is_active": False, "is_superuser": True}, []),
    ],
    ids=str,
)
def test_a_user_sees(three, attributes, expected):
    user = User.objects.create(username="u", **attributes)
    user.schemata.set(three)

    assert sorted(each.pk for each in Schema.objects.visible_to(user)) == expected


def test_a_user_of_no_schema_sees_none(three):
    assert not Schema.objects.visible_to(User.objects.create(username="u")).exists()


def test_an_anonymous_user_sees_none_without_a_query(three, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert list(Schema.objects.visible_to(AnonymousUser())) == []


def test_what_is_visible_can_be_asked_of_a_related_manager(three):
    user = User.objects.create(username="u")
    user.schemata.set(three)

    assert [each.pk for each in user.schemata.active()] == ["a"]


# Views that stand for the private joins while no schema is active


@pytest.fixture
def member():
    Schema.objects.mass_create("a")
    user, group = User.objects.create(username="u"), Group.objects.create(name="g")
    with override("a"):
        user.groups.add(group)
    return user


def test_reading_who_is_in_which_group_finds_nothing(member):
    assert list(member.groups.all()) == []
    assert [list(each.groups.all()) for each in User.objects.prefetch_related("groups")] == [[]]
    assert not User.objects.filter(groups__name="g").exists()
    assert list(Group.objects.get().user_set.all()) == []
    assert not member.has_perm("auth.add_user")


@pytest.mark.parametrize(
    "write",
    [
        lambda user: user.groups.clear(),
        lambda user: user.groups.set([]),
        lambda user: user.groups.remove(Group.objects.get()),
        lambda user: user.user_permissions.clear(),
    ],
    ids=["clear", "set nothing", "remove", "clear permissions"],
)
def test_taking_away_groups_that_cannot_be_seen_does_nothing(member, write):
    write(member)

    with override("a"):
        assert member.groups.count() == 1
    assert rows("SELECT count(*) FROM __template__.auth_user_groups") == [(0,)]


@pytest.mark.parametrize(
    "write",
    [
        lambda user: user.groups.add(Group.objects.get()),
        lambda user: user.groups.set([Group.objects.get()]),
        lambda user: User.groups.through.objects.create(user=user, group=Group.objects.get()),
        lambda user: Group.objects.get().user_set.add(user),
    ],
    ids=["add", "set", "create", "from the other side"],
)
def test_giving_a_group_says_to_choose_a_schema(member, write):
    expected = pytest.raises(NoActiveSchema, match=r"auth\.User_groups is private to each schema")
    with expected, transaction.atomic():
        write(member)

    assert rows("SELECT count(*) FROM __template__.auth_user_groups") == [(0,)]


# Another model of schemata, and of users

SETTINGS = """
from tests.projects.adopted import *
INSTALLED_APPS = [each for each in INSTALLED_APPS if not each.startswith("tests.")]
INSTALLED_APPS += ["organisations", "billing", "people"]
BOARDINGHOUSE_SCHEMA_MODEL = "organisations.Organisation"
AUTH_USER_MODEL = "people.Person"
ROOT_URLCONF = "billing"
"""

APPS = {
    "organisations": """
from django.db import models
from boardinghouse.models import AbstractSchema
class Organisation(AbstractSchema):
    plan = models.CharField(max_length=9, db_default="free")
""",
    "people": """
from django.contrib.auth.models import AbstractUser
class Person(AbstractUser):
    pass
""",
    "billing": """
from django.conf import settings
from django.db import models
from boardinghouse.base import SharedSchemaModel
class Invoice(SharedSchemaModel):
    schema = models.ForeignKey(settings.BOARDINGHOUSE_SCHEMA_MODEL, models.CASCADE)
class Note(models.Model):
    writer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
class Visit(models.Model):
    schema = models.ForeignKey(settings.BOARDINGHOUSE_SCHEMA_MODEL, models.CASCADE)
""",
}

USE = """
from django.contrib.auth.models import Group
from django.db import connection
from django.db import IntegrityError
from billing.models import Invoice, Note, Visit
from boardinghouse.schema import get_schema_model, override
from people.models import Person
one, two = get_schema_model().objects.mass_create("one", "two")
person, group = Person.objects.create(username="p"), Group.objects.create(name="g")
Invoice.objects.create(schema=one)
with override("one"):
    Note.objects.create(writer=person)
    person.groups.add(group)
    print("one", Note.objects.count(), person.groups.count())
with override("two"):
    print("two", Note.objects.count(), person.groups.count())
print("plans", *get_schema_model().objects.values_list("plan", flat=True))
tables = connection.introspection.table_names()
print("none", person.groups.count(), "boardinghouse_schema" in tables)

three, four = get_schema_model().objects.mass_create("three", "four")
with override("three"):
    Visit.objects.create(schema=three)
with override("four"):
    Visit.objects.create(schema=four)
    three.delete(drop=True)
    print("dropped beside", Visit.objects.count())
    Visit.objects.create(schema=one)
try:
    one.delete(drop=True)
except IntegrityError:
    with override("one"):
        print("kept, as another refers to it", Note.objects.count())
with override("four"):
    Visit.objects.filter(schema=one).delete()
four.delete(drop=True)
print("left", *get_schema_model().objects.order_by("pk").values_list("pk", flat=True))
"""


def test_other_models_of_schemata_and_users_are_migrated_and_used(tmp_path):
    (tmp_path / "swapped.py").write_text(SETTINGS)
    for app, code in APPS.items():
        (tmp_path / app / "migrations").mkdir(parents=True)
        (tmp_path / app / "__init__.py").write_text("urlpatterns = []")
        (tmp_path / app / "models.py").write_text(code)
        (tmp_path / app / "migrations/__init__.py").touch()
    path = {"PYTHONPATH": str(tmp_path), "PYTHONWARNINGS": "error"}

    with empty_database(f"test_swapped_{os.getpid()}") as name:
        project = Project("swapped", name)
        made = project.manage("makemigrations", **path)
        project.manage("migrate", "--verbosity=0", **path)
        again = project.manage("makemigrations", "--check", **path)
        checked = project.manage("check", "--database=default", "--fail-level=WARNING", **path)
        used = project.manage("shell", "--no-imports", "--command", USE, **path)
        project.manage("migrate", "billing", "zero", "--verbosity=0", **path)
        project.manage("migrate", "--verbosity=0", **path)

    assert "+ Create model Organisation" in made
    assert "No changes detected" in again
    assert "no issues" in checked
    assert used.splitlines()[-7:] == [
        *("one 1 1", "two 0 0", "plans free free", "none 0 False"),
        *("dropped beside 1", "kept, as another refers to it 1", "left one two"),
    ]


def test_the_loser_of_a_race_for_get_or_create_gets_the_row(schemata):
    assert issubclass(SchemaExists, IntegrityError)


def test_schemata_are_dropped_from_async_code(committed_schemata):
    async_to_sync(Schema.objects.get(pk="a").adelete)(drop=True)
    async_to_sync(Schema.objects.filter(pk="b").adelete)(drop=True)

    assert not Schema.objects.exists()
    assert not ddl.existing_schemata(connection, ["a", "b"])


def test_an_update_that_is_forced_is_an_update(schemata):
    Schema(schema="a", name="Another name").save(force_update=True)

    assert Schema.objects.get(pk="a").name == "Another name"
