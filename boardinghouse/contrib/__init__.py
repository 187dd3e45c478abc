"""Integrations, each on the public core only; the core imports none of them."""
