"""Addresses of the boarding schools' websockets."""

websocket_urlpatterns: list[object] = []
