"""The chat's pages, and one that starts a conversation by itself."""

from django.contrib.auth.models import User
from django.urls import include, path

from boardinghouse.contrib.chat.utils import create_room
from boardinghouse.contrib.chat.views import chatroom
from tests.urls import urlpatterns as others


def talk_to(request, username):
    room_id = create_room([request.user, User.objects.get(username=username)])
    return chatroom(request, room_id)


urlpatterns = [
    *others,
    path("chat/", include("boardinghouse.contrib.chat.urls")),
    path("talk-to/<username>/", talk_to),
]
