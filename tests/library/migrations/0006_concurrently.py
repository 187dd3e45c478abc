"""Outside of any transaction."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

from boardinghouse.operations import PerSchema


class Migration(migrations.Migration):
    atomic = False
    dependencies = (("library", "0005_reader"),)
    operations = (
        migrations.AddField("Book", "isbn", models.CharField(max_length=13, default="")),
        AddIndexConcurrently("Book", models.Index(fields=["isbn"], name="library_isbn")),
        PerSchema(migrations.RunSQL("UPDATE library_book SET pages = pages + 1", "SELECT 1")),
    )
