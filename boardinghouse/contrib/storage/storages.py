"""Storages that put the active schema's identifier before each name."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage
from django.utils.deconstruct import deconstructible
from django.utils.encoding import filepath_to_uri

from boardinghouse.contrib.storage.identifiers import get_identifier
from boardinghouse.places import current_place
from boardinghouse.schema import get_active_schema_name

#: The storage at work and its folder: its own methods, called meanwhile, give names in there.
#: While it is made it has no folder, and all names are whole.
_at_work: ContextVar[tuple[int, str] | None] = ContextVar("boardinghouse_storage", default=None)
NO_FOLDER = ""


class PlacedName(str):
    """A name as the storage below knows it, which a file that it opened may ask it for later."""


class SchemaStorageMixin(Storage):
    """Keep each schema's files in a folder of their own; stands before a storage class.

    Names, in code and in the database, are those within the folder. With `shared_location`, files
    go there while no schema is active; without, that raises NoActiveSchema. A name that is
    absolute or has ``..`` in it raises SuspiciousFileOperation, in every method.
    """

    shared_location: str | None = None

    def __init__(self, *args: Any, shared_location: str | None = None, **kwargs: Any) -> None:
        with self.at_work(NO_FOLDER):
            super().__init__(*args, **kwargs)
        if shared_location is not None:
            self.shared_location = shared_location

    def place(self, name: str) -> str:
        """Return a name as the storage below knows it: ``hamilton/photos/ada.png``."""
        return join(self.get_folder(), require_relative(name))

    def get_folder(self) -> str:
        """Return the folder of the active schema, or of shared files if there is none."""
        shared = require_location(self.shared_location or "")
        if get_active_schema_name() is None and shared:
            return shared
        folder = get_identifier()
        if folder == shared.split("/")[0]:
            raise SuspiciousFileOperation(
                f"The schema's folder {folder!r} is the one of shared files. Give the storage "
                "another shared_location."
            )
        return folder

    @contextmanager
    def at_work(self, folder: str) -> Iterator[None]:
        token = _at_work.set((id(self), folder))
        try:
            yield
        finally:
            _at_work.reset(token)

    @contextmanager
    def placed(self, name: str) -> Iterator[str]:
        """Give the name as the storage below knows it, to which alone it then speaks."""
        if _at_work.get() == (id(self), NO_FOLDER):
            yield name
            return
        folder = self.get_folder()
        is_within = f"{name}/".startswith(f"{folder}/")
        if isinstance(name, PlacedName) and not is_within:
            raise SuspiciousFileOperation(
                f"The file {name!r} was opened in another schema; now the folder is {folder!r}. "
                "Use it in the schema that it was opened in."
            )
        is_ours = isinstance(name, PlacedName) or _at_work.get() == (id(self), folder)
        name = require_relative(name)
        with self.at_work(folder):
            yield PlacedName(name if is_ours and is_within else join(folder, name))

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        with self.placed(name) as placed:
            file: File[Any] = super()._open(placed, mode)  # type: ignore[misc]
            return file

    def _save(self, name: str, content: File[Any]) -> str:
        _ = content.file  # A model's file opens at the first look: by its own name, not in here.
        with self.placed(name) as placed:
            saved: str = super()._save(placed, content)  # type: ignore[misc]
        return saved.replace("\\", "/").removeprefix(f"{self.get_folder()}/")

    def delete(self, name: str) -> None:
        if posixpath.normpath(require_relative(name or ".")) == ".":
            raise ValueError("The name must be given to delete().")
        with self.placed(name) as placed:
            super().delete(placed)

    def exists(self, name: str) -> bool:
        with self.placed(name) as placed:
            return super().exists(placed)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with self.placed(path) as placed:
            try:
                return super().listdir(placed)
            except FileNotFoundError:
                if placed != self.get_folder():
                    raise
                return [], []  # A schema that has no file yet has no folder.

    def size(self, name: str) -> int:
        with self.placed(name) as placed:
            return super().size(placed)

    def path(self, name: str) -> str:
        with self.placed(name) as placed:
            return super().path(placed)

    def url(self, name: str | None, *args: Any, **kwargs: Any) -> str:
        """Take what the storage below takes besides the name, such as how long it is valid."""
        with self.placed(name or "") as placed:
            url = super().url(placed, *args, **kwargs)
        return without_repetition(url, placed, require_relative(name or ""))

    def get_accessed_time(self, name: str) -> datetime:
        with self.placed(name) as placed:
            return super().get_accessed_time(placed)

    def get_created_time(self, name: str) -> datetime:
        with self.placed(name) as placed:
            return super().get_created_time(placed)

    def get_modified_time(self, name: str) -> datetime:
        with self.placed(name) as placed:
            return super().get_modified_time(placed)


@deconstructible(path="boardinghouse.contrib.storage.SchemaFileSystemStorage")
class SchemaFileSystemStorage(SchemaStorageMixin, FileSystemStorage):
    """Django's `FileSystemStorage`, with a folder for each schema below its location."""


def require_relative(name: str | os.PathLike[str]) -> str:
    """Return a name, if it cannot lead out of its folder."""
    name = os.fspath(name)
    # Some storages take a backslash for a slash.
    parts = name.replace("\\", "/").split("/")
    if "\0" in name or ".." in parts or (name and not parts[0]):
        raise SuspiciousFileOperation(
            f"The name {name!r} leads out of the schema's folder. Give one without '..' that does "
            "not begin with a slash."
        )
    return name


def require_location(location: str) -> str:
    """Return where shared files go, in the one way of writing that can be told from a schema's."""
    plain = require_relative(location).strip("/")
    if not plain:
        return ""
    if plain == "." or "\\" in plain or posixpath.normpath(plain) != plain:
        raise SuspiciousFileOperation(
            f"shared_location = {location!r} is no folder beside those of the schemata. Give a "
            "name that no schema can have: '_shared'."
        )
    return plain


def join(folder: str, name: str) -> str:
    return folder if posixpath.normpath(name) == "." else f"{folder}/{name}"


def without_repetition(url: str, placed: str, name: str) -> str:
    """Return a file's address below the prefix of the request's path, which says the schema.

    An address that lies elsewhere stays whole.
    """
    place, end = current_place(), filepath_to_uri(placed)
    path = re.split("[?#]", url, maxsplit=1)[0]
    if place is None or urlsplit(url).netloc or not path.endswith(end):
        return url
    base = path.removesuffix(end)
    if not base.startswith(f"{place.root}/"):
        return url
    address = place.prefix + base.removeprefix(place.root) + filepath_to_uri(name)
    return address + url.removeprefix(path)
