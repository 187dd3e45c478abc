"""The backend that ours is put over: ``BOARDINGHOUSE_BASE_BACKEND``, by default Django's."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from boardinghouse.conf import conf

if TYPE_CHECKING:
    from django.db.backends.postgresql import compiler as parent_compiler
    from django.db.backends.postgresql.base import DatabaseWrapper as DjangosWrapper
    from django.db.backends.postgresql.creation import DatabaseCreation as ParentCreation
    from django.db.backends.postgresql.introspection import (
        DatabaseIntrospection as ParentIntrospection,
    )
    from django.db.backends.postgresql.operations import DatabaseOperations as ParentOperations
    from django.db.backends.postgresql.schema import DatabaseSchemaEditor as ParentEditor
    from django.db.backends.utils import CursorWrapper

    class ParentWrapper(DjangosWrapper):
        """Django's, with the methods that django-stubs leaves out."""

        def _close(self) -> None: ...
        def _cursor(self) -> CursorWrapper: ...
        def _savepoint(self, sid: str) -> None: ...
        def _savepoint_rollback(self, sid: str) -> None: ...
        def _savepoint_commit(self, sid: str) -> None: ...
        def _rollback(self) -> None: ...
else:
    ParentWrapper = import_module(f"{conf.BASE_BACKEND}.base").DatabaseWrapper
    ParentCreation = ParentWrapper.creation_class
    ParentIntrospection = ParentWrapper.introspection_class
    ParentOperations = ParentWrapper.ops_class
    ParentEditor = ParentWrapper.SchemaEditorClass
    parent_compiler = import_module(ParentOperations.compiler_module)

__all__ = [
    "ParentCreation",
    "ParentEditor",
    "ParentIntrospection",
    "ParentOperations",
    "ParentWrapper",
    "parent_compiler",
]
