from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("pending", "0001_initial"),)
    operations = (
        migrations.AddField("Entry", "amount", models.IntegerField(default=0)),
        migrations.AddIndex("Entry", models.Index(fields=["amount"], name="pending_amount")),
    )
