"""Addresses of the boarding schools' websockets."""

from boardinghouse.contrib.chat.routing import websocket_urlpatterns

__all__ = ["websocket_urlpatterns"]
