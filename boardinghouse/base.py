"""What a model inherits to be shared by all schemata."""

from __future__ import annotations

from django.db import models


class SharedSchemaMixin:
    """Mark a model as shared: one table, in ``public``, seen from every schema.

    It is no model, so that migrations keep it among a model's bases and the
    historical model is known to be shared too.
    """

    # Read by sharing.py, which the database backend imports before models can be defined.
    shared_by_schemata = True


class SharedSchemaModel(SharedSchemaMixin, models.Model):
    """An abstract model that is shared by all schemata."""

    class Meta:
        abstract = True
