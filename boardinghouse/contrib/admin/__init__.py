"""Django's admin, in which every page says where it is."""
