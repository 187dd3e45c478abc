"""News of the package."""

from django.dispatch import Signal

#: A PostgreSQL schema and its row were created. Arguments: schema (name), using.
schema_created = Signal()

#: PostgreSQL schemata and their rows were dropped. Arguments: schemata (names), using.
schemata_deleted = Signal()

#: A queryset's ``update()`` changed rows of schemata, of which Django sends no news.
#: Arguments: schemata (names), using.
schemata_updated = Signal()

#: A schema (or none) is about to be wanted; raising prevents it.
#: Arguments: schema (name or None), instance (the schema object, if one was given, or None).
schema_pre_activate = Signal()

#: A schema (or none) is wanted from now on. Argument: schema (name or None).
schema_post_activate = Signal()

#: Somebody asks to change their session's schema; raise Forbidden to refuse.
#: Arguments: request, user, schema (the schema object, or None to deselect).
session_requesting_schema_change = Signal()

#: The session's schema has changed. Arguments: request, user, schema (object or None).
session_schema_changed = Signal()

#: A session's new schema has been stored and committed, or the session is gone (None).
#: Arguments: session_key, schema (name or None).
session_schema_stored = Signal()
