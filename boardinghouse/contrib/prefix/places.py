"""What an address says before the part that the site's own URLs know."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import get_resolver

from boardinghouse.conf import conf
from boardinghouse.contrib.prefix.segments import is_first_segment, is_fixed
from boardinghouse.names import is_valid_name
from boardinghouse.places import Place


def find_place(request: HttpRequest) -> Place | None:
    """Return the place that a request's path may be in, or None if it is the site's own. No query.

    Below a parent path every first segment is a schema's; elsewhere only what could be one, and
    is not the first segment of an address of the site's own.
    """
    parent, root = parent_path(), root_of(request)
    if not request.path_info.startswith(f"{parent}/"):
        return None
    name, slash, rest = request.path_info[len(parent) + 1 :].partition("/")
    if not name:
        return None
    if not parent and (not is_valid_name(name) or is_own(request, name, slash + rest)):
        return None
    return Place(root, parent, name, slash + rest)


def parent_path() -> str:
    """Return ``BOARDINGHOUSE_PREFIX_PARENT`` with one slash before it, or nothing."""
    parent = conf.PREFIX_PARENT.strip("/")
    return f"/{parent}" if parent else ""


def root_of(request: HttpRequest) -> str:
    root: str = request.META.get("SCRIPT_NAME", "")
    return root.rstrip("/")


def is_own(request: HttpRequest, name: str, rest: str) -> bool:
    """Tell whether an address is one of the site's own, which no schema may take."""
    resolver = get_resolver(getattr(request, "urlconf", None))
    return (
        name in files_segments(root_of(request))
        or is_first_segment(resolver, name)
        or is_fixed(resolver, name, rest)
    )


def files_segments(root: str = "") -> frozenset[str]:
    """Return the first segments of the addresses of static and media files on this site."""
    bases = [urlsplit(base or "") for base in (settings.STATIC_URL, settings.MEDIA_URL)]
    paths = [base.path for base in bases if not base.netloc and base.path.startswith(f"{root}/")]
    return frozenset(path.removeprefix(root).strip("/").split("/")[0] for path in paths) - {""}
