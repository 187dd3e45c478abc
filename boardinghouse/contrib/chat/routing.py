"""Where websockets of the chat lead, for channels' `URLRouter`."""

from __future__ import annotations

from django.urls import path

from boardinghouse.contrib.chat.consumers import ChatConsumer

websocket_urlpatterns = [
    path("ws/chat/<uuid:room_id>/", ChatConsumer.as_asgi()),
]
