"""``ETag`` and ``Last-Modified`` count in the schema of the page that they came with.

A browser sends back what it was given with the page that it keeps, after a switch too, and an
ETag even where `Vary` tells the pages apart. Two schemata may have an equal ETag, and easily
have an equal date. So each ETag says, outside of the views, in which schema the page was made;
a page that has only a date is given an ETag; and views meet again what their own schema gave
out. A date that comes back without such an ETag is dropped: nothing tells whose it is, unless the
view knows that its address does (`trust_dates`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import md5
from typing import Any, NamedTuple

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags, parse_http_date_safe

from boardinghouse.schema import get_active_schema_name

IF_NONE_MATCH, IF_MATCH = "HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH"
IF_MODIFIED_SINCE, IF_RANGE = "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_RANGE"

#: Ends every ETag, before its quote; the name of the schema, or nothing, follows.
MARK = ";schema="

#: Begins the ETag of a page that had only a date.
DATED = 'W/"last-modified-'

#: Stands for the ETags of other schemata where one must be matched.
ELSEWHERE = '"of another schema"'


class Outside(NamedTuple):
    """How the ETags of a request end, and the headers that it came with."""

    ending: str
    headers: dict[str, str]


def keep_apart(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Wrap what answers a request, sync or async, so that no schema sees another's ETags."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            outside = go_inside(request)
            return go_outside(request, await get_response(request), outside)

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        outside = go_inside(request)
        return go_outside(request, get_response(request), outside)

    return answer


def go_inside(request: HttpRequest) -> Outside:
    """Leave in a request the validators that the active schema gave out, as its views know them."""
    ending = f'{MARK}{get_active_schema_name() or ""}"'
    request.doubtful_dates = dates_of(request)  # type: ignore[attr-defined]
    names = (IF_NONE_MATCH, IF_MATCH, IF_RANGE)
    headers = {name: request.META[name] for name in names if name in request.META}
    ours = list(own_tags(headers.get(IF_NONE_MATCH, ""), ending))
    # Beside an ETag a date does not count; so the ETag of a date must not be there.
    replace(request, IF_NONE_MATCH, [tag for tag in ours if not tag.startswith(DATED)])
    if not ours:
        request.META.pop(IF_MODIFIED_SINCE, None)
    if IF_MATCH in headers:
        replace(request, IF_MATCH, [*own_tags(headers[IF_MATCH], ending)] or [ELSEWHERE])
    if IF_RANGE in headers:
        # One ETag, or a date, of which nothing tells whose it is.
        replace(request, IF_RANGE, [*own_tags(headers[IF_RANGE], ending)][1:] or [ELSEWHERE])
    forget_headers(request)
    return Outside(ending, headers)


def dates_of(request: HttpRequest) -> dict[str, str]:
    """Return the dates that a request asks by, where no ETag beside them goes before."""
    headers = {}
    if IF_MODIFIED_SINCE in request.META and IF_NONE_MATCH not in request.META:
        headers[IF_MODIFIED_SINCE] = request.META[IF_MODIFIED_SINCE]
    if '"' not in request.META.get(IF_RANGE, '"'):
        headers[IF_RANGE] = request.META[IF_RANGE]
    return headers


def trust_dates(request: HttpRequest) -> None:
    """Let the dates that a request came with count: its address belongs to one schema alone."""
    request.META.update(getattr(request, "doubtful_dates", {}))
    forget_headers(request)


def go_outside(
    request: HttpRequest, response: HttpResponseBase, outside: Outside
) -> HttpResponseBase:
    """Give a request its ETags back, for the middleware outside, and mark those of a response."""
    request.META.update(outside.headers)
    forget_headers(request)
    if is_only_dated(request, response):
        response.headers["ETag"] = tag_of_date(response)
    tag = response.headers.get("ETag", "")
    # The site-wide cache keeps pages that are marked already.
    if tag.endswith('"') and not tag.endswith(outside.ending):
        response.headers["ETag"] = tag[:-1] + outside.ending
    return response


def own_tags(header: str, ending: str) -> Iterator[str]:
    """Yield the ETags that the schema gave out, marked and as its view made them, and ``*``."""
    for tag in parse_etags(header):
        if tag == "*":
            yield tag
        elif tag.endswith(ending):
            yield from (tag, tag.removesuffix(ending) + '"')


def replace(request: HttpRequest, header: str, tags: list[str]) -> None:
    if tags:
        request.META[header] = ", ".join(tags)
    else:
        request.META.pop(header, None)


def forget_headers(request: HttpRequest) -> None:
    """Let `request.headers`, a cached property, be made anew from META."""
    request.__dict__.pop("headers", None)


def is_only_dated(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Tell whether a page has a date and no ETag; Django, too, leaves HEAD without one."""
    return (
        request.method == "GET"
        and response.status_code == 200
        and "Last-Modified" in response.headers
        and "ETag" not in response.headers
    )


def tag_of_date(response: HttpResponseBase) -> str:
    """Return an ETag for a page that has a date, and its content's where that is known."""
    date = parse_http_date_safe(response.headers["Last-Modified"])
    content = response.content if isinstance(response, HttpResponse) else b""
    return f'{DATED}{date}-{md5(content, usedforsecurity=False).hexdigest()}"'
