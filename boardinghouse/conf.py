"""The one reader of our settings; each is read when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

DEFAULT_SCHEMA_MODEL = "boardinghouse.Schema"
DEFAULT_BASE_BACKEND = "django.db.backends.postgresql"


class Settings:
    @property
    def SCHEMA_MODEL(self) -> str:
        return str(getattr(settings, "BOARDINGHOUSE_SCHEMA_MODEL", DEFAULT_SCHEMA_MODEL))

    @property
    def SHARED_MODELS(self) -> frozenset[str]:
        return _labels("BOARDINGHOUSE_SHARED_MODELS")

    @property
    def PRIVATE_MODELS(self) -> frozenset[str]:
        return _labels("BOARDINGHOUSE_PRIVATE_MODELS")

    @property
    def EXTRA_SEARCH_PATH(self) -> tuple[str, ...]:
        names = getattr(settings, "BOARDINGHOUSE_EXTRA_SEARCH_PATH", ())
        if not is_list_of_text(names):
            raise ImproperlyConfigured(
                f"BOARDINGHOUSE_EXTRA_SEARCH_PATH is {names!r}, which is no list of names. Write "
                "BOARDINGHOUSE_EXTRA_SEARCH_PATH = ['extensions']."
            )
        return tuple(names)

    @property
    def DATABASE_HOSTS(self) -> Mapping[str, Any]:
        hosts: Mapping[str, Any] = getattr(settings, "BOARDINGHOUSE_DATABASE_HOSTS", {})
        return hosts

    @property
    def BASE_BACKEND(self) -> str:
        return str(getattr(settings, "BOARDINGHOUSE_BASE_BACKEND", DEFAULT_BASE_BACKEND))

    @property
    def SIGNED_LINK_AGE(self) -> int:
        return int(getattr(settings, "BOARDINGHOUSE_SIGNED_LINK_AGE", 7 * 24 * 3600))

    @property
    def WS_URLCONF(self) -> str | None:
        return getattr(settings, "BOARDINGHOUSE_WS_URLCONF", None)

    @property
    def WS_VISITORS_URLCONF(self) -> str | None:
        return getattr(settings, "BOARDINGHOUSE_WS_VISITORS_URLCONF", None)

    @property
    def CHAT_MAX_LENGTH(self) -> int:
        return int(getattr(settings, "BOARDINGHOUSE_CHAT_MAX_LENGTH", 4000))

    @property
    def CHAT_RATE(self) -> tuple[int, int]:
        messages, seconds = getattr(settings, "BOARDINGHOUSE_CHAT_RATE", (10, 10))
        return int(messages), int(seconds)

    @property
    def SPARE_SCHEMATA(self) -> int:
        return int(getattr(settings, "BOARDINGHOUSE_SPARE_SCHEMATA", 0))

    @property
    def WS_SECONDS_BETWEEN_LOOKS(self) -> float:
        return float(getattr(settings, "BOARDINGHOUSE_WS_SECONDS_BETWEEN_LOOKS", 60))

    @property
    def PATHNAME_FUNCTION(self) -> Callable[[Any], str] | None:
        function = getattr(settings, "BOARDINGHOUSE_PATHNAME_FUNCTION", None)
        return None if function is None else _function("BOARDINGHOUSE_PATHNAME_FUNCTION", function)

    @property
    def PREFIX_PARENT(self) -> str:
        return str(getattr(settings, "BOARDINGHOUSE_PREFIX_PARENT", ""))

    @property
    def X_ACCEL_REDIRECT(self) -> str:
        return str(getattr(settings, "BOARDINGHOUSE_X_ACCEL_REDIRECT", ""))

    @property
    def X_SENDFILE(self) -> bool:
        return bool(getattr(settings, "BOARDINGHOUSE_X_SENDFILE", False))

    @property
    def MAX_SCHEMATA_PER_CONNECTION(self) -> int:
        return int(getattr(settings, "BOARDINGHOUSE_MAX_SCHEMATA_PER_CONNECTION", 200))

    @property
    def SHARED_CONSTRAINTS(self) -> bool:
        return bool(getattr(settings, "BOARDINGHOUSE_SHARED_CONSTRAINTS", True))

    @property
    def LOCK_TIMEOUT(self) -> float:
        return float(getattr(settings, "BOARDINGHOUSE_LOCK_TIMEOUT", 1.0))


def _labels(setting: str) -> frozenset[str]:
    """Return the labels of models that a setting lists, in lower case."""
    names = getattr(settings, setting, ())
    if not is_list_of_text(names):
        raise ImproperlyConfigured(
            f"{setting} is {names!r}, which is no list of labels. Write {setting} = "
            "['app.Model', 'other_app.*']."
        )
    return frozenset(name.lower() for name in names)


def is_list_of_text(value: Any) -> bool:
    """Tell whether a setting is a list of texts; one text alone would be a list of letters."""
    return isinstance(value, list | tuple | set | frozenset) and all(
        isinstance(each, str) for each in value
    )


def _function(setting: str, value: Any) -> Callable[..., Any]:
    """Return the function that a setting is, or whose dotted path it is."""
    if isinstance(value, str):
        try:
            value = import_string(value)
        except ImportError as error:
            raise ImproperlyConfigured(
                f"{setting} = {value!r} cannot be imported: {error}. Give a function, or its "
                "dotted path."
            ) from error
    if not callable(value):
        raise ImproperlyConfigured(
            f"{setting} is {value!r}, which cannot be called. Give a function, or its dotted path."
        )
    function: Callable[..., Any] = value
    return function


conf = Settings()
