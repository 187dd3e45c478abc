"""One model per shape: shared, private, private with keys to both, private children."""

from django.conf import settings
from django.db import models

from boardinghouse.base import SharedSchemaModel


class Region(SharedSchemaModel):
    """Shared by all schemata."""

    name = models.CharField(max_length=50)


class Account(models.Model):
    """Private, with keys to shared models."""

    owner = models.CharField(max_length=63)
    region = models.ForeignKey(Region, on_delete=models.SET_NULL, null=True)
    keeper = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True)

    def __str__(self):
        return f"account of {self.owner}"


class Entry(models.Model):
    """Private, with a key to a private model."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="entries")
    amount = models.IntegerField(default=0)


class Team(SharedSchemaModel):
    """Shared, with joins that Django makes: to a shared model, and from a private one."""

    name = models.CharField(max_length=50)
    regions = models.ManyToManyField(Region)


class Project(models.Model):
    """Private, with a join to a shared model and one to a private model."""

    teams = models.ManyToManyField(Team)
    accounts = models.ManyToManyField(Account)
