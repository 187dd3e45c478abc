"""Settings of the boarding schools: an ordinary project, and what boardinghouse adds."""

import os
from importlib.util import find_spec
from pathlib import Path

from boardinghouse.contrib.embedded import database_settings

BASE_DIR = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("BOARDING_SCHOOLS_DATA", BASE_DIR / ".data"))

# Only for an example on one's own machine.
DEBUG = True
SECRET_KEY = "the-example-has-no-secrets"

# Boardinghouse: the engine. A project of your own names its database here.
DATABASES = {
    "default": database_settings(
        DATA,
        engine="boardinghouse.backends.postgres",
    ),
}

# Boardinghouse: objects of one school are not saved in another.
DATABASE_ROUTERS = ["boardinghouse.routers.SchemaRouter"]

INSTALLED_APPS = [
    "pupils",
    "boardinghouse",
    # Boardinghouse: /hamilton/pupils/ is Hamilton's, whatever the session says.
    "boardinghouse.contrib.prefix",
    # Boardinghouse: an admin that says where it is; the second is for "django.contrib.admin".
    "boardinghouse.contrib.admin",
    "boardinghouse.contrib.admin.apps.SchemaAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Boardinghouse: after sessions and authentication.
    "boardinghouse.contrib.prefix.SchemaPrefixMiddleware",
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
                # Boardinghouse: which schools there are for a person.
                "boardinghouse.context_processors.schemata",
                "pupils.context_processors.school",
            ],
        },
    },
]

ROOT_URLCONF = "school_site.urls"
WSGI_APPLICATION = "school_site.wsgi.application"

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

STATIC_URL = "static/"
# Boardinghouse: each school's files in a folder of their own, served by a view in urls.py.
STORAGES = {
    "default": {"BACKEND": "boardinghouse.contrib.storage.SchemaFileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MEDIA_ROOT = DATA / "media"
MEDIA_URL = "media/"
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Websockets, where Channels and Daphne are installed: `tox run -e example-chat`.
if find_spec("channels") and find_spec("daphne"):
    # The first is for `runserver`: it serves what ASGI_APPLICATION names.
    INSTALLED_APPS = [
        "daphne",
        *INSTALLED_APPS,
        "boardinghouse.contrib.channels",
        "boardinghouse.contrib.chat",
    ]
    ASGI_APPLICATION = "school_site.asgi.application"
    # Enough for one process; several need Redis between them.
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    if os.environ.get("REDIS_URL"):
        CHANNEL_LAYERS["default"] = {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            # Messages are waited for, for as long as it takes: redis-py 8 would give up.
            "CONFIG": {"hosts": [{"address": os.environ["REDIS_URL"], "socket_timeout": None}]},
        }
    # Boardinghouse: the consumers of those who are in a school.
    BOARDINGHOUSE_WS_URLCONF = "school_site.sockets"
