"""The file that holds a schema: a ZIP archive of rows, as COPY writes them, and a manifest."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from django.core.management.base import CommandError
from django.core.serializers.json import DjangoJSONEncoder

#: What a reader has to know; a file of a later format is refused.
FORMAT = 1
MANIFEST = "manifest.json"


class Writer:
    """A file that is being written."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.manifest: dict[str, Any] = {"format": FORMAT}

    def open_rows(self, table: str) -> IO[bytes]:
        return self.archive.open(f"rows/{table}", "w", force_zip64=True)


class Reader:
    """A file that is being read."""

    def __init__(self, archive: zipfile.ZipFile, manifest: dict[str, Any]) -> None:
        self.archive, self.manifest = archive, manifest

    def open_rows(self, table: str) -> IO[bytes]:
        return self.archive.open(f"rows/{table}")


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Write a file in a block; it appears under its name when the block has ended, whole."""
    try:
        temporary = NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False)  # noqa: SIM115 closed below
    except OSError as error:
        raise CommandError(f"{str(path)!r} cannot be written: {error.strerror}.") from error
    try:
        with temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            writer = Writer(archive)
            yield writer
            archive.writestr(MANIFEST, json.dumps(writer.manifest, cls=DjangoJSONEncoder, indent=1))
        Path(temporary.name).replace(path)
    except BaseException:
        Path(temporary.name).unlink(missing_ok=True)
        raise


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """Read a file in a block. Raises CommandError for what is no such file."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield Reader(archive, read_manifest(path, archive))
    except OSError as error:
        raise CommandError(f"{str(path)!r} cannot be read: {error.strerror or error}.") from error
    except zipfile.BadZipFile as error:
        raise CommandError(
            f"{str(path)!r} is damaged, or was not written by dump_schema."
        ) from error


def read_manifest(path: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    if MANIFEST not in archive.namelist():
        raise CommandError(f"{str(path)!r} was not written by dump_schema.")
    manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
    if manifest.get("format") != FORMAT:
        raise CommandError(
            f"{str(path)!r} was written by a later release. Type `pip install --upgrade "
            "django-boardinghouse`."
        )
    return manifest
