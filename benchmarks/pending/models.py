"""What the pending migration is about: one private table."""

from django.db import models


class Entry(models.Model):
    text = models.TextField()
    amount = models.IntegerField(default=0)

    class Meta:
        indexes = (models.Index(fields=["amount"], name="pending_amount"),)

    def __str__(self):
        return self.text
