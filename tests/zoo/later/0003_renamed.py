from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("zoo", "0002_rows")]

    operations = [
        migrations.RenameModel("Kind", "Sort"),
        migrations.RenameField("Animal", "mother", "parent"),
    ]
