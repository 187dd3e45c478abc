"""Which schema is wanted: one ContextVar for threads, tasks, views and consumers.

The variable holds an immutable chain of activations, innermost last. Each belongs to a
scope (an ``override``, a request, or the bare thread), and leaving a scope takes out that
scope's own activation from the chain of the context that leaves, wherever it stands. So an
exit that comes late or out of order changes nothing for anybody else.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, router

from boardinghouse.conf import conf
from boardinghouse.exceptions import SchemaNotFound, TemplateSchemaActivation
from boardinghouse.names import TEMPLATE, is_own_name
from boardinghouse.signals import schema_post_activate, schema_pre_activate

if TYPE_CHECKING:
    from boardinghouse.models import AbstractSchema

Function = TypeVar("Function", bound=Callable[..., Any])


class Activation:
    """That a scope wants a schema, or none. Compared by identity; see `revoke_request`."""

    __slots__ = ("name", "schema", "scope")

    def __init__(self, scope: object, name: str | None, schema: AbstractSchema | None = None):
        self.scope, self.name, self.schema = scope, name, schema


class RequestScope:
    """A request, from its start until its response has gone."""

    request: Any = None


THREAD = "the thread itself"

_chain: ContextVar[tuple[Activation, ...]] = ContextVar("boardinghouse_activations", default=())


def get_active_schema_name() -> str | None:
    """Return the name of the active schema, or None."""
    chain = _chain.get()
    return chain[-1].name if chain else None


def get_active_schema() -> AbstractSchema | None:
    """Return the active schema's object, or None.

    In a request it is the object that the middleware loaded; elsewhere this is one query.
    """
    chain = _chain.get()
    if not chain or chain[-1].name is None:
        return None
    if chain[-1].schema is not None:
        return chain[-1].schema
    try:
        return get_schema_model()._default_manager.get(pk=chain[-1].name)
    except get_schema_model().DoesNotExist:
        raise SchemaNotFound(chain[-1].name) from None


def get_schema_model() -> type[AbstractSchema]:
    """Return the model whose rows name the schemata (``BOARDINGHOUSE_SCHEMA_MODEL``)."""
    try:
        model = apps.get_model(conf.SCHEMA_MODEL, require_ready=False)
    except (LookupError, ValueError) as error:
        raise ImproperlyConfigured(
            f"BOARDINGHOUSE_SCHEMA_MODEL is {conf.SCHEMA_MODEL!r}, which is no model of an "
            "installed app. Write it as 'app.Model', and see that the app is in INSTALLED_APPS."
        ) from error
    return cast("type[AbstractSchema]", model)


def activate_schema(schema: str | AbstractSchema, *, using: str | None = None) -> None:
    """Make a schema the active one, until the scope that this was called in is left.

    In sync code PostgreSQL is asked at once, one round trip unless the schema is active
    already; where an event loop runs, the first statement asks.

    Raises SchemaNotFound, and TemplateSchemaActivation for the template.
    """
    name, instance = _name_and_instance(schema)
    before = _chain.get()
    _want(name, instance)
    try:
        _prove(using)
    except BaseException:
        _chain.set(before)
        raise
    schema_post_activate.send(sender=None, schema=name)


def deactivate_schema() -> None:
    """Make no schema active in the scope that this was called in. No round trip."""
    _want(None, None)
    schema_post_activate.send(sender=None, schema=None)


def _want(name: str | None, instance: AbstractSchema | None) -> None:
    schema_pre_activate.send(sender=None, schema=name, instance=instance)
    chain = _chain.get()
    scope = chain[-1].scope if chain else THREAD
    below = chain[:-1]
    if name is None and scope is THREAD:
        _chain.set(below)
    else:
        _chain.set((*below, Activation(scope, name, instance)))


def _prove(using: str | None) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        connection = connections[using or router.db_for_read(get_schema_model())]
        if hasattr(connection, "apply_schema"):
            connection.ensure_connection()
            connection.apply_schema()


def _name_and_instance(schema: str | AbstractSchema) -> tuple[str, AbstractSchema | None]:
    if not isinstance(schema, str) and not isinstance(getattr(schema, "schema", None), str):
        raise TypeError(
            f"{schema!r} is no schema: give a name or a schema object. For none, there are "
            "deactivate_schema() and override(None)."
        )
    name, instance = (schema, None) if isinstance(schema, str) else (schema.schema, schema)
    if name == TEMPLATE:
        raise TemplateSchemaActivation
    if is_own_name(name):
        raise SchemaNotFound(name)
    return name, instance


class working_in:
    """Our own door to any schema, the template included; see ``override`` for everybody's."""

    def __init__(self, name: str | None) -> None:
        self.name = name
        self.instance: AbstractSchema | None = None
        self.activation: Activation | None = None

    def __enter__(self) -> None:
        if self.activation is not None:
            raise RuntimeError("This block has been entered already; make another one.")
        self.activation = Activation(self, self.name, self.instance)
        _chain.set((*_chain.get(), self.activation))

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.activation = None
        _chain.set(tuple(each for each in _chain.get() if each.scope is not self))


