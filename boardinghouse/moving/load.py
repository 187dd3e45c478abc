"""Putting one schema into a database, out of a file."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copyfileobj
from typing import IO, Any

from django.apps import apps
from django.core import serializers
from django.core.management.base import CommandError
from django.core.serializers.base import DeserializationError
from django.db import DatabaseError, transaction

from boardinghouse import clone, ddl, pipeline
from boardinghouse.exceptions import ReplayFailed
from boardinghouse.moving.archive import Reader, reading
from boardinghouse.moving.dump import columns_of
from boardinghouse.moving.history import (
    Keys,
    bring_up_to_date,
    find_missing,
    refuse_later,
    refuse_unfinished,
)
from boardinghouse.moving.identity import Target, relations_of, target_of_model, value_of
from boardinghouse.names import TEMPLATE, quote
from boardinghouse.patience import patiently
from boardinghouse.progress import Progress
from boardinghouse.schema import get_schema_model, working_in
from boardinghouse.signals import schema_created

NULL = rb"\N"
#: So many rows of each model are named in a refusal.
NAMED = 10

Change = Callable[[list[bytes]], None]
Values = dict[str, dict[bytes, bytes]]


class Loader:
    """A dump on its way into a database."""

    def __init__(
        self,
        connection: Any,
        reader: Reader,
        name: str,
        users: dict[str, Any],
        progress: Progress,
    ) -> None:
        self.connection, self.reader, self.name = connection, reader, name
        self.users, self.progress = users, progress
        self.manifest = reader.manifest
        self.unmatched: dict[str, list[Any]] = {}

    # Before anything is written

    def prepare(self) -> None:
        """Find out all that can be known; raise CommandError for what would go wrong."""
        refuse_unfinished(self.connection)
        if ddl.schema_exists(self.connection, self.name):
            raise CommandError(f"Schema {self.name!r} exists already. Choose another NAME.")
        later, self.missing = find_missing(self.connection, self.manifest["migrations"])
        refuse_later(later)
        if not self.missing:
            refuse_other_columns(self.connection, self.manifest["columns"], TEMPLATE)
        self.values: Values = {}
        for label, keys in self.manifest["shared"].items():
            target = Target.named(label)
            self.values[label] = {
                to_copy(old): to_copy(new) for old, new in self.match(target, keys.items())
            }
        user = user_model()
        pairs = ((index, key) for index, key in enumerate(self.manifest["members"]))
        target = Target(user, user._meta.pk.attname)
        self.relations = dict(self.match_relations())
        self.members = [value for _index, value in self.match(target, pairs, is_member=True)]
        self.refuse_unmatched()

    def match_relations(self) -> Iterator[tuple[Any, list[str]]]:
        """Yield the fields of the schema's row that refer to shared rows, and the values here."""
        fields = relations_of(get_schema_model())
        for name, (label, keys) in self.manifest["relations"].items():
            if name in fields:
                matched = self.match(Target.named(label), enumerate(keys))
                yield fields[name], [value for _index, value in matched]

    def match(
        self, target: Target, keys: Any, *, is_member: bool = False
    ) -> Iterator[tuple[Any, str]]:
        """Yield what was, and the value of the row here with its natural key."""
        for old, key in keys:
            wanted = self.renamed(target, key)
            if wanted is None and is_member:
                continue
            value = None if wanted is None else self.find(target, wanted)
            if value is None:
                self.unmatched.setdefault(target.model._meta.label, []).append(wanted or key)
            else:
                yield old, value

    def renamed(self, target: Target, key: Any) -> Any:
        """Return a user's key as the map has it; None for nobody."""
        if target.model is not user_model():
            return key
        said = key[0] if isinstance(key, list) and len(key) == 1 else json.dumps(key)
        if said not in self.users:
            return key
        new = self.users[said]
        if new is None or new == "":
            return None
        return as_key(new, said, key)

    def find(self, target: Target, key: Any) -> str | None:
        """Return the value of a row here; the dumped schema's own row is the new one."""
        if target.model is get_schema_model() and key == {"schema": self.manifest["schema"]}:
            return self.name
        return value_of(target, self.connection.alias, key)

    def refuse_unmatched(self) -> None:
        if not self.unmatched:
            return
        named = "; ".join(
            f"{label} {', '.join(map(say, keys[:NAMED]))}"
            + (f" and {len(keys) - NAMED} more" if len(keys) > NAMED else "")
            for label, keys in self.unmatched.items()
        )
        raise CommandError(
            f"The dump refers to shared rows that the database has not, or not only once: {named}. "
            "Create them first; or say which users are meant instead with --remap-users MAP, a "
            'file like {"ana": "anna"}. Nothing was loaded.'
        )

    # Writing

    def load(self) -> dict[str, int]:
        """Make the schema and its row; all or nothing. Return how many rows of each table."""
        try:
            with working_in(None), transaction.atomic(using=self.connection.alias):
                # Before anything is asked: no migration begins while a schema is loaded.
                ddl.share_template(self.connection)
                self.prepare()
                row = patiently(self.connection, self.write)
        except (DatabaseError, ReplayFailed) as error:
            raise CommandError(f"Nothing was loaded: {str(error).strip()}") from error
        schema_created.send(sender=type(row), schema=self.name, using=self.connection.alias)
        rows: dict[str, int] = self.manifest["rows"]
        return rows

    def write(self) -> Any:
        """Make the schema and its row, and return that."""
        before, after = self.choose_structure()
        ddl.create(self.connection, self.name, before)
        row = self.make_row()
        self.copy_rows()
        self.set_sequences()
        pipeline.run_single(self.connection, [self.name], after)
        self.connection.check_constraints()
        self.bring_up_to_date()
        return row

    def choose_structure(self) -> tuple[list[str], list[str]]:
        """Return the statements before the rows and those after: the template's, or of its time."""
        if self.missing:
            return self.manifest["before"], self.manifest["after"]
        script = clone.compile_schema(self.connection, TEMPLATE)
        return script.before, script.after

    def make_row(self) -> Any:
        """Make the schema's row as it was, with its members and what else it refers to."""
        model = get_schema_model()
        fields = {**self.manifest["row"], "name": self.choose_display_name()}
        described = {"model": model._meta.label_lower, "pk": self.name, "fields": fields}
        try:
            (read,) = serializers.deserialize(
                "python", [described], using=self.connection.alias, ignorenonexistent=True
            )
        except DeserializationError as error:
            raise CommandError(f"Nothing was loaded: the schema's row: {error}") from error
        row: Any = read.object
        self.set_keys(row)
        # As a fixture's rows are saved: without creating the schema.
        row.save_base(raw=True, force_insert=True, using=self.connection.alias)
        row.users.set(self.members)
        self.set_joins(row)
        return row

    def set_keys(self, row: Any) -> None:
        for field, values in self.relations.items():
            if not field.many_to_many:
                setattr(row, field.attname, values[0] if values else None)

    def set_joins(self, row: Any) -> None:
        for field, values in self.relations.items():
            if field.many_to_many:
                getattr(row, field.name).set(values)

    def choose_display_name(self) -> str:
        """Return the display name that it had, or NAME where somebody else has that."""
        name: str = self.manifest["row"]["name"]
        others = get_schema_model()._default_manager.using(self.connection.alias)
        return self.name if others.filter(name=name).exists() else name

    def copy_rows(self) -> None:
        columns = self.manifest["columns"]
        with self.progress.task("Loading", len(columns), unit="tables") as task:
            for table, described in columns.items():
                names = [name for name, _kind in described]
                quoted = ", ".join(map(quote, names))
                statement = f"COPY {quote(self.name)}.{quote(table)} ({quoted}) FROM STDIN"
                changes = list(self.changes(table, names))
                with (
                    self.reader.open_rows(table) as file,
                    # For what only the path tells: names in rows, functions of generated columns.
                    working_in(self.name),
                    self.connection.cursor() as cursor,
                    cursor.copy(statement) as copy,
                ):
                    write_rows(file, copy, changes)
                task.advance()

    def changes(self, table: str, names: list[str]) -> Iterator[Change]:
        """Yield what is to be done to the values of a row whose columns refer to shared rows."""
        later = []
        for linked, column, label, kind in self.manifest["links"]:
            if linked == table and label is not None:
                later.append(change_key(names.index(column), self.values.get(label, {})))
            elif linked == table:
                # The old types tell which row is meant, so they are changed afterwards.
                yield self.change_generic(names.index(column), names.index(kind))
        yield from later

    def change_generic(self, column: int, kind: int) -> Change:
        by_kind = self.values_by_kind()

        def change(row: list[bytes]) -> None:
            values = by_kind.get(row[kind])
            if values is not None and row[column] != NULL:
                row[column] = values[row[column]]

        return change

    def values_by_kind(self) -> dict[bytes, dict[bytes, bytes]]:
        """Return the values of the shared rows that generic keys refer to, by old type."""
        found = {}
        for label, keys in self.manifest["shared"].items():
            if label.startswith("contenttypes.ContentType."):
                for old, (app, name) in keys.items():
                    model: Any = apps.all_models[app].get(name)
                    target = None if model is None else target_of_model(model)
                    if target is not None:
                        found[to_copy(old)] = self.values.get(target.label, {})
        return found

    def set_sequences(self) -> None:
        with self.connection.cursor() as cursor:
            for name, (value, is_called) in self.manifest["sequences"].items():
                sequence = f"{quote(self.name)}.{quote(name)}"
                cursor.execute("SELECT setval(%s::regclass, %s, %s)", [sequence, value, is_called])

    def bring_up_to_date(self) -> None:
        bring_up_to_date(self.connection, self.name, self.missing)
        if self.missing:
            refuse_other_columns(
                self.connection, columns_of(self.connection, self.name), TEMPLATE, self.missing
            )


