"""System checks. Each message is the fact, each hint what to type; ids are never reused."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.cache import DEFAULT_CACHE_ALIAS, caches
from django.core.cache.backends.base import default_key_func
from django.core.cache.backends.dummy import DummyCache
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, router
from django.db.models import DO_NOTHING, Model, deletion
from django.utils.module_loading import import_string
from psycopg import IsolationLevel

from boardinghouse import shared_constraints
from boardinghouse.conf import conf
from boardinghouse.database_checks import (
    check_citus,
    check_private_tables,
    check_shared_constraints,
)
from boardinghouse.exceptions import NoActiveDatabase
from boardinghouse.routers import SchemaRouter
from boardinghouse.schema import get_schema_model, working_in
from boardinghouse.sharing import is_shared_model
from boardinghouse.sharing_checks import check_labels

ENGINE = "boardinghouse.backends.postgres"
MIDDLEWARE = "boardinghouse.middleware.SchemaMiddleware"
SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
CONTEXT_PROCESSOR = "boardinghouse.context_processors.schemata"
ROUTER = "boardinghouse.routers.SchemaRouter"
SITE_CACHE = "django.middleware.cache.UpdateCacheMiddleware"
KEY_FUNCTION = "boardinghouse.contrib.cache.make_key"
DJANGOS_KEY_FUNCTION = "django.core.cache.backends.base.default_key_func"
#: Django 6.1 knows more of these than the one.
LEFT_TO_POSTGRESQL = getattr(deletion, "SKIP_COLLECTION", frozenset({DO_NOTHING}))
#: Transactions that see only what was there when they began.
BLIND_LEVELS = (IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE)
TWO_CACHES = (
    f"Have two: CACHES['default'] with 'KEY_FUNCTION': {KEY_FUNCTION!r}, and CACHES['sessions'] "
    "without it, in another LOCATION; and SESSION_CACHE_ALIAS = 'sessions'."
)


def register_all() -> None:
    for check in (
        check_engine,
        check_isolation,
        check_middleware,
        check_installed_apps,
        check_session_model,
        check_context_processor,
        check_labels,
        check_shared_models,
        check_schema_model,
        check_caches,
        check_router,
        check_spare_schemata,
        check_pathnames,
        check_lock_timeout,
        check_left_to_postgresql,
    ):
        checks.register(check, "boardinghouse")
    checks.register(check_private_tables, checks.Tags.database)
    checks.register(check_shared_constraints, checks.Tags.database, deploy=True)
    checks.register(check_citus, checks.Tags.database, deploy=True)


def check_engine(**kwargs: Any) -> Iterator[CheckMessage]:
    try:
        alias = router.db_for_write(get_schema_model())
    except NoActiveDatabase:
        return  # There are several, and who chooses between them checks them.
    if not hasattr(connections[alias], "apply_schema"):
        engine = settings.DATABASES[alias]["ENGINE"]
        yield checks.Error(
            f"The database {alias!r}, which holds the schemata, has the ENGINE {engine!r}.",
            hint=f"DATABASES[{alias!r}]['ENGINE'] = {ENGINE!r}; to put it over another backend, "
            "name that one in BOARDINGHOUSE_BASE_BACKEND.",
            id="boardinghouse.E001",
        )


def check_isolation(**kwargs: Any) -> Iterator[CheckMessage]:
    for alias in connections:
        level = connections[alias].settings_dict.get("OPTIONS", {}).get("isolation_level")
        if hasattr(connections[alias], "apply_schema") and level in BLIND_LEVELS:
            yield checks.Error(
                f"The transactions of the database {alias!r} see nothing that was done after they "
                "began: a schema that is created while a migration begins would not be migrated.",
                hint=f"Remove 'isolation_level' from DATABASES[{alias!r}]['OPTIONS']. A "
                "transaction of yours that needs another one can say SET TRANSACTION.",
                id="boardinghouse.E016",
            )


def check_middleware(**kwargs: Any) -> Iterator[CheckMessage]:
    place = index_of(MIDDLEWARE)
    if place is None:
        yield checks.Error(
            "SchemaMiddleware is not in MIDDLEWARE: no request would ever have a schema.",
            hint=f"Add {MIDDLEWARE!r} to MIDDLEWARE, after {AUTHENTICATION!r}.",
            id="boardinghouse.E002",
        )
        return
    for needed in (SESSION, AUTHENTICATION):
        if not any(is_kind_of(each, needed) for each in settings.MIDDLEWARE[:place]):
            yield checks.Error(
                f"SchemaMiddleware does not stand after {needed!r}, which it needs.",
                hint=f"Put {needed!r} into MIDDLEWARE, and {MIDDLEWARE!r} to a place after it.",
                id="boardinghouse.E003",
            )


def index_of(middleware: str) -> int | None:
    """Return where a middleware, or a subclass of it, stands in the settings."""
    places = (
        index for index, each in enumerate(settings.MIDDLEWARE) if is_kind_of(each, middleware)
    )
    return next(places, None)


def is_kind_of(path: str, needed: str) -> bool:
    """Tell whether a middleware is another one, or a subclass of it; functions are neither."""
    middleware, wanted = import_string(path), import_string(needed)
    return isinstance(middleware, type) and issubclass(middleware, wanted)


def check_installed_apps(**kwargs: Any) -> Iterator[CheckMessage]:
    for name in ("django.contrib.auth", "django.contrib.sessions"):
        if not apps.is_installed(name):
            yield checks.Error(
                f"{name!r} is not in INSTALLED_APPS: schemata belong to users, and the session "
                "remembers the active one.",
                hint=f"Add {name!r} to INSTALLED_APPS.",
                id="boardinghouse.E004",
            )


def check_session_model(**kwargs: Any) -> Iterator[CheckMessage]:
    store = import_module(settings.SESSION_ENGINE).SessionStore
    model = store.get_model_class() if hasattr(store, "get_model_class") else None
    if model is not None and not is_shared_model(model):
        label = model._meta.label
        yield checks.Error(
            f"Sessions are rows of {label}, a private model: no request could load its session, "
            "which says what its schema is.",
            hint=f"Let {label} inherit boardinghouse.base.SharedSchemaMixin, or name it in "
            "BOARDINGHOUSE_SHARED_MODELS.",
            obj=model,
            id="boardinghouse.E075",
        )


def check_context_processor(**kwargs: Any) -> Iterator[CheckMessage]:
    engines: list[dict[str, Any]] = settings.TEMPLATES
    for engine in engines:
        named = engine.get("OPTIONS", {}).get("context_processors", ())
        if engine["BACKEND"].endswith(".DjangoTemplates") and CONTEXT_PROCESSOR in named:
            return
    yield checks.Warning(
        "No template engine has boardinghouse's context processor: templates do not know the "
        "schemata.",
        hint=f"Add {CONTEXT_PROCESSOR!r} to TEMPLATES[...]['OPTIONS']['context_processors'].",
        id="boardinghouse.W005",
    )


def check_shared_models(**kwargs: Any) -> Iterator[CheckMessage]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy or not is_shared_model(model):
            continue
        for field in model._meta.local_fields:
            target = field.remote_field.model if field.remote_field else None
            if isinstance(target, type) and not is_shared_model(target):
                yield points_at_private(model, field.name, target)


def points_at_private(model: type[Model], field: str, target: type[Model]) -> CheckMessage:
    return checks.Error(
        f"The shared model {model._meta.label} points at the private model "
        f"{target._meta.label} (field {field!r}): in which schema would the row be?",
        hint=f"Share {target._meta.label} (inherit boardinghouse.base.SharedSchemaMixin, or name "
        f"it in BOARDINGHOUSE_SHARED_MODELS), or make {model._meta.label} private.",
        obj=model,
        id="boardinghouse.E006",
    )


def check_schema_model(**kwargs: Any) -> Iterator[CheckMessage]:
    from boardinghouse.models import AbstractSchema

    model = get_schema_model()
    label = model._meta.label
    if not issubclass(model, AbstractSchema):
        yield checks.Error(
            f"BOARDINGHOUSE_SCHEMA_MODEL, {label}, is no model of schemata.",
            hint="Let it inherit boardinghouse.models.AbstractSchema.",
            obj=model,
            id="boardinghouse.E009",
        )
    elif not any(each.name.endswith("name_is_safe") for each in model._meta.constraints):
        yield checks.Error(
            f"{label} has lost the constraint on its names: the database would take any.",
            hint=f"Write `class Meta(AbstractSchema.Meta)` in {label}, and if it has constraints "
            "of its own, put them after *AbstractSchema.Meta.constraints.",
            obj=model,
            id="boardinghouse.E010",
        )


def check_caches(**kwargs: Any) -> Iterator[CheckMessage]:
    """Compare the keys that each cache makes in two schemata."""
    sessions = cache_of_sessions()
    # django-stubs look for it among the settings.
    is_set = settings.is_overridden("CACHES")  # type: ignore[misc]
    is_used = is_set or SITE_CACHE in settings.MIDDLEWARE
    for alias in settings.CACHES:
        if alias == sessions and has_keys_by_schema(alias):
            yield loses_sessions(alias)
        elif is_used and may_mix_schemata(alias, sessions) and not has_keys_by_schema(alias):
            yield mixes_schemata(alias)


def cache_of_sessions() -> str | None:
    """Return the alias of the cache that keeps sessions; None if the engine needs none."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    return settings.SESSION_CACHE_ALIAS if hasattr(store, "cache_key_prefix") else None


