import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import boardinghouse.base
from boardinghouse.operations import Shared

# The path of a connection begins with the active schema; without one, with public.
ADD_COLUMN = """
ALTER TABLE IF EXISTS public.django_admin_log ADD COLUMN IF NOT EXISTS schema varchar(63)
DEFAULT nullif(nullif(current_schema()::text, 'public'), '__template__')
"""
DROP_COLUMN = "ALTER TABLE IF EXISTS public.django_admin_log DROP COLUMN IF EXISTS schema"


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("contenttypes", "0002_remove_content_type_name"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SchemaLogEntry",
            fields=[
                (
                    "id",
                    models.AutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("action_time", models.DateTimeField(editable=False, verbose_name="action time")),
                ("object_id", models.TextField(null=True, verbose_name="object id")),
                ("object_repr", models.CharField(max_length=200, verbose_name="object repr")),
                (
                    "action_flag",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "Addition"), (2, "Change"), (3, "Deletion")],
                        verbose_name="action flag",
                    ),
                ),
                ("change_message", models.TextField(verbose_name="change message")),
                ("schema", models.CharField(max_length=63, null=True, verbose_name="schema")),
                (
                    "content_type",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="contenttypes.contenttype",
                        verbose_name="content type",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "log entry",
                "verbose_name_plural": "log entries",
                "db_table": "django_admin_log",
                "ordering": ("-action_time",),
                "managed": False,
                "default_permissions": (),
            },
            bases=(boardinghouse.base.SharedSchemaMixin, models.Model),
        ),
        Shared(migrations.RunSQL(ADD_COLUMN, DROP_COLUMN)),
    ]
