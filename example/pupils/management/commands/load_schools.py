"""Three schools, who lives and works there, and who may log in."""

from django.contrib.auth.models import Group, Permission, User
from django.core.files.base import ContentFile
from django.core.management.base import BaseCommand
from django.db import router, transaction

from boardinghouse.models import Schema
from boardinghouse.schema import override
from pupils.models import Country, House, Notice, Pupil, Staff
from pupils.schools import COUNTRIES, NOTICE, PASSWORD, PEOPLE, ROLES, SCHOOLS


class Command(BaseCommand):
    help = "Loads three boarding schools, unless there are schools already."

    def handle(self, **options) -> None:
        if Schema.objects.exists():
            self.stdout.write("The schools are there already.")
            return
        # On the database that the routers name: a site may have one for each customer.
        with transaction.atomic(using=router.db_for_write(Schema)):
            create_shared_rows()
            for schema in SCHOOLS:
                create_school(schema)
            create_people()


def create_shared_rows() -> None:
    """Write what all the schools use: countries, and what each role may do."""
    Country.objects.bulk_create(Country(code=code, name=name) for code, name in COUNTRIES.items())
    for role, codenames in ROLES.items():
        group = Group.objects.create(name=role)
        group.permissions.set(
            Permission.objects.filter(content_type__app_label="pupils", codename__in=codenames)
        )


def create_school(schema: str) -> None:
    """Create a schema by saving its row, and fill it from inside."""
    school = SCHOOLS[schema]
    Schema.objects.create(schema=schema, name=school["name"])
    with override(schema):
        for name, house, country in school["pupils"]:
            Pupil.objects.create(
                name=name,
                house=House.objects.get_or_create(name=house)[0],
                country_id=country,
            )
        Staff.objects.bulk_create(Staff(name=name, duty=duty) for name, duty in school["staff"])
        notice = ContentFile(NOTICE.format(name=school["name"]).encode(), "timetable.txt")
        Notice.objects.create(title="Timetable", file=notice)


def create_people() -> None:
    """Create users, who are shared; what they may do is said in each school."""
    User.objects.create_superuser("admin", password=PASSWORD)
    for username, roles in PEOPLE.items():
        user = User.objects.create_user(username, password=PASSWORD, is_staff=bool(roles))
        for schema, role in roles.items():
            Schema.objects.get(schema=schema).users.add(user)
            with override(schema):
                user.groups.add(Group.objects.get(name=role))
