"""Files of each schema in a folder of their own."""

from io import BytesIO

import pytest
from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, InMemoryStorage, Storage, storages
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import models
from django.db.migrations.writer import MigrationWriter
from django.test.utils import isolate_apps
from django.utils.functional import cached_property

from boardinghouse.contrib.storage import SchemaFileSystemStorage, SchemaStorageMixin
from boardinghouse.exceptions import NoActiveSchema
from boardinghouse.models import Schema
from boardinghouse.names import SPARE, TEMPLATE
from boardinghouse.schema import override, working_in

#: All that take a name, saving aside.
METHODS = [
    "open",
    "delete",
    "exists",
    "listdir",
    "size",
    "path",
    "url",
    "place",
    "get_accessed_time",
    "get_created_time",
    "get_modified_time",
]

SUSPICIOUS = [
    "../b/x.txt",
    "..",
    "folder/../../b/x.txt",
    "folder/..",
    "..\\b\\x.txt",
    "folder\\..\\..\\b\\x.txt",
    "/x.txt",
    "//x.txt",
    "\\x.txt",
    "/etc/passwd",
    "x\0.txt",
]


class SchemaInMemoryStorage(SchemaStorageMixin, InMemoryStorage):
    pass


class Bucket(Storage):
    """A storage like those of clouds: keys, no folders, and signed addresses elsewhere."""

    def __init__(self):
        self.content = {}

    def _open(self, name, mode="rb"):
        if name not in self.content:
            raise FileNotFoundError(name)
        return LazyFile(name, self)

    def _save(self, name, content):
        self.content[name] = content.read()
        return name

    def delete(self, name):
        self.content.pop(name, None)

    def exists(self, name):
        return name in self.content

    def size(self, name):
        return len(self.content[name])

    def url(self, name, parameters=None, expire=1):
        return f"https://bucket.example/{name}?signature={expire}"


class LazyFile(File):
    """One that is read when it is looked at, from the storage that it came from."""

    def __init__(self, name, storage):
        self.name, self.storage = name, storage

    @cached_property
    def file(self):
        return BytesIO(self.storage.content[self.name])

    @property
    def size(self):
        return self.storage.size(self.name)

    def rewrite(self, content):
        self.storage._save(self.name, ContentFile(content))


class SchemaBucket(SchemaStorageMixin, Bucket):
    pass


@pytest.fixture(params=["files", "memory"])
def make_storage(request, tmp_path, settings):
    """What makes a storage: on disk or in memory."""
    settings.MEDIA_ROOT, settings.MEDIA_URL = str(tmp_path), "/media/"
    return SchemaFileSystemStorage if request.param == "files" else SchemaInMemoryStorage


@pytest.fixture
def storage(make_storage):
    return make_storage()


@pytest.fixture
def filled(storage):
    """A storage that has a file of one name in each of two schemata."""
    for name in "ab":
        with override(name):
            assert storage.save("x.txt", ContentFile(f"of {name}".encode())) == "x.txt"
    return storage


def read(storage, name="x.txt"):
    with storage.open(name) as file:
        return file.read()


