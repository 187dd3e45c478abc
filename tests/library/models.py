"""What the migrations of this app are about; only they matter. See tests/projects/library.py."""
