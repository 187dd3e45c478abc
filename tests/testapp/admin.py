"""The admin's pages of the tests' models, registered as projects do."""

from django.contrib import admin

from tests.testapp.models import Account, Entry, Project, Region, Team


class EntryInline(admin.TabularInline):
    model = Entry
    extra = 1


class AccountInline(admin.TabularInline):
    model = Account
    extra = 0


@admin.register(Account)
class AccountAdmin(admin.ModelAdmin):
    """A class that a project wrote, with autocomplete, a filter and inlines."""

    list_display = ["owner", "region", "keeper"]
    list_select_related = ["region", "keeper"]
    list_filter = ["region"]
    search_fields = ["owner"]
    ordering = ["owner"]
    autocomplete_fields = ["region", "keeper"]
    inlines = [EntryInline]


@admin.register(Region)
class RegionAdmin(admin.ModelAdmin):
    """Of a shared model, with an inline of a private one."""

    search_fields = ["name"]
    ordering = ["name"]
    inlines = [AccountInline]


class EntryAdmin(admin.ModelAdmin):
    autocomplete_fields = ["account"]


admin.site.register(Entry, EntryAdmin)
admin.site.register([Team, Project])
