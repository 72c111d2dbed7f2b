"""The tables of the outbox, which the store makes itself."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

from devino_contrib.django.outbox._place import alias, outbox_of_project, table_name
from devino_core import ConfigurationError
from devino_core.outbox import Borrows


def make_tables(apps: Any, schema_editor: Any) -> None:
    """Make them in the one database that has the outbox."""
    connection = schema_editor.connection
    if connection.alias != alias():
        return
    store = outbox_of_project(borrows=True).store
    if not isinstance(store, Borrows):
        raise ConfigurationError("this outbox cannot be in a database of the project")
    store.migrate_within(connection.connection)


class Migration(migrations.Migration):
    """The backward way leaves the tables, for they may hold messages that were not sent."""

    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [
        migrations.RunPython(make_tables, migrations.RunPython.noop),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("ref", models.TextField(unique=True)),
                ("hash", models.BigIntegerField()),
                ("lane", models.TextField()),
                ("phase", models.SmallIntegerField()),
                ("due", models.BigIntegerField()),
                ("until", models.BigIntegerField(null=True)),
                ("attempt", models.IntegerField()),
                ("crashes", models.IntegerField()),
                ("doubts", models.IntegerField()),
                ("failures", models.IntegerField()),
                ("leg", models.IntegerField()),
                ("revision", models.IntegerField()),
                ("version", models.IntegerField()),
                ("to_hash", models.BigIntegerField(null=True)),
                ("body", models.TextField(null=True)),
                ("legs", models.TextField(null=True)),
            ],
            options={
                "verbose_name": "message",
                "verbose_name_plural": "messages",
                "db_table": table_name(),
                "ordering": ("-id",),
                "permissions": (
                    ("decide_entry", "Can decide about messages that wait, or are in doubt"),
                    ("see_content", "Can see numbers and texts"),
                ),
                "default_permissions": ("view",),
                "managed": False,
            },
        ),
    ]
