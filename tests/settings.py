"""Settings of the tests: on ``DATABASE_URL``, or on an embedded PostgreSQL."""

import os
from importlib.util import find_spec
from pathlib import Path

from boardinghouse.contrib.embedded import database_settings

SECRET_KEY = "of the tests"
USE_TZ = True
ROOT_URLCONF = "tests.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

INSTALLED_APPS = [
    "boardinghouse",
    "boardinghouse.contrib.admin",
    "boardinghouse.contrib.admin.apps.SchemaAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "tests.testapp",
    "tests.zoo",
    "tests.lending",
]
if find_spec("channels"):
    INSTALLED_APPS += ["boardinghouse.contrib.channels", "boardinghouse.contrib.chat"]

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "boardinghouse.middleware.SchemaMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "boardinghouse.context_processors.schemata",
            ]
        },
    }
]

# Each of pytest-xdist's workers has a server of its own: what is counted in one, such as its
# locks and connections, is not another's.
DATA = Path(os.environ.get("BOARDINGHOUSE_TESTS_DATA") or Path(__file__).parent / ".data")
DATABASES = {
    "default": database_settings(
        DATA / os.environ.get("PYTEST_XDIST_WORKER", ""),
        version=int(os.environ.get("BOARDINGHOUSE_POSTGRES_VERSION", "18")),
        durable=False,
    )
}
DATABASE_ROUTERS = ["boardinghouse.routers.SchemaRouter"]
# Several test runs may share one server.
DATABASES["default"]["TEST"] = {"NAME": f"test_boardinghouse_{os.getpid()}"}
DATABASES["other"] = {
    **DATABASES["default"],
    "TEST": {"NAME": f"test_boardinghouse_other_{os.getpid()}"},
}

CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
SILENCED_SYSTEM_CHECKS = ["boardinghouse.W051"]  # one process is enough for most tests
