"""The tests' pages, for ASGI: the same addresses, served by coroutines."""

from django.urls import path

from tests import views

urlpatterns = [
    path("owners/", views.show_owners_async),
    path("accounts/", views.count_accounts_async),
    path("regions/", views.count_regions_async),
    path("schema/", views.show_schema_async),
    path("user/", views.show_user_async),
    path("echo/", views.echo_async),
    path("/evil.example/", views.echo_async),
    path("exempt/", views.exempt_async),
    path("write/", views.write_async),
    path("write-and-fail/", views.write_and_fail_async),
    path("change/", views.change_async, {"name": None}),
    path("change/<name>/", views.change_async),
    path("try-to-change/<name>/", views.try_to_change_async),
    path("permissions/", views.show_permissions_async),
    path("log-in/<username>/", views.log_in_async),
    path("log-out/", views.log_out_async),
    path("sql/", views.run_sql_async),
    path("outlive/<way>/", views.outlive_schema_async),
    path("template/", views.activate_template_async),
    path("stream/", views.stream_async),
    path("late/", views.render_late_async),
    path("form/", views.show_token),
    path("read_body/", views.read_body),
    path("shared/", views.touch_nothing),
    path("slow/", views.be_slow_async),
    path("slow/<name>/", views.be_slow_and_switch_async),
    path("slow-read/", views.be_slow_and_read),
    path("slow-session/<how>/", views.be_slow_and_save),
    path("slow-message/", views.be_slow_and_leave_a_message),
]
