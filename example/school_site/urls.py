"""Addresses of the boarding schools: none of them is boardinghouse's."""

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from boardinghouse.contrib.storage import SchemaFileView
from pupils import views

urlpatterns = [
    path("", views.home, name="home"),
    path("pupils/", views.pupil_list, name="pupil-list"),
    path("pupils/new/", views.pupil_create, name="pupil-create"),
    path("staff/", views.staff_list, name="staff-list"),
    path("notices/", views.notice_list, name="notice-list"),
    # Boardinghouse: files, to the people of their school.
    path("media/<path:path>", SchemaFileView.as_view(), name="file"),
    path("api/pupils/", views.pupil_api, name="pupil-api"),
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
]

if apps.is_installed("boardinghouse.contrib.chat"):
    urlpatterns.append(path("chat/", include("boardinghouse.contrib.chat.urls")))
