"""The seed leaves a row behind: by it `seed_demo` knows a database of its own.

The embedded database is always the demonstration's: where it was filled before there was such a row, it gets one. On a server
nobody can tell an older demonstration from real data that it fell into.
"""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils import timezone


def mark_the_embedded_one(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    seeded = apps.get_model("identity", "User").objects.filter(username="carla", is_staff=True).exists()
    if schema_editor.connection.vendor == "sqlite" and seeded:
        apps.get_model("demo", "DemoSeed").objects.create(at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [("demo", "0002_calls_to_the_gestionale"), ("identity", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="DemoSeed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField("riempito")),
            ],
            options={"verbose_name": "riempimento di prova", "verbose_name_plural": "riempimenti di prova"},
        ),
        migrations.RunPython(mark_the_embedded_one, migrations.RunPython.noop, elidable=True),
    ]
