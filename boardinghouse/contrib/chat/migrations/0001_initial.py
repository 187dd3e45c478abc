import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="Room",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        editable=False,
                        help_text="A digest of its users: there is one room of exactly these.",
                        max_length=64,
                        unique=True,
                        verbose_name="key",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="created at",
                    ),
                ),
            ],
            options={"verbose_name": "room", "verbose_name_plural": "rooms"},
        ),
        migrations.CreateModel(
            name="Member",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "read_up_to",
                    models.BigIntegerField(
                        db_default=0,
                        default=0,
                        help_text=(
                            "The key of the last message that was read; the message may be gone."
                        ),
                        verbose_name="read up to",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="membership",
                        to="boardinghouse_chat.room",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="chat_membership",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "member",
                "verbose_name_plural": "members",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("room", "user"), name="boardinghouse_chat_member_once"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="room",
            name="members",
            field=models.ManyToManyField(
                related_name="chat_rooms",
                through="boardinghouse_chat.Member",
                to=settings.AUTH_USER_MODEL,
                verbose_name="members",
            ),
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.TextField(verbose_name="text")),
                (
                    "sent_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="sent at",
                    ),
                ),
                (
                    "once",
                    models.UUIDField(
                        editable=False,
                        help_text=(
                            "What its page made of it, so that sending it again says nothing twice."
                        ),
                        null=True,
                        verbose_name="once",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="boardinghouse_chat.room",
                    ),
                ),
                (
                    "sender",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="chat_messages",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "message",
                "verbose_name_plural": "messages",
                "ordering": ["pk"],
                "indexes": [
                    models.Index(fields=["room", "id"], name="boardinghouse_chat_in_room"),
                    models.Index(fields=["sender", "id"], name="boardinghouse_chat_of_sender"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(text="", _negated=True),
                        name="boardinghouse_chat_says_something",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(once__isnull=False),
                        fields=("room", "sender", "once"),
                        name="boardinghouse_chat_said_once",
                    ),
                ],
            },
        ),
    ]
