"""Whose host a request is for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.request import split_domain_port

from boardinghouse.conf import conf


def database_of(request: HttpRequest) -> str | None:
    """Return the database of a request's host; None for a host that is not ours.

    As in ``ALLOWED_HOSTS``, case, a dot at the end and the port make no difference; but a host
    that is named with a port goes before the same one without.
    """
    try:
        domain, port = split_domain_port(request.get_host())
    except DisallowedHost:
        return None
    hosts = conf.DATABASE_HOSTS
    return cast("str | None", hosts.get(f"{domain}:{port}", hosts.get(domain)))


def databases_in_use() -> list[str]:
    """Return the databases that hosts have, each once, in order."""
    aliases: Iterable[str] = conf.DATABASE_HOSTS.values()
    return sorted(set(aliases))
