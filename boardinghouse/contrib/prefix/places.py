"""What an address says before the part that the site's own URLs know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import LocalePrefixPattern, get_resolver

from boardinghouse.conf import conf
from boardinghouse.names import is_valid_name
from boardinghouse.places import Place

#: What a pattern's text begins with if its first segment is always the same.
LITERAL = re.compile(r"\^?(?P<segment>[\w-]+)(?P<end>/|\\Z|\$|\Z)", re.ASCII)


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
    if not parent and (not is_valid_name(name) or name in own_segments(request)):
        return None
    return Place(root, parent, name, slash + rest)


def parent_path() -> str:
    """Return ``BOARDINGHOUSE_PREFIX_PARENT`` with one slash before it, or nothing."""
    parent = conf.PREFIX_PARENT.strip("/")
    return f"/{parent}" if parent else ""


def root_of(request: HttpRequest) -> str:
    root: str = request.META.get("SCRIPT_NAME", "")
    return root.rstrip("/")


def own_segments(request: HttpRequest) -> frozenset[str]:
    """Return the first segments of a site's URLs that no schema may take."""
    urlconf = getattr(request, "urlconf", None)
    return first_segments(urlconf) | files_segments(root_of(request))


def first_segments(urlconf: Any = None) -> frozenset[str]:
    """Return the first segments, where they are fixed, of all addresses of a URLconf."""
    return segments_of(get_resolver(urlconf))


@cache
def segments_of(resolver: Any) -> frozenset[str]:
    return frozenset(walk(resolver.url_patterns))


def walk(patterns: Iterable[Any], before: str = "") -> Iterator[str]:
    for each in patterns:
        if isinstance(each.pattern, LocalePrefixPattern):
            yield from (code for code, _name in settings.LANGUAGES)
            if each.pattern.prefix_default_language:
                continue
            text = before
        else:
            text = before + str(each.pattern).removeprefix("^")
        found = LITERAL.match(text)
        if found and (found["end"] or not hasattr(each, "url_patterns")):
            yield found["segment"]
        elif hasattr(each, "url_patterns") and "/" not in text:
            yield from walk(each.url_patterns, text)


def files_segments(root: str = "") -> frozenset[str]:
    """Return the first segments of the addresses of static and media files on this site."""
    bases = [urlsplit(base or "") for base in (settings.STATIC_URL, settings.MEDIA_URL)]
    paths = [base.path for base in bases if not base.netloc and base.path.startswith(f"{root}/")]
    return frozenset(path.removeprefix(root).strip("/").split("/")[0] for path in paths) - {""}