class TestEachSchema:
    def test_reads_its_own(self, filled):
        for name in "ab":
            with override(name):
                assert read(filled) == f"of {name}".encode()

    def test_stores_under_the_name_that_is_given(self, filled, tmp_path):
        for name in "ab":
            with override(name):
                assert filled.path("x.txt") == str(tmp_path / name / "x.txt")

    def test_has_its_own_addresses(self, filled):
        for name in "ab":
            with override(name):
                assert filled.url("x.txt") == f"/media/{name}/x.txt"

    def test_deletes_its_own(self, filled):
        with override("a"):
            filled.delete("x.txt")
            assert not filled.exists("x.txt")

        with override("b"):
            assert read(filled) == b"of b"

    def test_lists_its_own(self, filled):
        with override("a"):
            filled.save("folder/y.txt", ContentFile(b"more"))

            assert filled.listdir("") == (["folder"], ["x.txt"])
            assert filled.listdir("folder") == ([], ["y.txt"])
        with override("b"):
            assert filled.listdir("") == ([], ["x.txt"])

    def test_has_none_to_begin_with(self, storage, schemata):
        with override("a"):
            assert storage.listdir("") == storage.listdir(".") == ([], [])
            with pytest.raises(FileNotFoundError):
                storage.listdir("missing")

    def test_knows_about_its_own(self, filled):
        with override("a"):
            filled.save("long.txt", ContentFile(b"longer"))
            assert filled.size("long.txt") == 6
            for get_time in (
                filled.get_accessed_time,
                filled.get_created_time,
                filled.get_modified_time,
            ):
                assert get_time("x.txt").year >= 2025

        with override("b"), pytest.raises(FileNotFoundError):
            filled.size("long.txt")

    def test_gives_a_second_file_another_name(self, filled):
        with override("a"):
            second = filled.save("x.txt", ContentFile(b"second"))

            assert second != "x.txt"
            assert "/" not in second
            assert read(filled, second) == b"second"
            assert read(filled) == b"of a"

    def test_has_the_whole_length_for_its_names(self, filled):
        with override("a"):
            assert len(filled.save("x.txt", ContentFile(b"second"), max_length=13)) == 13

    def test_writes_in_place(self, filled):
        with override("a"), filled.open("x.txt", "wb") as file:
            file.write(b"new!")

        with override("a"):
            assert read(filled) == b"new!"
        with override("b"):
            assert read(filled) == b"of b"

    def test_may_have_a_folder_of_its_own_name(self, filled):
        with override("a"):
            filled.save("a/x.txt", ContentFile(b"deeper"))

            assert read(filled, "a/x.txt") == b"deeper"
            assert read(filled) == b"of a"
            assert filled.url("a/x.txt") == "/media/a/a/x.txt"

    def test_or_of_another_ones(self, filled):
        with override("a"):
            filled.save("b/x.txt", ContentFile(b"in a"))
            assert read(filled, "b/x.txt") == b"in a"

        with override("b"):
            assert read(filled) == b"of b"

    def test_is_not_reached_by_its_name_from_another(self, filled):
        with override("b"):
            assert not filled.exists("a/x.txt")
            with pytest.raises(FileNotFoundError):
                filled.open("a/x.txt")

    def test_does_not_delete_its_folder(self, filled):
        for nothing in ("", ".", "./"):
            with override("a"), pytest.raises(ValueError, match="name must be given"):
                filled.delete(nothing)


class TestNames:
    @pytest.mark.parametrize("name", SUSPICIOUS)
    def test_what_leads_out_is_refused(self, filled, name):
        for method in METHODS:
            with override("a"), pytest.raises(SuspiciousFileOperation):
                getattr(filled, method)(name)

    @pytest.mark.parametrize("name", SUSPICIOUS)
    def test_when_saving_too(self, filled, name):
        with override("a"), pytest.raises(SuspiciousFileOperation):
            filled.save(name, ContentFile(b"evil"))

        with override("b"):
            assert filled.listdir("") == ([], ["x.txt"])

    @pytest.mark.parametrize("name", ["..txt", "a..b", "dots...txt", "folder/.hidden", "ü ?#&.txt"])
    def test_what_does_not_is_fine(self, filled, name):
        with override("a"):
            assert read(filled, filled.save(name, ContentFile(b"fine"))) == b"fine"

    def test_addresses_are_quoted(self, filled):
        with override("a"):
            assert filled.url("ü ?.txt") == "/media/a/%C3%BC%20%3F.txt"


class TestNoSchema:
    def test_it_is_refused(self, filled):
        for method in METHODS:
            with pytest.raises(NoActiveSchema, match="shared_location"):
                getattr(filled, method)("x.txt")

    def test_saving_writes_nothing(self, filled, tmp_path):
        with pytest.raises(NoActiveSchema):
            filled.save("y.txt", ContentFile(b"lost"))

        assert not (tmp_path / "y.txt").exists()

    def test_a_shared_location_takes_it(self, make_storage):
        storage = make_storage(shared_location="_shared")

        storage.save("x.txt", ContentFile(b"shared"))

        assert read(storage) == b"shared"
        assert storage.url("x.txt") == "/media/_shared/x.txt"
        with override("a"):
            assert not storage.exists("x.txt")
            assert not storage.exists("_shared/x.txt")

    def test_it_may_be_a_path(self, make_storage):
        storage = make_storage(shared_location="all/of/us/")

        assert storage.save("x.txt", ContentFile(b"shared")) == "x.txt"
        assert storage.url("x.txt") == "/media/all/of/us/x.txt"

    @pytest.mark.parametrize("location", [".", "./", "./b", "b/.", "b//x", "b\\x"])
    def test_but_not_where_schemata_have_theirs(self, make_storage, location):
        """Written so, it could not be told from a schema's folder."""
        storage = make_storage(shared_location=location)

        for name in (None, "b"):
            with override(name), pytest.raises(SuspiciousFileOperation, match="_shared"):
                storage.path("b/x.txt")

    @pytest.mark.parametrize("location", ["../x", "/x", "x/../../y"])
    def test_but_not_lead_out(self, make_storage, location):
        with pytest.raises(SuspiciousFileOperation):
            make_storage(shared_location=location).path("x.txt")

    def test_no_schema_may_take_it(self, make_storage):
        storage = make_storage(shared_location="b/shared")

        with override("b"), pytest.raises(SuspiciousFileOperation, match="shared files"):
            storage.path("shared/x.txt")

    def test_what_leads_out_of_it_is_refused(self, make_storage):
        with pytest.raises(SuspiciousFileOperation):
            make_storage(shared_location="_shared").open("../a/x.txt")