def load(
    connection: Any, path: Path, name: str, users: dict[str, Any], progress: Progress
) -> tuple[dict[str, Any], dict[str, int]]:
    """Make a schema of a file; return the manifest, and how many rows each table got.

    Nothing is written before all that the file refers to has been found, and then all of it or
    nothing. Raises CommandError.
    """
    with reading(path) as reader, working_in(None):
        loader = Loader(connection, reader, name, users, progress)
        return reader.manifest, loader.load()


def user_model() -> Any:
    """Return the model of those who may enter schemata."""
    return get_schema_model()._meta.get_field("users").related_model


def refuse_other_columns(
    connection: Any, columns: dict[str, Any], schema: str, missing: Keys | None = None
) -> None:
    """Raise CommandError where a dump's columns are not those of a schema."""
    here = flat(columns_of(connection, schema))
    there = flat(columns)
    differing = [f"{each} only in the dump" for each in sorted(there - here)]
    differing += [f"{each} only here" for each in sorted(here - there)]
    if differing:
        older = (
            "It is older, and these migrations did not bring it up to date: "
            f"{', '.join(f'{app}.{name}' for app, name in missing)}. Load it into a database of "
            "its own with the code of its time, type `manage.py migrate` there with today's code, "
            "and dump it again."
            if missing
            else "Both have the same migrations, so that one was changed by hand: mend it first."
        )
        raise CommandError(
            f"Nothing was loaded: the tables differ: {', '.join(differing[:NAMED])}. {older}"
        )


