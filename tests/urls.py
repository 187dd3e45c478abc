"""The tests' pages, for WSGI."""

from django.contrib import admin
from django.urls import path

from tests import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("owners/", views.show_owners),
    path("accounts/", views.count_accounts),
    path("regions/", views.count_regions),
    path("schema/", views.show_schema),
    path("user/", views.show_user),
    path("echo/", views.echo),
    path("/evil.example/", views.echo),
    path("exempt/", views.exempt),
    path("write/", views.write),
    path("write-and-fail/", views.write_and_fail),
    path("die/", views.die),
    path("change/", views.change, {"name": None}),
    path("change/<name>/", views.change),
    path("try-to-change/<name>/", views.try_to_change),
    path("permissions/", views.show_permissions),
    path("log-in/<username>/", views.log_in),
    path("log-in/<username>/permissions/", views.log_in_and_show_permissions),
    path("log-out/", views.log_out),
    path("sql/", views.run_sql),
    path("outlive/<way>/", views.outlive_schema),
    path("template/", views.activate_template),
    path("stream/", views.stream),
    path("late/", views.render_late),
    path("variables/", views.use_variables),
    path("no-variable/", views.use_no_variable),
    path("form/", views.show_token),
    path("read_body/", views.read_body),
    path("shared/", views.touch_nothing),
    path("slow/", views.be_slow),
    path("slow/<name>/", views.be_slow_and_switch),
    path("slow-read/", views.be_slow_and_read),
    path("slow-session/<how>/", views.be_slow_and_save),
    path("slow-message/", views.be_slow_and_leave_a_message),
]
