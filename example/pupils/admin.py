from django.contrib import admin

from .models import Country, House, Notice, Pupil, Staff

admin.site.site_header = admin.site.site_title = "Boarding schools"
admin.site.register([Country, House])


@admin.register(Pupil)
class PupilAdmin(admin.ModelAdmin):
    list_display = ["name", "house", "country"]
    list_filter = ["house"]
    search_fields = ["name"]


@admin.register(Staff)
class StaffAdmin(admin.ModelAdmin):
    list_display = ["name", "duty"]
    search_fields = ["name", "duty"]


@admin.register(Notice)
class NoticeAdmin(admin.ModelAdmin):
    list_display = ["title", "file"]
