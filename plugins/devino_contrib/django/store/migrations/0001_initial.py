"""The tables of the store."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """The first one."""

    initial = True

    dependencies: list[tuple[str, str]] = []

    operations = [
        migrations.CreateModel(
            name="SentMessage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ref", models.CharField(max_length=255, unique=True)),
                ("to", models.CharField(max_length=320)),
                (
                    "medium",
                    models.CharField(
                        choices=[
                            ("SMS", "SMS"),
                            ("VIBER", "VIBER"),
                            ("WHATSAPP", "WHATSAPP"),
                            ("VK", "VK"),
                            ("EMAIL", "EMAIL"),
                        ],
                        max_length=16,
                    ),
                ),
                ("channel", models.CharField(blank=True, max_length=255)),
                ("ids", models.JSONField(default=list)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("UNKNOWN", "UNKNOWN"),
                            ("SCHEDULED", "SCHEDULED"),
                            ("ACCEPTED", "ACCEPTED"),
                            ("ENROUTE", "ENROUTE"),
                            ("UNDELIVERABLE", "UNDELIVERABLE"),
                            ("EXPIRED", "EXPIRED"),
                            ("REJECTED", "REJECTED"),
                            ("DELETED", "DELETED"),
                            ("DELIVERED", "DELIVERED"),
                            ("BOUNCED", "BOUNCED"),
                            ("READ", "READ"),
                            ("CLICKED", "CLICKED"),
                        ],
                        max_length=16,
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=64)),
                ("price", models.DecimalField(decimal_places=6, max_digits=14, null=True)),
                ("created", models.DateTimeField(auto_now_add=True, db_index=True)),
                ("updated", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name": "sent message",
                "ordering": ("-created", "-id"),
                "permissions": (("see_content", "Can see numbers"),),
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="SentPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("channel", models.CharField(max_length=255)),
                ("platform_id", models.CharField(db_index=True, max_length=255)),
                ("status", models.JSONField()),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="devino_store.sentmessage",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="EarlyReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("channel", models.CharField(max_length=255)),
                ("platform_id", models.CharField(db_index=True, max_length=255)),
                ("status", models.JSONField()),
                ("created", models.DateTimeField(auto_now_add=True, db_index=True)),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]
