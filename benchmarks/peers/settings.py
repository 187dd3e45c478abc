"""Settings of each package on the workload; BENCHMARKS_SIDE says which, and what it is to do."""

import json
import os

SIDE = os.environ["BENCHMARKS_SIDE"]
IS_CLONING = bool(os.environ.get("BENCHMARKS_CLONE"))

SECRET_KEY = "of the benchmarks"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "benchmarks.workload.urls"
DATABASES = {"default": json.loads(os.environ["BENCHMARKS_DATABASE"])}
MIGRATIONS = "later" if os.environ.get("BENCHMARKS_LATER") else "migrations"
MIGRATION_MODULES = {"workload": f"benchmarks.workload.{MIGRATIONS}"}
SHARED = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"]
PRIVATE = ["benchmarks.workload"]
INSTALLED_APPS = [*SHARED, *PRIVATE]
SILENCED_SYSTEM_CHECKS = ["boardinghouse.E002", "boardinghouse.W005"]

if SIDE == "django-tenants":
    INSTALLED_APPS = ["django_tenants", "benchmarks.peers.dt_customers", *SHARED, *PRIVATE]
    SHARED_APPS = INSTALLED_APPS[:-1]
    TENANT_APPS = PRIVATE
    DATABASES["default"]["ENGINE"] = "django_tenants.postgresql_backend"
    DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
    TENANT_MODEL, TENANT_DOMAIN_MODEL = "dt_customers.Customer", "dt_customers.Domain"
    TENANT_MULTIPROCESSING_MAX_PROCESSES = TENANT_SUBPROCESS_PARALLEL = 2
    if IS_CLONING:
        TENANT_CREATION_FAKES_MIGRATIONS, TENANT_BASE_SCHEMA = True, "template_of_all"
elif SIDE == "django-pgschemas":
    INSTALLED_APPS = ["django_pgschemas", "benchmarks.peers.pg_customers", *SHARED, *PRIVATE]
    TENANTS = {
        "public": {"APPS": INSTALLED_APPS[:-1]},
        "default": {
            "TENANT_MODEL": "pg_customers.Customer",
            "DOMAIN_MODEL": "pg_customers.Domain",
            "APPS": PRIVATE,
            "URLCONF": ROOT_URLCONF,
            **({"CLONE_REFERENCE": "template_of_all"} if IS_CLONING else {}),
        },
    }
    DATABASES["default"]["ENGINE"] = "django_pgschemas.postgresql"
    DATABASE_ROUTERS = ["django_pgschemas.routers.TenantAppsRouter"]
    PGSCHEMAS_PARALLEL_MAX_PROCESSES = 2
elif SIDE == "boardinghouse":
    INSTALLED_APPS = ["boardinghouse", *INSTALLED_APPS]
    DATABASES["default"]["ENGINE"] = "boardinghouse.backends.postgres"
    DATABASE_ROUTERS = ["boardinghouse.routers.SchemaRouter"]
else:
    DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
