from django.urls import path

from benchmarks.pages import views

urlpatterns = [
    path("private/", views.private),
    path("shared/", views.shared),
    path("neither/", views.neither),
]