def by_first_letter(schema):
    return f"school-{schema.pk}"


class TestIdentifiers:
    def test_the_schemata_may_have_a_method(self, storage, schemata, settings, monkeypatch):
        settings.BOARDINGHOUSE_PATHNAME_FUNCTION = by_first_letter
        monkeypatch.setattr(
            Schema, "schema_pathname", lambda self: f"own-{self.name}", raising=False
        )

        with override("a"):
            assert storage.url("x.txt") == "/media/own-a/x.txt"

    @pytest.mark.parametrize("function", [by_first_letter, f"{__name__}.by_first_letter"])
    def test_there_may_be_a_function(self, storage, schemata, settings, function):
        settings.BOARDINGHOUSE_PATHNAME_FUNCTION = function

        with override("a"):
            assert storage.url("x.txt") == "/media/school-a/x.txt"
            assert storage.place("x.txt") == "school-a/x.txt"

    @pytest.mark.parametrize("name", [TEMPLATE, f"{SPARE}1"])
    def test_our_own_schemata_have_their_names(self, storage, settings, monkeypatch, name):
        """Data migrations run in there too, and there is no object to ask."""
        settings.BOARDINGHOUSE_PATHNAME_FUNCTION = by_first_letter
        with working_in(name):
            assert storage.place("x.txt") == f"{name}/x.txt"

        monkeypatch.setattr(Schema, "schema_pathname", by_first_letter, raising=False)
        with working_in(name):
            assert storage.place("x.txt") == f"{name}/x.txt"

    def test_the_name_costs_no_query(self, storage, schemata, django_assert_num_queries):
        with override("a"), django_assert_num_queries(0):
            storage.url("x.txt")

    @pytest.mark.parametrize(
        "identifier", ["x/y", "/x", "x\\y", "", " ", ".", "..", "x\0", None, 1]
    )
    def test_what_is_no_folders_name_is_refused(self, filled, schemata, settings, identifier):
        settings.BOARDINGHOUSE_PATHNAME_FUNCTION = lambda schema: identifier

        with override("a"), pytest.raises(SuspiciousFileOperation, match="one folder"):
            filled.open("x.txt")

    @pytest.mark.parametrize(
        ("function", "text"),
        [
            ("no.such.function", "cannot be imported"),
            ("json", "cannot be"),
            (1, "cannot be called"),
        ],
    )
    def test_a_function_that_is_none_is_named(self, storage, schemata, settings, function, text):
        settings.BOARDINGHOUSE_PATHNAME_FUNCTION = function

        with override("a"), pytest.raises(ImproperlyConfigured, match=text):
            storage.path("x.txt")


class TestAddresses:
    @pytest.mark.parametrize(
        ("base", "url"),
        [
            ("/media/", "/media/a/x.txt"),
            ("media/", "/media/a/x.txt"),
            ("https://cdn.example/m/", "https://cdn.example/m/a/x.txt"),
            ("//cdn.example/m/", "//cdn.example/m/a/x.txt"),
            ("http://media.example:8080/", "http://media.example:8080/a/x.txt"),
        ],
    )
    def test_they_stay_whole(self, make_storage, settings, base, url):
        settings.MEDIA_URL = base

        with override("a"):
            assert make_storage().url("x.txt") == url

    def test_those_of_a_bucket_too(self):
        with override("a"):
            assert SchemaBucket().url("x.txt") == "https://bucket.example/a/x.txt?signature=1"

    def test_what_else_a_bucket_asks_is_passed_on(self):
        with override("a"):
            url = SchemaBucket().url("x.txt", None, expire=60)

        assert url == "https://bucket.example/a/x.txt?signature=60"


