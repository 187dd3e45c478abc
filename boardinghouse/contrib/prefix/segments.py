"""The first segments of the site's own addresses, which are nobody's schema."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from string import ascii_lowercase, digits
from typing import Any

from django.conf import settings
from django.urls import LocalePrefixPattern, get_resolver

#: What a pattern's text begins with if its first segment is always the same.
LITERAL = re.compile(r"\^?(?P<segment>[\w-]+)(?P<end>/|\\Z|\$|\Z)", re.ASCII)

#: Make names of the same shape that no site has a page for.
IMPROBABLE = [
    str.maketrans(ascii_lowercase + digits, letter * len(ascii_lowercase) + digit * len(digits))
    for letter, digit in ("q7", "x4")
]


def first_segments(urlconf: Any = None) -> frozenset[str]:
    """Return the first segments, where they are written out, of all addresses of a URLconf."""
    return frozenset(each for each in beginnings_of(get_resolver(urlconf)) if each is not None)


def has_expressions(resolver: Any) -> bool:
    """Tell whether some addresses begin otherwise than with a segment that is written out."""
    return None in beginnings_of(resolver)


@cache
def beginnings_of(resolver: Any) -> frozenset[str | None]:
    return frozenset(walk(resolver.url_patterns))


def walk(patterns: Iterable[Any], before: str = "") -> Iterator[str | None]:
    """Yield the first segments of patterns, and None for one that is not written out."""
    for each in patterns:
        if isinstance(each.pattern, LocalePrefixPattern):
            yield from (code for code, _name in settings.LANGUAGES)
            if each.pattern.prefix_default_language:
                continue
            text = before
        else:
            text = before + str(each.pattern).removeprefix("^")
        found, is_include = LITERAL.match(text), hasattr(each, "url_patterns")
        if found and (found["end"] or not is_include):
            yield found["segment"]
        elif is_include and "/" not in text:
            yield from walk(each.url_patterns, text)
            continue
        if text.strip("$") and (not found or "|" in text):
            yield None


@lru_cache(maxsize=4096)
def is_first_segment(resolver: Any, name: str) -> bool:
    """Tell whether the site has pages of its own at a name, or below it whatever they are."""
    return name in beginnings_of(resolver) or any(
        is_fixed(resolver, name, end) for end in ("", "/")
    )


def is_fixed(resolver: Any, name: str, rest: str) -> bool:
    """Tell whether a pattern fits an address because of its first segment, and would no other.

    One that takes any, such as ``<slug:page>/``, fits improbable ones too.
    """
    if not has_expressions(resolver):
        return False
    found = set(fitting(resolver.url_patterns, name + rest))
    if not found:
        return False
    others = (set(fitting(resolver.url_patterns, each + rest)) for each in improbable(name))
    return bool(found - set.intersection(*others))


def improbable(name: str) -> list[str]:
    """Return names of the same shape that no site has a page for, both at least."""
    return [name.translate(table) for table in IMPROBABLE]


def fitting(patterns: Iterable[Any], path: str) -> Iterator[Any]:
    """Yield the patterns that fit a path, of an include only that it takes the first segment.

    No converter is asked: it may look into a table, and no schema is active yet.
    """
    for each in patterns:
        end = 0
        if not isinstance(each.pattern, LocalePrefixPattern):
            match = each.pattern.regex.search(path)
            if match is None:
                continue
            end = match.end()
        elif each.pattern.prefix_default_language:
            continue
        if hasattr(each, "url_patterns") and "/" not in path[:end]:
            yield from fitting(each.url_patterns, path[end:])
        else:
            yield each
