"""The models are what their history says."""

from copy import deepcopy

from django.db import migrations, models

from benchmarks.workload.history import CHANGES, MODELS, PENDING, describe


def fields_of(operation):
    """Return the fields of the model that an operation creates, after all changes."""
    fields = dict(operation.fields)
    for change in [*CHANGES, *PENDING]:
        if getattr(change, "model_name", None) != operation.name_lower:
            continue
        if isinstance(change, migrations.AddField | migrations.AlterField):
            fields[change.name] = deepcopy(change.field)
        elif isinstance(change, migrations.RemoveField):
            del fields[change.name]
        elif isinstance(change, migrations.RenameField):
            fields[change.new_name] = fields.pop(change.old_name)
    return fields


for operation in map(describe, range(MODELS)):
    body = {"__module__": __name__, **fields_of(operation)}
    globals()[operation.name] = type(operation.name, (models.Model,), body)
