from django.contrib import admin

from tests.lending.models import Loan, Reminder, Title

admin.site.register([Title, Loan, Reminder])