def flat(columns: dict[str, Any]) -> set[str]:
    return {
        f"{table}.{name} {kind}" for table, described in columns.items() for name, kind in described
    }


def change_key(column: int, values: dict[bytes, bytes]) -> Change:
    def change(row: list[bytes]) -> None:
        if row[column] != NULL:
            row[column] = values[row[column]]

    return change


def write_rows(file: IO[bytes], copy: Any, changes: list[Change]) -> None:
    if not changes:
        copyfileobj(file, copy)
        return
    for line in file:
        copy.write(change_row(line, changes))


def change_row(line: bytes, changes: list[Change]) -> bytes:
    """Return a row, as COPY writes it, with other values."""
    row = line.removesuffix(b"\n").split(b"\t")
    for change in changes:
        change(row)
    return b"\t".join(row) + b"\n"


def to_copy(value: str) -> bytes:
    """Return a text as COPY writes it: https://www.postgresql.org/docs/current/sql-copy.html."""
    for plain, escaped in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        value = value.replace(plain, escaped)
    return value.encode()


def say(key: Any) -> str:
    if isinstance(key, list):
        return " ".join(repr(each) for each in key)
    return ", ".join(f"{name}={value!r}" for name, value in key.items())


def as_key(new: Any, old: str, key: Any) -> Any:
    """Return what a map says of a user. Raises CommandError if no key looks like that."""
    wanted = [new] if isinstance(new, str) else new
    if shape_of(wanted) != shape_of(key):
        raise CommandError(
            f"--remap-users says {new!r} of {old!r}, which is no user's key. Write one like "
            f"{say(key)}, or null. Nothing was loaded."
        )
    return wanted


def shape_of(key: Any) -> Any:
    """Return how many values a natural key has, or the names of fields."""
    return len(key) if isinstance(key, list) else isinstance(key, dict) and sorted(key)


def read_users(path: Path) -> dict[str, Any]:
    """Read a map of users: a JSON object, or CSV with two columns, of old natural key and new.

    Raises CommandError for what is neither.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{str(path)!r} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{str(path)!r} is no text in UTF-8.") from error
    if path.suffix.lower() == ".csv":
        rows = [row for row in csv.reader(text.splitlines()) if row]
        if any(len(row) != 2 for row in rows):
            raise CommandError(f"{str(path)!r} is no map of users: two columns, old and new.")
        return {old.strip(): new.strip() for old, new in rows}
    try:
        users = json.loads(text)
    except ValueError as error:
        raise CommandError(f"{str(path)!r} is no JSON: {error}.") from error
    if not isinstance(users, dict):
        raise CommandError(f'{str(path)!r} is no map of users, like {{"ana": "anna"}}.')
    return users
