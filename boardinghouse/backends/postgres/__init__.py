"""The database ENGINE: Django's PostgreSQL backend, with the wanted schema applied."""