class override(working_in):
    """Want a schema (or none) within a block or a function; the one before it afterwards.

    A context manager, and a decorator of sync and async functions. It does no I/O: a schema
    that is missing raises SchemaNotFound at the first statement. The template raises
    TemplateSchemaActivation here.
    """

    def __init__(self, schema: str | AbstractSchema | None) -> None:
        name, instance = (None, None) if schema is None else _name_and_instance(schema)
        super().__init__(name)
        self.instance = instance

    def __enter__(self) -> None:
        schema_pre_activate.send(sender=None, schema=self.name, instance=self.instance)
        super().__enter__()
        schema_post_activate.send(sender=None, schema=self.name)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super().__exit__(exc_type, exc_value, traceback)
        schema_post_activate.send(sender=None, schema=get_active_schema_name())

    def __call__(self, function: Function) -> Function:
        return within(lambda: override(self.instance or self.name), function)


def carry(function: Function) -> Function:
    """Return a callable that runs the function in the schema that is active now.

    For threads, executors and callbacks, which begin with nothing active. No round trip.
    """
    chain = _chain.get()
    name, instance = (chain[-1].name, chain[-1].schema) if chain else (None, None)

    def scope() -> working_in:
        block = working_in(name)
        block.instance = instance
        return block

    return within(scope, function)


def within(
    scope: Callable[[], AbstractContextManager[Any]], function: Function, *, block: str = "override"
) -> Function:
    """Return a function, sync or async, that runs each time within a new block."""
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(
            "A generator function runs in pieces, between which its caller's schema would "
            f"change. Use `with {block}(...)` inside it."
        )
    # An object is awaited too if its class says so.
    if iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__):

        @functools.wraps(function)
        async def awaiting(*args: Any, **kwargs: Any) -> Any:
            with scope():
                return await function(*args, **kwargs)

        return cast("Function", awaiting)

    @functools.wraps(function)
    def calling(*args: Any, **kwargs: Any) -> Any:
        with scope():
            return function(*args, **kwargs)

    return cast("Function", calling)


def begin_request(request: Any = None) -> None:
    """Start a request from nothing; once only, though both the signal and the middleware say so."""
    chain = _chain.get()
    scope = chain[-1].scope if chain else THREAD
    if not isinstance(scope, RequestScope) or scope.request or chain[-1].name:
        scope = RequestScope()
        _chain.set((*chain, Activation(scope, None)))
    scope.request = request


def end_request() -> None:
    """Want again what was wanted before the request began (in production: nothing)."""
    *_, last = (-1, *_requests())
    if last >= 0:
        _chain.set(_chain.get()[:last])


def abandon_requests() -> None:
    """Forget requests that this thread has begun and never ended."""
    for first in _requests()[:1]:
        _chain.set(_chain.get()[:first])


def revoke_request() -> None:
    """Take the schema away from a request, in all its tasks: its user has changed."""
    for each in _chain.get():
        if isinstance(each.scope, RequestScope):
            each.name = each.schema = None


def get_request() -> Any:
    """Return the request at work, or None."""
    scopes = [each.scope for each in reversed(_chain.get())]
    return next((each.request for each in scopes if isinstance(each, RequestScope)), None)


def _requests() -> list[int]:
    """Return where in the chain requests begin."""
    return [
        index for index, each in enumerate(_chain.get()) if isinstance(each.scope, RequestScope)
    ]
