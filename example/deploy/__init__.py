"""The example on two databases, one per customer, behind Apache or nginx."""
