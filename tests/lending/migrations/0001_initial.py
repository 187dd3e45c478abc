import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import boardinghouse.base
import tests.lending.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        # So that all private tables go when auth does.
        ("auth", "__first__"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.CreateModel(
            name="Title",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=20, unique=True)),
                ("name", models.CharField(max_length=50)),
            ],
            options={
                "abstract": False,
            },
            bases=(boardinghouse.base.SharedSchemaMixin, models.Model),
        ),
        migrations.CreateModel(
            name="Loan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reader", models.CharField(max_length=20)),
                (
                    "by_code",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="lending.title",
                        to_field="code",
                    ),
                ),
                (
                    "cascade",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="loans",
                        to="lending.title",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Edition",
            fields=[
                (
                    "title_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to="lending.title",
                    ),
                ),
                ("year", models.IntegerField(default=2000)),
            ],
            options={
                "abstract": False,
            },
            bases=("lending.title",),
        ),
        migrations.CreateModel(
            name="Chapter",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=50)),
                (
                    "title",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="lending.title"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
            bases=(boardinghouse.base.SharedSchemaMixin, models.Model),
        ),
        migrations.CreateModel(
            name="SpecialTitle",
            fields=[],
            options={
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("lending.title",),
        ),
        migrations.CreateModel(
            name="Reminder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.IntegerField(default=1)),
                (
                    "loan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="lending.loan"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="loan",
            name="chapter",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, to="lending.chapter"
            ),
        ),
        migrations.AddField(
            model_name="loan",
            name="do_nothing",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="lending.title",
            ),
        ),
        migrations.AddField(
            model_name="loan",
            name="protect",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="lending.title",
            ),
        ),
        migrations.AddField(
            model_name="loan",
            name="restrict",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="+",
                to="lending.title",
            ),
        ),
        migrations.AddField(
            model_name="loan",
            name="set_called",
            field=models.ForeignKey(
                null=True,
                on_delete=models.SET(tests.lending.models.the_unknown),
                related_name="+",
                to="lending.title",
            ),
        ),
        migrations.AddField(
            model_name="loan",
            name="set_default",
            field=models.ForeignKey(
                default=1,
                on_delete=django.db.models.deletion.SET_DEFAULT,
                related_name="+",
                to="lending.title",
            ),
        ),
        migrations.AddField(
            model_name="loan",
            name="set_null",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="lending.title",
            ),
        ),
        migrations.AddField(
            model_name="loan",
            name="set_value",
            field=models.ForeignKey(
                null=True, on_delete=models.SET(1), related_name="+", to="lending.title"
            ),
        ),
        migrations.AddField(
            model_name="loan",
            name="unconstrained",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="lending.title",
            ),
        ),
        migrations.CreateModel(
            name="Reader",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("card", models.CharField(max_length=20)),
            ],
        ),
        migrations.CreateModel(
            name="Visit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "reader",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="lending.reader"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Club",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("readers", models.ManyToManyField(to="lending.reader")),
            ],
        ),
        migrations.CreateModel(
            name="Note",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.CharField(max_length=20)),
                ("object_id", models.CharField(max_length=20)),
                (
                    "content_type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="contenttypes.contenttype"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Poster",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "title",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, to="lending.title"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
            bases=(boardinghouse.base.SharedSchemaMixin, models.Model),
        ),
        migrations.CreateModel(
            name="Receipt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "title",
                    models.ForeignKey(
                        on_delete=tests.lending.models.DB_CASCADE,
                        related_name="+",
                        to="lending.title",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Shelf",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("titles", models.ManyToManyField(to="lending.title")),
            ],
        ),
        migrations.AddField(
            model_name="loan",
            name="edition",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="lending.edition",
            ),
        ),
        migrations.CreateModel(
            name="Fine",
            fields=[
                (
                    "reminder_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to="lending.reminder",
                    ),
                ),
                (
                    "title",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, to="lending.title"
                    ),
                ),
            ],
            bases=("lending.reminder",),
        ),
    ]
