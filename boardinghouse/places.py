"""Where in a request's address its schema stands, if it does.

Middleware that reads the schema from the path leaves a `Place` in ``request.schema_place``; who
makes addresses asks for it, so that the schema is not named twice.
"""

from __future__ import annotations

from typing import NamedTuple

from django.utils.encoding import escape_uri_path
from django.utils.http import escape_leading_slashes

from boardinghouse.schema import get_active_schema_name, get_request


class Place(NamedTuple):
    """A path's parts: ``/site`` ``/schools`` ``/hamilton`` ``/pupils/``."""

    root: str  # where the site is mounted, or nothing
    parent: str  # BOARDINGHOUSE_PREFIX_PARENT, or nothing
    name: str
    rest: str  # what the site's own URLs know; empty if not even a slash follows

    @property
    def prefix(self) -> str:
        return f"{self.root}{self.parent}/{self.name}"

    def move(self, address: str, name: str) -> str:
        """Return an address of this place as it is in another schema, or (empty) in none.

        `address` is quoted. What is not of this place leads to the front page.
        """
        prefix = escape_uri_path(self.prefix)
        rest = address.removeprefix(prefix) if address.startswith(f"{prefix}/") else "/"
        if name:
            return escape_uri_path(self._replace(name=name).prefix) + rest
        # Without a prefix, what follows it must not become another site's name.
        return escape_leading_slashes(escape_uri_path(self.root) + rest)


def current_place() -> Place | None:
    """Return the place of the request at work, while its schema is the active one."""
    place: Place | None = getattr(get_request(), "schema_place", None)
    return place if place and place.name == get_active_schema_name() else None
