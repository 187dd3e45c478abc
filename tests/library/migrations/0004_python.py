"""Python in every schema."""

from django.db import migrations

from boardinghouse.operations import PerSchema


def add(apps, editor):
    apps.get_model("library", "Book").objects.create(title="python")


def remove(apps, editor):
    apps.get_model("library", "Book").objects.filter(title="python").delete()


class Migration(migrations.Migration):
    dependencies = (("library", "0003_segments"),)
    operations = (PerSchema(migrations.RunPython(add, remove)),)
