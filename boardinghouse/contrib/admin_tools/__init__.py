"""A dashboard module and a menu item for django-admin-tools."""
