"""``/<schema>/…`` in front of the site's addresses chooses the schema for one request."""

from boardinghouse.contrib.prefix.middleware import SchemaPrefixMiddleware

__all__ = ["SchemaPrefixMiddleware"]
