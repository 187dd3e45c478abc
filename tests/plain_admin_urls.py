"""Pages of Django's own admin site, with the same classes as the tests' admin."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.urls import path

from tests.testapp.admin import AccountAdmin, EntryAdmin, RegionAdmin
from tests.testapp.models import Account, Entry, Region, Team
from tests.urls import urlpatterns as ours

site = admin.AdminSite()
site.register(Account, AccountAdmin)
site.register(Entry, EntryAdmin)
site.register(Region, RegionAdmin)
site.register(User, UserAdmin)
site.register(Team)

urlpatterns = [
    path("admin/", site.urls),
    *(each for each in ours if str(each.pattern) != "admin/"),
]
