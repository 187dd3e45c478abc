"""Files of each schema in a place of their own, and shown to its people only."""

from boardinghouse.contrib.storage.storages import SchemaFileSystemStorage, SchemaStorageMixin
from boardinghouse.contrib.storage.views import SchemaFileView

__all__ = ["SchemaFileSystemStorage", "SchemaFileView", "SchemaStorageMixin"]
