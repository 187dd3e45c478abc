"""The tests' settings, over the loud backend."""

from tests.settings import *  # noqa: F403

BOARDINGHOUSE_BASE_BACKEND = "tests.loud"
