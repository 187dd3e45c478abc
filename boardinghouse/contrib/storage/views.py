"""A view that shows a schema's files to its people, and to nobody else."""

from __future__ import annotations

import mimetypes
import posixpath
from datetime import datetime
from errno import ENAMETOOLONG
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation
from django.core.files.storage import default_storage, storages
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date
from django.views.generic import View

from boardinghouse import access
from boardinghouse.conditional import trust_dates
from boardinghouse.conf import conf
from boardinghouse.contrib.storage.identifiers import get_identifier, identifier_of, is_name
from boardinghouse.contrib.storage.ranges import AsyncPart, Part, find_range
from boardinghouse.pinned import is_refused
from boardinghouse.places import current_place
from boardinghouse.schema import get_active_schema, get_schema_model, override

#: Besides pictures, sound and films, what a browser shows without running anything in it.
HARMLESS = ("application/pdf", "text/plain")
#: What storages raise for what is not there.
MISSING = (FileNotFoundError, IsADirectoryError, NotADirectoryError, SuspiciousFileOperation)


class SchemaFileView(View):
    """Serve files of the active schema, under the addresses that its storage gives them.

    With no schema active, of whichever schema the user may enter. Everything else is 404, in the
    same words: what is missing, another schema's, nobody's, and names that lead elsewhere.
    """

    #: A storage, or its alias in ``STORAGES``; the default one if there is none.
    storage: Any = None

    def get(self, request: HttpRequest, path: str) -> HttpResponseBase:
        schema, name = self.find(request, path)
        with override(schema):
            return self.serve(request, name)

    def get_storage(self) -> Any:
        storage = self.storage or default_storage
        storage = storages[storage] if isinstance(storage, str) else storage
        if not hasattr(storage, "placed"):
            raise ImproperlyConfigured(
                "SchemaFileView serves files of a storage that knows schemata: a "
                "SchemaFileSystemStorage, or a class with SchemaStorageMixin."
            )
        return storage

    def find(self, request: HttpRequest, path: str) -> tuple[Any, str]:
        """Return the schema that an address is of and the file's name in it, or raise Http404."""
        active = get_active_schema()
        if active is not None and current_place() is not None:
            return active, path
        identifier, _slash, name = path.partition("/")
        if active is None:
            active = find_schema(request, identifier)
        elif identifier != get_identifier():
            active = None
        if active is None:
            raise Http404
        return active, name

    def serve(self, request: HttpRequest, name: str) -> HttpResponseBase:
        storage = self.get_storage()
        trust_dates(request)  # The address is of this schema alone.
        if name != posixpath.normpath(name):
            raise Http404  # a file has one address
        try:
            file = storage.open(name)
            modified = get_modified_time(storage, name)
        except (OSError, SuspiciousFileOperation) as error:
            if is_missing(error):
                raise Http404 from None
            raise
        response = hand_over(storage, file, name) or respond(request, file, modified)
        describe(response, name)
        return response


def find_schema(request: HttpRequest, identifier: str) -> Any:
    """Return the schema that has an identifier, if the request's user may enter it, or None."""
    found = find_visible(request.user, identifier)
    return None if found is None or is_refused(request, found) else found


def find_visible(user: Any, identifier: str) -> Any:
    if is_name():
        return access.visible(user, identifier).first()
    manager: Any = get_schema_model()._default_manager
    seen = manager.visible_to(user)
    return next((each for each in seen if identifier_of(each) == identifier), None)


def get_modified_time(storage: Any, name: str) -> datetime | None:
    try:
        modified: datetime = storage.get_modified_time(name)
    except NotImplementedError:
        return None
    return modified


def is_missing(error: Exception) -> bool:
    """Tell whether there is no such file: storages raise it by type, systems by number."""
    return isinstance(error, MISSING) or getattr(error, "errno", None) == ENAMETOOLONG


def hand_over(storage: Any, file: Any, name: str) -> HttpResponse | None:
    """Let the web server send a file, if the settings say so; ranges and dates are its work too."""
    if not conf.X_ACCEL_REDIRECT and not conf.X_SENDFILE:
        return None
    file.close()
    if conf.X_ACCEL_REDIRECT:
        address = f"{conf.X_ACCEL_REDIRECT.rstrip('/')}/{storage.place(name)}"
        return HttpResponse(headers={"X-Accel-Redirect": quote(address)})
    return HttpResponse(headers={"X-Sendfile": quote(storage.path(name))})


def respond(request: HttpRequest, file: Any, modified: datetime | None) -> HttpResponseBase:
    """Return what is asked for of an open file: all, a part, or that it has not changed."""
    size = file.size
    headers = {"Accept-Ranges": "bytes", **validators(modified, size)}
    part = wanted_part(request, headers, size)
    response = unchanged(request, headers, modified) or send(request, file, part, size)
    if not response.streaming:
        file.close()
    for name, value in headers.items():
        response.headers[name] = value
    return response


def validators(modified: datetime | None, size: int) -> dict[str, str]:
    """Return the headers that say which version of a file this is."""
    if modified is None:
        return {}
    tag = f'"{int(modified.timestamp() * 1_000_000):x}-{size:x}"'
    return {"ETag": tag, "Last-Modified": http_date(modified.timestamp())}


def unchanged(
    request: HttpRequest, headers: dict[str, str], modified: datetime | None
) -> HttpResponse | None:
    """Return 304 or 412 if a request's conditions say so."""
    return get_conditional_response(
        request, headers.get("ETag"), None if modified is None else int(modified.timestamp())
    )


def wanted_part(request: HttpRequest, headers: dict[str, str], size: int) -> range | None:
    """Return the range that a request asks for, if it is of this version; None for all."""
    if request.method != "GET" or "Range" not in request.headers:
        return None
    versions = (None, headers.get("ETag"), headers.get("Last-Modified"))
    if request.headers.get("If-Range") not in versions:
        return None
    return find_range(request.headers["Range"], size)


def send(request: HttpRequest, file: Any, part: range | None, size: int) -> HttpResponseBase:
    """Return a file, a part of it, or (an empty part) that there is no such part."""
    if part is None:
        status, part, headers = 200, range(size), {}
    elif part:
        # No middleware may compress a part.
        headers = {"Content-Encoding": "identity"}
        status, headers["Content-Range"] = 206, f"bytes {part.start}-{part.stop - 1}/{size}"
    else:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    headers["Content-Length"] = str(len(part))
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    body = Part(file, part)
    sent = AsyncPart(body) if isinstance(request, ASGIRequest) else body
    return StreamingHttpResponse(sent, status=status, headers=headers)


def describe(response: HttpResponseBase, name: str) -> None:
    """Say what a file is, who may keep it, and that a page in it must not run on this site."""
    kind, encoding = mimetypes.guess_type(name)
    kind = "application/octet-stream" if kind is None or encoding else kind
    disposition = content_disposition_header(not is_harmless(kind), name.rpartition("/")[2])
    response.headers["Content-Type"] = kind
    response.headers["Content-Disposition"] = disposition or "inline"
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"


def is_harmless(kind: str) -> bool:
    """Tell whether a browser may show a file itself. A drawing in SVG can have scripts."""
    is_shown = kind.startswith(("image/", "audio/", "video/")) or kind in HARMLESS
    return is_shown and kind != "image/svg+xml"
