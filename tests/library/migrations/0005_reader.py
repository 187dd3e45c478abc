"""A key to the users, whose table is locked for it."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("library", "0004_python"),)
    operations = (
        migrations.AddField(
            "Book", "reader", models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True)
        ),
    )
