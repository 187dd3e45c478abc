#!/usr/bin/env python
"""Django's command line for the example on two databases."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ["DJANGO_SETTINGS_MODULE"] = "deploy.settings"
    execute_from_command_line(sys.argv)
