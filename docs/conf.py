"""How Sphinx builds the documentation; autodoc imports the package with the tests' settings."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
# The settings are only read: no server is started for them.
os.environ.setdefault("DATABASE_URL", "postgresql://localhost/unused")

import django  # noqa: E402

django.setup()

import boardinghouse  # noqa: E402

project = "django-boardinghouse"
author = "django-boardinghouse contributors"
copyright = f"2026, {author}"
release = version = boardinghouse.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
default_role = "py:obj"

autodoc_class_signature = "mixed"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 80

html_theme = "furo"
html_title = "django-boardinghouse"
html_static_path = ["_static"]
html_css_files = ["boardinghouse.css"]
