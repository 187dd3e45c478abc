"""Private and shared in turn: three segments."""

from django.db import migrations, models

from boardinghouse.operations import PerSchema, Shared


class Migration(migrations.Migration):
    dependencies = (("library", "0002_shelf"),)
    operations = (
        migrations.AddField("Book", "pages", models.IntegerField(default=7)),
        Shared(
            migrations.RunSQL(
                "INSERT INTO library_author (name) VALUES ('once')",
                "DELETE FROM library_author WHERE name = 'once'",
            )
        ),
        PerSchema(
            migrations.RunSQL(
                "UPDATE library_book SET pages = pages + 1; UPDATE library_book SET title = 'A;B'",
                migrations.RunSQL.noop,
            )
        ),
        migrations.AddField("Author", "born", models.IntegerField(null=True)),
        migrations.AddField("Book", "weight", models.IntegerField(default=1)),
        migrations.CreateModel(
            "Copy",
            [
                ("id", models.AutoField(primary_key=True)),
                ("book", models.ForeignKey("library.Book", models.CASCADE)),
                ("author", models.ForeignKey("library.Author", models.CASCADE)),
            ],
            options={"unique_together": {("book", "author")}},
        ),
    )
