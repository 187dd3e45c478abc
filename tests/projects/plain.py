"""The same project before: plain Django, everything in ``public``."""

from tests.projects.adopted import *  # noqa: F403
from tests.projects.adopted import DATABASES, INSTALLED_APPS, MIDDLEWARE, TEMPLATES

INSTALLED_APPS = [app for app in INSTALLED_APPS if not app.startswith("boardinghouse")]
INSTALLED_APPS += ["django.contrib.admin"]
MIDDLEWARE = [each for each in MIDDLEWARE if not each.startswith("boardinghouse.")]
DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
TEMPLATES[0]["OPTIONS"]["context_processors"].pop()
ROOT_URLCONF = __name__  # no pages: those of the tests need boardinghouse installed
urlpatterns = []
