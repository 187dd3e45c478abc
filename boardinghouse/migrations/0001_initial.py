from django.conf import settings
from django.db import migrations, models

import boardinghouse.base
import boardinghouse.names


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Schema",
            fields=[
                (
                    "schema",
                    models.CharField(
                        help_text="The name in the database and in addresses. "
                        "It cannot be changed.",
                        max_length=63,
                        primary_key=True,
                        serialize=False,
                        validators=[boardinghouse.names.SchemaNameValidator()],
                        verbose_name="schema",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="The name that people see.",
                        max_length=128,
                        unique=True,
                        verbose_name="name",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        help_text="Only superusers may enter a schema that is not active.",
                        verbose_name="active",
                    ),
                ),
                (
                    "users",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Who may enter this schema.",
                        related_name="schemata",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="users",
                    ),
                ),
            ],
            options={
                "verbose_name": "schema",
                "verbose_name_plural": "schemata",
                "ordering": ("name",),
                "abstract": False,
                "swappable": "BOARDINGHOUSE_SCHEMA_MODEL",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("schema__regex", boardinghouse.names.PATTERN)),
                        name="boardinghouse_schema_name_is_safe",
                    )
                ],
            },
            bases=(boardinghouse.base.SharedSchemaMixin, models.Model),
        ),
    ]
