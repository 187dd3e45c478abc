"""The one door for ASGI servers: the example's own, in the database of the connection's host."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "deploy.settings"

from boardinghouse.contrib.databases import DatabaseASGIMiddleware
from school_site.asgi import application as site

application = DatabaseASGIMiddleware(site)
