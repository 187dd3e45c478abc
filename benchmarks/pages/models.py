from django.db import models


class Pupil(models.Model):
    """Private under boardinghouse."""

    name = models.CharField(max_length=50)

    def __str__(self):
        return self.name


class Holiday(models.Model):
    """Shared under boardinghouse."""

    name = models.CharField(max_length=50)

    def __str__(self):
        return self.name
