"""A site that shows rooms at addresses of its own only."""

from django.urls import path

from tests.chat.urls import talk_to

urlpatterns = [path("talk-to/<username>/", talk_to)]
