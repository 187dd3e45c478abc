"""The pages: ``path("chat/", include("boardinghouse.contrib.chat.urls"))``."""

from __future__ import annotations

from django.urls import path

from boardinghouse.contrib.chat import views

app_name = "boardinghouse_chat"

urlpatterns = [
    path("", views.room_list, name="rooms"),
    path("new/", views.new_room, name="new"),
    path("<uuid:room_id>/", views.chatroom, name="chatroom"),
]