class TestOtherStorages:
    def test_a_bucket_keeps_apart(self):
        bucket = SchemaBucket()
        for name in "ab":
            with override(name):
                bucket.save("x.txt", ContentFile(name.encode()))

        assert bucket.content == {"a/x.txt": b"a", "b/x.txt": b"b"}

    def test_a_file_may_ask_its_storage_later(self):
        bucket = SchemaBucket()
        for name in "ab":
            with override(name):
                bucket.save("x.txt", ContentFile(name.encode()))
                bucket.save("a/x.txt", ContentFile(b"deeper"))

        with override("a"):
            file = bucket.open("x.txt")
            assert file.size == 1
            file.rewrite(b"new")
        with override("b"), pytest.raises(SuspiciousFileOperation, match="in another schema"):
            file.rewrite(b"not theirs")

        assert bucket.content == {
            "a/x.txt": b"new",
            "a/a/x.txt": b"deeper",
            "b/x.txt": b"b",
            "b/a/x.txt": b"deeper",
        }

    @isolate_apps("tests.testapp")
    def test_a_file_may_be_copied_from_the_storage_to_itself(self, storage):
        """Saving reads the other file meanwhile; its name is its own."""

        class Photo(models.Model):
            file = models.FileField(storage=storage)

            class Meta:
                app_label = "testapp"

        with override("a"):
            storage.save("a/x.txt", ContentFile(b"deeper"))
            storage.save("x.txt", ContentFile(b"wrong one"))
            photo = Photo(file="a/x.txt")

            storage.save("copy.txt", photo.file)
            photo.file.close()

            assert read(storage, "copy.txt") == b"deeper"

    def test_an_upload_on_disk_is_moved(self, tmp_path, settings):
        settings.MEDIA_ROOT = str(tmp_path)
        storage = SchemaFileSystemStorage()
        upload = TemporaryUploadedFile("x.txt", "text/plain", 4, None)
        upload.write(b"text")
        upload.flush()

        with override("a"):
            storage.save("x.txt", upload)
            assert read(storage) == b"text"

        upload.close()

    def test_a_race_for_a_name_ends_in_the_schema(self, tmp_path, settings, monkeypatch):
        """Between the choice of the name and the writing, somebody else takes it."""
        settings.MEDIA_ROOT = str(tmp_path)
        storage = SchemaFileSystemStorage()
        chosen = iter([True])
        is_available = FileSystemStorage.is_name_available

        def is_name_available(self, name, max_length=None):
            if next(chosen, False):
                (tmp_path / "a").mkdir()
                (tmp_path / "a" / "x.txt").write_text("of the other")
                return True
            return is_available(self, name, max_length)

        monkeypatch.setattr(FileSystemStorage, "is_name_available", is_name_available)

        with override("a"):
            saved = storage.save("x.txt", ContentFile(b"mine"))
            assert read(storage, saved) == b"mine"

        assert saved != "x.txt"
        assert sorted(each.name for each in tmp_path.iterdir()) == ["a"]
        assert len(list((tmp_path / "a").iterdir())) == 2

    def test_a_subclass_may_choose_the_names(self):
        class Overwriting(SchemaInMemoryStorage):
            def get_available_name(self, name, max_length=None):
                self.delete(name)
                return name

        storage = Overwriting()
        for name in "ab":
            with override(name):
                storage.save("x.txt", ContentFile(b"first"))
        with override("a"):
            storage.save("x.txt", ContentFile(b"second"))
            assert read(storage) == b"second"

        with override("b"):
            assert read(storage) == b"first"


class TestSettings:
    def test_a_migration_names_it_by_its_public_path(self):
        written, imports = MigrationWriter.serialize(
            SchemaFileSystemStorage(location="/files", shared_location="_shared")
        )

        assert written == (
            "boardinghouse.contrib.storage.SchemaFileSystemStorage("
            "location='/files', shared_location='_shared')"
        )
        assert imports == {"import boardinghouse.contrib.storage"}

    def test_storages_may_name_it(self, settings, tmp_path):
        settings.STORAGES = {
            "default": {
                "BACKEND": "boardinghouse.contrib.storage.SchemaFileSystemStorage",
                "OPTIONS": {"location": str(tmp_path), "base_url": "/files/"},
            }
        }

        with override("a"):
            assert storages["default"].url("x.txt") == "/files/a/x.txt"
            assert storages["default"].path("x.txt") == str(tmp_path / "a" / "x.txt")
