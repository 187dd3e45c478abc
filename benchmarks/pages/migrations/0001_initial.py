from django.db import migrations, models


def columns():
    return [
        ("id", models.BigAutoField(primary_key=True, serialize=False)),
        ("name", models.CharField(max_length=50)),
    ]


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel("Pupil", columns()),
        migrations.CreateModel("Holiday", columns()),
    ]
