"""Multi-tenancy for Django on PostgreSQL schemata, for sites whose users are shared."""

__version__ = "1.0.0.dev0"
