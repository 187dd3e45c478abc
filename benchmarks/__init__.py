"""Measured, not believed: each comparison in one run, on one server."""
