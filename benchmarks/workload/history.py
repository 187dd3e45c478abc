"""A project of middle size, told as operations: 30 models, 36 tables, about 230 indexes.

Twenty-one migrations, and a pending one that adds a field and an index. The app knows nothing
of schemata, so it runs under any package.
"""

from django.db import migrations, models
from django.db.models import CASCADE

APP = "workload"
MODELS = 30


def describe(number):
    """Return the operation that creates one of the models."""
    fields = [
        ("id", models.BigAutoField(primary_key=True)),
        ("code", models.CharField(max_length=40, unique=True)),
        ("slug", models.SlugField(max_length=60)),
        ("made", models.DateTimeField(db_index=True, auto_now_add=True)),
        ("amount", models.DecimalField(max_digits=12, decimal_places=2, default=0)),
    ]
    before = f"{APP}.thing{number - 1:02}"
    if number:
        fields.append(("before", models.ForeignKey(before, CASCADE, null=True, related_name="+")))
    if number % 5 == 4:
        fields.append(("peers", models.ManyToManyField(before, related_name="+")))
    positive = models.CheckConstraint(
        condition=models.Q(amount__gte=0), name=f"thing{number:02}_not_negative"
    )
    return migrations.CreateModel(f"Thing{number:02}", fields, {"constraints": [positive]})


def touch(apps, schema_editor):
    rows = apps.get_model(APP, "Thing03").objects.using(schema_editor.connection.alias)
    rows.filter(code="none").update(slug="some")


def text(length):
    return models.CharField(max_length=length, default="")


CHANGES = [
    migrations.AddField("thing00", "title", text(80)),
    migrations.AddField("thing01", "is_active", models.BooleanField(default=True)),
    migrations.AlterField("thing00", "title", text(120)),
    migrations.AddIndex("thing02", models.Index(fields=["made", "amount"], name="thing02_made")),
    migrations.RunPython(touch, migrations.RunPython.noop),
    migrations.AddField("thing04", "label", text(50)),
    migrations.RenameField("thing04", "label", "caption"),
    migrations.AddField("thing05", "quantity", models.PositiveIntegerField(default=0)),
    migrations.AlterField("thing05", "quantity", models.PositiveBigIntegerField(default=0)),
    migrations.AddConstraint(
        "thing06", models.UniqueConstraint(fields=["slug", "amount"], name="thing06_once")
    ),
    migrations.AddField("thing08", "passing", models.IntegerField(null=True)),
    migrations.RemoveField("thing08", "passing"),
    migrations.AlterField("thing09", "code", models.CharField(max_length=64, unique=True)),
    migrations.AddField("thing10", "extra", models.JSONField(default=dict)),
    migrations.AlterModelOptions("thing11", {"ordering": ["code"]}),
    migrations.AddIndex("thing12", models.Index(fields=["slug", "-made"], name="thing12_slug")),
    migrations.RunPython(touch, migrations.RunPython.noop),
    migrations.AddField(
        "thing14", "owner", models.ForeignKey(f"{APP}.thing00", CASCADE, null=True)
    ),
    migrations.AlterField("thing15", "slug", models.SlugField(max_length=60, blank=True)),
    migrations.AlterField(
        "thing16", "amount", models.DecimalField(max_digits=14, decimal_places=2, default=0)
    ),
]
PENDING = [
    migrations.AddField("thing07", "note", text(100)),
    migrations.AddIndex("thing07", models.Index(fields=["note"], name="thing07_note")),
]
STEPS = [[describe(number) for number in range(MODELS)], *([each] for each in CHANGES), PENDING]
LAST = len(STEPS) - 1


def name_of(number):
    return f"{number:04}_step"


def step(number):
    """Return the migration of this number, counted from one."""
    dependencies = [(APP, name_of(number - 1))] if number > 1 else []
    return type(
        "Migration",
        (migrations.Migration,),
        {"initial": number == 1, "dependencies": dependencies, "operations": STEPS[number - 1]},
    )
