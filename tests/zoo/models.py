"""Private models with every kind of column, key, index, constraint and comment."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Deferrable, F, Q
from django.db.models.functions import Lower, Now


class Kind(models.Model):
    """Rows come with a migration."""

    name = models.CharField(max_length=30, unique=True, db_comment="as the zoo calls it")
    latin = models.CharField(max_length=60, db_collation="C", db_default="")

    class Meta:
        db_table_comment = "what the zoo's animals are"


class Animal(models.Model):
    """Many shapes."""

    kind = models.ForeignKey(Kind, on_delete=models.CASCADE)
    keeper = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True)
    mother = models.ForeignKey("self", on_delete=models.SET_NULL, null=True)
    name = models.CharField(max_length=30, db_index=True)
    code = models.UUIDField(default=uuid.uuid4, unique=True)
    weight = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    heavy = models.GeneratedField(
        expression=Q(weight__gt=100), output_field=models.BooleanField(), db_persist=True
    )
    seen = models.DateTimeField(db_default=Now())
    notes = models.JSONField(default=dict)

    class Meta:
        order_with_respect_to = "kind"
        indexes = (
            models.Index(fields=("weight", "-name"), name="zoo_animal_weight"),
            models.Index(fields=("name",), condition=Q(weight__gt=9), name="zoo_animal_partial"),
            models.Index(Lower("name"), "kind", name="zoo_animal_lower"),
            models.Index(
                fields=("name",), opclasses=("varchar_pattern_ops",), name="zoo_animal_like"
            ),
            models.Index(fields=("kind",), include=("name",), name="zoo_animal_covering"),
        )
        constraints = (
            models.CheckConstraint(condition=Q(weight__gt=0), name="zoo_animal_has_weight"),
            models.CheckConstraint(condition=~Q(mother=F("id")), name="zoo_animal_not_its_own"),
            models.UniqueConstraint(
                fields=("kind", "name"), name="zoo_animal_named", deferrable=Deferrable.DEFERRED
            ),
            models.UniqueConstraint(
                fields=("name",), condition=Q(weight__gt=500), name="zoo_animal_star"
            ),
            models.UniqueConstraint(Lower("name"), "seen", name="zoo_animal_once"),
        )


class Elephant(Animal):
    """A child of multi-table inheritance."""

    trunk = models.SmallIntegerField(default=1)


class Show(models.Model):
    """Joins with a model between and without, and a small key."""

    id = models.SmallAutoField(primary_key=True)
    animals = models.ManyToManyField(Animal, through="Part")
    guests = models.ManyToManyField(settings.AUTH_USER_MODEL)
    before = models.ManyToManyField("self")


class Part(models.Model):
    """A join that has something to say."""

    show = models.ForeignKey(Show, on_delete=models.CASCADE)
    animal = models.ForeignKey(Animal, on_delete=models.CASCADE)
    role = models.CharField(max_length=30)

    class Meta:
        unique_together = (("show", "role"),)