def has_keys_by_schema(alias: str) -> bool:
    keys = set()
    for schema in ("a", "b"):
        with working_in(schema):
            keys.add(caches[alias].make_key("key"))
    return len(keys) == 2


def may_mix_schemata(alias: str, sessions: str | None) -> bool:
    """Tell whether a cache could keep a schema's data; naming Django's keys says it does not."""
    if isinstance(caches[alias], DummyCache):
        return False
    if alias == sessions:
        return alias in (DEFAULT_CACHE_ALIAS, settings.CACHE_MIDDLEWARE_ALIAS)
    said = settings.CACHES[alias].get("KEY_FUNCTION")
    return not (said and caches[alias].key_func is default_key_func)


def loses_sessions(alias: str) -> CheckMessage:
    return checks.Error(
        f"The cache {alias!r} keeps the sessions, and its keys differ by schema: switching would "
        "lose the session.",
        hint=TWO_CACHES,
        id="boardinghouse.E012",
    )


def mixes_schemata(alias: str) -> CheckMessage:
    return checks.Warning(
        f"The keys of the cache {alias!r} do not say in which schema they were made: what one "
        "schema puts there, every other one gets.",
        hint=f"CACHES[{alias!r}]['KEY_FUNCTION'] = {KEY_FUNCTION!r}. {TWO_CACHES} For what is "
        f"common to all schemata, say so with 'KEY_FUNCTION': {DJANGOS_KEY_FUNCTION!r}.",
        id="boardinghouse.W011",
    )


