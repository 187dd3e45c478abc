"""A part of a file, as the header ``Range`` asks for it.

https://www.rfc-editor.org/rfc/rfc9110#name-range-requests; of several ranges, all is sent.
"""

from __future__ import annotations

import re
from typing import Any

from asgiref.sync import sync_to_async

CHUNK = 64 * 1024
RANGE = re.compile(r"bytes=\s*(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})\s*\Z", re.IGNORECASE)


def find_range(header: str, size: int) -> range | None:
    """Return which bytes a header asks for, none if they are after the end of the file.

    None, which means all, if the header is not understood.
    """
    found = RANGE.match(header)
    if found is None or not (found["first"] or found["last"]):
        return None
    if not found["first"]:
        first, last = max(size - int(found["last"]), 0), size - 1
    else:
        first, last = int(found["first"]), int(found["last"] or size)
        if last < first and found["last"]:
            return None
    return range(min(first, size), min(last + 1, size))


class Part:
    """Yields the bytes of a part of an open file, and closes it."""

    def __init__(self, file: Any, part: range) -> None:
        self.file, self.left = file, len(part)
        file.seek(part.start)

    def __iter__(self) -> Part:
        return self

    def __next__(self) -> bytes:
        if not (chunk := self.read()):
            raise StopIteration
        return chunk

    def read(self) -> bytes:
        chunk: bytes = self.file.read(min(CHUNK, self.left))
        self.left -= len(chunk)
        return chunk

    def close(self) -> None:
        self.file.close()


class AsyncPart:
    """The same for ASGI: reads in a thread of its own."""

    def __init__(self, part: Part) -> None:
        self.part, self.close = part, part.close

    def __aiter__(self) -> AsyncPart:
        return self

    async def __anext__(self) -> bytes:
        chunk = await sync_to_async(self.part.read, thread_sensitive=False)()
        if not chunk:
            raise StopAsyncIteration
        return chunk
