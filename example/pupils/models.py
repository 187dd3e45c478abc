"""What a school keeps. Only ``Country`` is shared; the rest is each school's own."""

from django.db import models

from boardinghouse.base import SharedSchemaModel


class Country(SharedSchemaModel):
    """One table in ``public``: the same countries for every school."""

    code = models.CharField(max_length=2, primary_key=True)
    name = models.CharField(max_length=60, unique=True)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "countries"

    def __str__(self) -> str:
        return self.name


class House(models.Model):
    """One table in each schema, as for every model that does not say otherwise."""

    name = models.CharField(max_length=40, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Pupil(models.Model):
    """A pupil of one school. The house is the school's, the country is everybody's."""

    name = models.CharField(max_length=80)
    house = models.ForeignKey(House, on_delete=models.PROTECT, related_name="pupils")
    country = models.ForeignKey(Country, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Staff(models.Model):
    """Someone who works at one school."""

    name = models.CharField(max_length=80)
    duty = models.CharField(max_length=80)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "staff"

    def __str__(self) -> str:
        return self.name


class Notice(models.Model):
    """A file that only the school's people may read."""

    title = models.CharField(max_length=80)
    file = models.FileField(upload_to="notices/")

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title
