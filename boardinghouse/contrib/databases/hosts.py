"""Whose host a request is for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast
from urllib.parse import urlsplit

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.request import split_domain_port

from boardinghouse.conf import conf


def database_of(request: HttpRequest) -> str | None:
    """Return the database of a request's host; None for a host that is not ours."""
    try:
        return database_at(request.get_host())
    except DisallowedHost:
        return None


def database_of_page(origin: str) -> str | None:
    """Return the database of the host that a header ``Origin`` names; None if it names none."""
    try:
        return database_at(urlsplit(origin).netloc)
    except ValueError:
        return None


def database_at(host: str) -> str | None:
    """Return the database of a host.

    As in ``ALLOWED_HOSTS``, case, a dot at the end and the port make no difference; but a host
    that is named with a port goes before the same one without.
    """
    domain, port = split_domain_port(host)
    hosts = conf.DATABASE_HOSTS
    return cast("str | None", hosts.get(f"{domain}:{port}", hosts.get(domain)))


def databases_in_use() -> list[str]:
    """Return the databases that hosts have, each once, in order."""
    aliases: Iterable[str] = conf.DATABASE_HOSTS.values()
    return sorted(set(aliases))
