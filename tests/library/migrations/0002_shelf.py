"""Private tables only: one transaction, as long as the locks suffice."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("library", "0001_initial"),)
    operations = (
        migrations.AddField("Book", "shelf", models.CharField(max_length=9, default="low")),
        migrations.AddIndex("Book", models.Index(fields=["shelf"], name="library_shelf")),
    )
