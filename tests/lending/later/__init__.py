"""The migrations of lending and one more, for tests that put it in MIGRATION_MODULES."""
