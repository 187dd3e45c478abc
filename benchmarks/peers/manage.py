"""What `manage.py` is in any project."""

import sys
from pathlib import Path

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    execute_from_command_line(sys.argv)
