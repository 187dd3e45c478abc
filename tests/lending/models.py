"""Private rows that refer to shared ones, in every way that Django knows."""

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models

from boardinghouse.base import SharedSchemaModel

#: Of Django 6.1; before that, Django deletes such rows itself.
DB_CASCADE = getattr(models, "DB_CASCADE", models.CASCADE)


def the_unknown():
    return Title.objects.get_or_create(code="unknown", name="unknown")[0]


class Title(SharedSchemaModel):
    """Shared; its key is not what every key refers to."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=50)
    notes = GenericRelation("lending.Note")

    def __str__(self):
        return self.name


class Edition(Title):
    """A shared child of multi-table inheritance."""

    year = models.IntegerField(default=2000)


class SpecialTitle(Title):
    """A proxy."""

    class Meta:
        proxy = True


class Chapter(SharedSchemaModel):
    """Shared, and deleted with its title."""

    title = models.ForeignKey(Title, models.CASCADE)
    name = models.CharField(max_length=50)


class Poster(SharedSchemaModel):
    """Shared, with nothing private that refers to it."""

    title = models.ForeignKey(Title, models.CASCADE, null=True)


class Loan(models.Model):
    """Private, with a key for each thing that may happen to it."""

    reader = models.CharField(max_length=20)
    cascade = models.ForeignKey(Title, models.CASCADE, null=True, related_name="loans")
    protect = models.ForeignKey(Title, models.PROTECT, null=True, related_name="+")
    restrict = models.ForeignKey(Title, models.RESTRICT, null=True, related_name="+")
    set_null = models.ForeignKey(Title, models.SET_NULL, null=True, related_name="+")
    set_default = models.ForeignKey(Title, models.SET_DEFAULT, default=1, related_name="+")
    set_value = models.ForeignKey(Title, models.SET(1), null=True, related_name="+")
    set_called = models.ForeignKey(Title, models.SET(the_unknown), null=True, related_name="+")
    do_nothing = models.ForeignKey(Title, models.DO_NOTHING, null=True, related_name="+")
    by_code = models.ForeignKey(Title, models.CASCADE, null=True, to_field="code", related_name="+")
    chapter = models.ForeignKey(Chapter, models.CASCADE, null=True)
    edition = models.ForeignKey(Edition, models.CASCADE, null=True, related_name="+")
    unconstrained = models.ForeignKey(
        Title, models.CASCADE, null=True, db_constraint=False, related_name="+"
    )

    def __str__(self):
        return f"loan to {self.reader}"


class Reminder(models.Model):
    """Private, and deleted with its loan; its text needs a query in its own schema."""

    loan = models.ForeignKey(Loan, models.CASCADE)
    number = models.IntegerField(default=1)

    def __str__(self):
        return f"reminder to {self.loan.reader}"


class Fine(Reminder):
    """A private child of multi-table inheritance."""

    title = models.ForeignKey(Title, models.CASCADE, null=True)


class Receipt(models.Model):
    """Private, and deleted by PostgreSQL itself where Django can say so."""

    title = models.ForeignKey(Title, DB_CASCADE, related_name="+")


class Shelf(models.Model):
    """Private, with a join to a shared model."""

    titles = models.ManyToManyField(Title)


class Reader(models.Model):
    """Private, and known by the key of the shared row that it is about."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True)
    card = models.CharField(max_length=20)

    def __str__(self):
        return self.card


class Visit(models.Model):
    """Private, with a key to such a private row."""

    reader = models.ForeignKey(Reader, models.CASCADE)


class Club(models.Model):
    """Private, with a join to such private rows."""

    readers = models.ManyToManyField(Reader)


class Note(models.Model):
    """Private, on anything."""

    text = models.CharField(max_length=20)
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.CharField(max_length=20)
    about = GenericForeignKey()

    def __str__(self):
        return self.text