def check_router(**kwargs: Any) -> Iterator[CheckMessage]:
    """Look for our router in the first place: the first to answer is the last to be asked."""
    if not any(isinstance(each, SchemaRouter) for each in router.routers[:1]):
        yield checks.Warning(
            "SchemaRouter is not the first of DATABASE_ROUTERS: an object of one schema could be "
            "saved, deleted or referred to in another one.",
            hint=f"Put {ROUTER!r} at the beginning of DATABASE_ROUTERS.",
            id="boardinghouse.W013",
        )


def check_spare_schemata(**kwargs: Any) -> Iterator[CheckMessage]:
    wanted = getattr(settings, "BOARDINGHOUSE_SPARE_SCHEMATA", 0)
    if not isinstance(wanted, int) or isinstance(wanted, bool) or wanted < 0:
        yield checks.Error(
            f"BOARDINGHOUSE_SPARE_SCHEMATA is {wanted!r}, which is no number of schemata.",
            hint="BOARDINGHOUSE_SPARE_SCHEMATA = 0 keeps none ready, 5 keeps five.",
            id="boardinghouse.E017",
        )


def check_pathnames(**kwargs: Any) -> Iterator[CheckMessage]:
    """Look at what is to name the folders of schemata's files, whether or not there are any."""
    model = get_schema_model()
    if not callable(getattr(model, "schema_pathname", str)):
        yield checks.Error(
            f"{model._meta.label}.schema_pathname is no method: no file could be saved or found.",
            hint="Write `def schema_pathname(self)` in the model; it returns the name of a folder.",
            obj=model,
            id="boardinghouse.E034",
        )
    try:
        _ = conf.PATHNAME_FUNCTION
    except ImproperlyConfigured as error:
        yield checks.Error(
            str(error),
            hint="BOARDINGHOUSE_PATHNAME_FUNCTION = 'project.files.pathname', or the function "
            "itself: it takes a schema object and returns the name of the folder of its files.",
            id="boardinghouse.E034",
        )


def check_lock_timeout(**kwargs: Any) -> Iterator[CheckMessage]:
    seconds = getattr(settings, "BOARDINGHOUSE_LOCK_TIMEOUT", 1)
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0.001:
        yield checks.Error(
            f"BOARDINGHOUSE_LOCK_TIMEOUT is {seconds!r}, which is no time to wait for a lock.",
            hint="BOARDINGHOUSE_LOCK_TIMEOUT = 1.0 lets migrate wait a second at a time.",
            id="boardinghouse.E015",
        )


def check_left_to_postgresql(**kwargs: Any) -> Iterator[CheckMessage]:
    """Look for keys whose ``on_delete`` is PostgreSQL's work, where it has no constraint."""
    for field in () if conf.SHARED_CONSTRAINTS else shared_constraints.find_keys():
        remote: Any = field.remote_field
        if remote.on_delete in LEFT_TO_POSTGRESQL:
            yield checks.Warning(
                f"{field.model._meta.label}.{field.name} leaves deletions to PostgreSQL, which "
                "has no constraint there: BOARDINGHOUSE_SHARED_CONSTRAINTS is False.",
                hint="Give the field an on_delete that Django honours, such as models.CASCADE.",
                obj=field,
                id="boardinghouse.W019",
            )
