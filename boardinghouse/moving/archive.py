"""The file that holds a schema: a ZIP archive of rows, as COPY writes them, and a manifest."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from django.core.management.base import CommandError
from django.core.serializers.json import DjangoJSONEncoder

#: What a reader has to know; a file of a later format is refused.
FORMAT = 1
MANIFEST = "manifest.json"
#: What every manifest says.
SAID = (
    *("schema", "row", "relations", "members", "migrations", "columns", "before", "after"),
    *("sequences", "links", "shared", "rows"),
)
#: What `zipfile` raises for a file that is not as it was written.
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)


def entry_of(table: str) -> str:
    """Return the name that a table's rows have in the file."""
    return f"rows/{table}"


class ExactEncoder(DjangoJSONEncoder):
    """Django's, with the microseconds that it leaves out."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime | time) else super().default(o)


class Writer:
    """A file that is being written."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.manifest: dict[str, Any] = {"format": FORMAT}

    def open_rows(self, table: str) -> IO[bytes]:
        return self.archive.open(entry_of(table), "w", force_zip64=True)


class Reader:
    """A file that is being read."""

    def __init__(self, archive: zipfile.ZipFile, manifest: dict[str, Any]) -> None:
        self.archive, self.manifest = archive, manifest

    def open_rows(self, table: str) -> IO[bytes]:
        return self.archive.open(entry_of(table))


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Write a file in a block; it appears under its name when the block has ended, whole.

    Raises CommandError where it cannot, or where something else is, such as a folder or a device.
    """
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            raise CommandError(f"{str(path)!r} cannot be written: what is there is no file.")
        with beside(target) as temporary:
            with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
                writer = Writer(archive)
                yield writer
                manifest = json.dumps(writer.manifest, cls=ExactEncoder, indent=1)
                archive.writestr(MANIFEST, manifest)
            temporary.close()
            Path(temporary.name).replace(target)
    except OSError as error:
        raise CommandError(
            f"{str(path)!r} cannot be written: {error.strerror or error}."
        ) from error


@contextmanager
def beside(path: Path) -> Iterator[Any]:
    """Open a file beside another one; afterwards it is gone, unless it was renamed."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as temporary:
        try:
            yield temporary
        finally:
            Path(temporary.name).unlink(missing_ok=True)


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """Read a file in a block. Raises CommandError for what is no such file."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield Reader(archive, read_manifest(path, archive))
    except OSError as error:
        raise CommandError(f"{str(path)!r} cannot be read: {error.strerror or error}.") from error
    except DAMAGE as error:
        raise damaged(path) from error


def damaged(path: Path) -> CommandError:
    return CommandError(f"{str(path)!r} is damaged, or was not written by dump_schema.")


def read_manifest(path: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    """Return the manifest, if it and the file are whole."""
    entries = set(archive.namelist())
    try:
        manifest: Any = json.loads(archive.read(MANIFEST)) if MANIFEST in entries else None
    except ValueError as error:
        raise damaged(path) from error
    if not isinstance(manifest, dict) or "format" not in manifest:
        raise damaged(path)
    if manifest["format"] != FORMAT:
        raise CommandError(
            f"{str(path)!r} was written by a later release. Type `pip install --upgrade "
            "django-boardinghouse`."
        )
    if not manifest.keys() >= {*SAID} or not entries.issuperset(map(entry_of, manifest["columns"])):
        raise damaged(path)
    return manifest
