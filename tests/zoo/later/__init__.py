"""The zoo's migrations and one more, for tests that put it in MIGRATION_MODULES."""
