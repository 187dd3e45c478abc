"""What a schema may be called, how a name is quoted, and what the search path is."""

from __future__ import annotations

import re
from functools import lru_cache

from django.core.validators import RegexValidator
from django.utils.deconstruct import deconstructible
from django.utils.translation import gettext_lazy as _

from boardinghouse.conf import conf

#: What a schema looks like when every migration has run on it and nobody has used it.
TEMPLATE = "__template__"

#: What the name of a schema that nobody has yet begins with; see `spares`.
SPARE = "_spare_"

#: What the name of a schema that is being dropped begins with; see `removal`.
DROPPED = "_dropped_"

#: One pattern for Python's `re` and PostgreSQL's `~`: both know \A, \Z and lookahead.
PATTERN = r"\A(?!pg_)(?!public\Z)(?!information_schema\Z)[a-z][a-z0-9_]{0,62}\Z"


@deconstructible
class SchemaNameValidator(RegexValidator):
    """Refuse what no schema of an organisation may be called."""

    regex = PATTERN
    message = _(
        "A schema's name begins with a letter from a to z and goes on with such letters, digits "
        "and underscores, at most 63 in all; it is not 'public' or 'information_schema' and "
        "does not begin with 'pg_'."
    )
    code = "invalid_schema_name"


validate_schema_name = SchemaNameValidator()


def is_valid_name(name: object) -> bool:
    """Tell whether a schema of an organisation may have this name."""
    return isinstance(name, str) and re.match(PATTERN, name) is not None


def is_own_name(name: object) -> bool:
    """Tell whether a name is that of a schema of our own, which nobody else may enter."""
    return name == TEMPLATE or (isinstance(name, str) and name.startswith((SPARE, DROPPED)))


def quote(name: str) -> str:
    """Return a name as a quoted SQL identifier."""
    return '"{}"'.format(name.replace('"', '""'))


@lru_cache(maxsize=4096)
def compose_path(name: str | None) -> str:
    """Return the text of ``search_path`` for a schema, or for none.

    The text matters: it is compared with what PostgreSQL reports.
    """
    first = () if name is None else (quote(name),)
    return ", ".join((*first, "public", *map(quote, conf.EXTRA_SEARCH_PATH)))
