"""The one door for WSGI servers, whichever the customer: mod_wsgi, gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "deploy.settings"

application = get_wsgi_application()
