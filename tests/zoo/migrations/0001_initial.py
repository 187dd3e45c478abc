import uuid

import django.db.models.constraints
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Animal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(db_index=True, max_length=30)),
                ("code", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("weight", models.DecimalField(decimal_places=2, max_digits=6, null=True)),
                (
                    "heavy",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Q(("weight__gt", 100)),
                        output_field=models.BooleanField(),
                    ),
                ),
                (
                    "seen",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("notes", models.JSONField(default=dict)),
                (
                    "keeper",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "mother",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, to="zoo.animal"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Kind",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(db_comment="as the zoo calls it", max_length=30, unique=True),
                ),
                ("latin", models.CharField(db_collation="C", db_default="", max_length=60)),
            ],
            options={
                "db_table_comment": "what the zoo's animals are",
            },
        ),
        migrations.CreateModel(
            name="Elephant",
            fields=[
                (
                    "animal_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to="zoo.animal",
                    ),
                ),
                ("trunk", models.SmallIntegerField(default=1)),
            ],
            bases=("zoo.animal",),
        ),
        migrations.AddField(
            model_name="animal",
            name="kind",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="zoo.kind"),
        ),
        migrations.CreateModel(
            name="Part",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("role", models.CharField(max_length=30)),
                (
                    "animal",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="zoo.animal"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Show",
            fields=[
                ("id", models.SmallAutoField(primary_key=True, serialize=False)),
                ("animals", models.ManyToManyField(through="zoo.Part", to="zoo.animal")),
                ("before", models.ManyToManyField(to="zoo.show")),
                ("guests", models.ManyToManyField(to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddField(
            model_name="part",
            name="show",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="zoo.show"),
        ),
        migrations.AlterOrderWithRespectTo(
            name="animal",
            order_with_respect_to="kind",
        ),
        migrations.AddIndex(
            model_name="animal",
            index=models.Index(fields=["weight", "-name"], name="zoo_animal_weight"),
        ),
        migrations.AddIndex(
            model_name="animal",
            index=models.Index(
                condition=models.Q(("weight__gt", 9)), fields=["name"], name="zoo_animal_partial"
            ),
        ),
        migrations.AddIndex(
            model_name="animal",
            index=models.Index(
                django.db.models.functions.text.Lower("name"),
                models.F("kind"),
                name="zoo_animal_lower",
            ),
        ),
        migrations.AddIndex(
            model_name="animal",
            index=models.Index(
                fields=["name"], name="zoo_animal_like", opclasses=("varchar_pattern_ops",)
            ),
        ),
        migrations.AddIndex(
            model_name="animal",
            index=models.Index(fields=["kind"], include=("name",), name="zoo_animal_covering"),
        ),
        migrations.AddConstraint(
            model_name="animal",
            constraint=models.CheckConstraint(
                condition=models.Q(("weight__gt", 0)), name="zoo_animal_has_weight"
            ),
        ),
        migrations.AddConstraint(
            model_name="animal",
            constraint=models.CheckConstraint(
                condition=models.Q(("mother", models.F("id")), _negated=True),
                name="zoo_animal_not_its_own",
            ),
        ),
        migrations.AddConstraint(
            model_name="animal",
            constraint=models.UniqueConstraint(
                deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                fields=("kind", "name"),
                name="zoo_animal_named",
            ),
        ),
        migrations.AddConstraint(
            model_name="animal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("weight__gt", 500)), fields=("name",), name="zoo_animal_star"
            ),
        ),
        migrations.AddConstraint(
            model_name="animal",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("name"),
                models.F("seen"),
                name="zoo_animal_once",
            ),
        ),
        migrations.AlterUniqueTogether(
            name="part",
            unique_together={("show", "role")},
        ),
    ]
