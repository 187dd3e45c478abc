"""Settings of both sides; BENCHMARKS_SIDE says which, BENCHMARKS_DATABASE on what database."""

import json
import os

IS_OURS = os.environ["BENCHMARKS_SIDE"] == "ours"

SECRET_KEY = "of the benchmarks"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
ROOT_URLCONF = "benchmarks.pages.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {**json.loads(os.environ["BENCHMARKS_DATABASE"]), "CONN_MAX_AGE": None}}

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "benchmarks.pages",
    *os.environ.get("BENCHMARKS_APPS", "").split(),
]

# No more than the pages need: what we add shows the more.
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]

if IS_OURS:
    INSTALLED_APPS.append("boardinghouse")
    MIDDLEWARE.append("boardinghouse.middleware.SchemaMiddleware")
    BOARDINGHOUSE_SHARED_MODELS = ["pages.Holiday"]
    BOARDINGHOUSE_SHARED_CONSTRAINTS = not os.environ.get("BENCHMARKS_WITHOUT_CONSTRAINTS")
