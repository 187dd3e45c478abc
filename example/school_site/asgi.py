"""The door for ASGI servers: pages, and websockets where Channels is installed."""

import os

from django.apps import apps
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "school_site.settings")

application = pages = get_asgi_application()

if apps.is_installed("boardinghouse.contrib.channels"):
    from channels.routing import ProtocolTypeRouter
    from channels.security.websocket import AllowedHostsOriginValidator

    from boardinghouse.contrib.channels import SchemaMiddlewareStack, SchemaURLRouter

    sockets = AllowedHostsOriginValidator(SchemaMiddlewareStack(SchemaURLRouter()))
    application = ProtocolTypeRouter({"http": pages, "websocket": sockets})
