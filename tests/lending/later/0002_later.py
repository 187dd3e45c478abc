from django.db import migrations, models
from django.db.models.functions import Upper

from boardinghouse.operations import PerSchema, Shared


def shout(apps, schema_editor):
    apps.get_model("lending", "Loan").objects.update(reader=Upper("reader"))


def add_title(apps, schema_editor):
    apps.get_model("lending", "Title").objects.create(code="added", name="once")


def remove_title(apps, schema_editor):
    apps.get_model("lending", "Title").objects.filter(code="added").update(name="gone")


class Migration(migrations.Migration):
    dependencies = [("lending", "0001_initial")]

    operations = [
        migrations.AddField("Loan", "pages", models.IntegerField(default=7)),
        migrations.AddField("Poster", "size", models.IntegerField(default=1)),
        migrations.AddIndex("Loan", models.Index(fields=["pages"], name="lending_pages")),
        PerSchema(migrations.RunPython(shout, migrations.RunPython.noop)),
        PerSchema(migrations.RunSQL("UPDATE lending_note SET text = text || '!'", "SELECT 1")),
        Shared(migrations.RunPython(add_title, remove_title)),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.AlterField("Loan", "pages", models.BigIntegerField())],
            state_operations=[migrations.AlterField("Loan", "pages", models.BigIntegerField())],
        ),
    ]
