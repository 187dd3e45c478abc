"""A small project that is all in migrations: a shared region and user, private pens and animals.

Whatever a migration does to it is done by plain Django too, to a twin in a schema `plain`, so
that tests can tell what ought to be there.
"""

from copy import deepcopy

from django.db import connection, migrations, models
from django.db.backends.postgresql.schema import DatabaseSchemaEditor as PlainEditor
from django.db.migrations.state import ProjectState
from django.db.models.deletion import CASCADE

from boardinghouse.base import SharedSchemaMixin
from boardinghouse.models import Schema
from boardinghouse.names import TEMPLATE
from boardinghouse.receivers import rewrite
from boardinghouse.schema import working_in
from tests.catalog import catalog, difference

NAMES = ("a", "b")
SHARED = (SharedSchemaMixin, models.Model)


def key():
    return ("id", models.AutoField(primary_key=True))


def shared(name, *fields, **options):
    return migrations.CreateModel(name, [key(), *fields], options, bases=SHARED)


def private(name, *fields, **options):
    return migrations.CreateModel(name, [key(), *fields], options)


def start():
    """The operations of the first migration."""
    return (
        shared("Region", ("name", models.CharField(max_length=9, null=True))),
        shared("Owner", ("regions", models.ManyToManyField("farm.region"))),
        private(
            "Pen",
            ("region", models.ForeignKey("farm.region", CASCADE)),
            ("label", models.CharField(max_length=9, db_index=True)),
            ("size", models.IntegerField(null=True)),
        ),
        private(
            "Animal",
            ("pen", models.ForeignKey("farm.pen", CASCADE)),
            ("mother", models.ForeignKey("self", CASCADE, null=True)),
            ("name", models.CharField(max_length=9, null=True)),
            ("born", models.DateField(null=True)),
            ("regions", models.ManyToManyField("farm.region")),
            ("visited", models.ManyToManyField("farm.pen", related_name="+")),
        ),
    )


class Farm:
    """The project, where it has got to."""

    def __init__(self, *, twin=True, label="farm"):
        self.twin = twin
        self.label = label
        self.state = ProjectState()
        self.done = []

    def copy(self):
        """Another one at the same point, that shares nothing with this one."""
        return deepcopy(self)

    def apply(self, *operations, atomic=True):
        """Apply operations as one migration, and to the twin."""
        migration = migrations.Migration("0001_farm", self.label)
        migration.atomic = atomic
        # Django's own state keeps, and changes, the very fields that an operation was given.
        for_twin, ours = deepcopy(operations), deepcopy(operations)
        migration.operations = list(for_twin)
        before = self.state
        self._on_twin(migration, lambda editor: migration.apply(before.clone(), editor))
        migration.operations = [rewrite(each, str(migration)) for each in ours]
        with connection.schema_editor(atomic=atomic) as editor:
            self.state = migration.apply(before.clone(), editor)
        self.done.append((migration, list(for_twin), before))

    def unapply(self):
        """Take the last migration back, and from the twin."""
        migration, operations, before = self.done.pop()
        rewritten, migration.operations = migration.operations, operations
        self._on_twin(migration, lambda editor: migration.unapply(before.clone(), editor))
        migration.operations = rewritten
        with connection.schema_editor(atomic=migration.atomic) as editor:
            migration.unapply(before.clone(), editor)
        self.state = before

    def model(self, name):
        return self.state.apps.get_model(self.label, name)

    def _on_twin(self, migration, action):
        if self.twin:
            with working_in("plain"), PlainEditor(connection, atomic=migration.atomic) as editor:
                action(editor)


def faults():
    """What is not as it ought to be: schemata unlike the template, tables unlike plain Django's."""
    template = catalog(TEMPLATE, "farm")
    faults = [line for name in NAMES for line in difference(template, catalog(name, "farm"))]
    tables = [line for line in catalog("public", "farm") if not is_of_view(line)]
    return faults + difference(catalog("plain", "farm"), [*tables, *template])


def is_of_view(line):
    """Views stand in public for private joins; they are no part of what plain Django makes."""
    return "choose_a_schema" in line


def make_schemata():
    Schema.objects.mass_create(*NAMES)


def make_twin():
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA plain")
