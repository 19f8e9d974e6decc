"""The web service remembers a proved password by itself, so that guesses at one door make the other forget nothing."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils import timezone


def copy_to_the_live_ones(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """An id without it pays a slow hash a call until it ends: hours, and only at the web service."""
    ids = apps.get_model("pharmacy_sessions", "IdSessione").objects
    live = ids.filter(expires_at__gt=timezone.now(), fingerprint__isnull=False)
    live.update(service_fingerprint=models.F("fingerprint"))


class Migration(migrations.Migration):
    dependencies = [("pharmacy_sessions", "0017_reminder_nowhere")]

    operations = [
        migrations.AddField("idsessione", "service_fingerprint", models.BinaryField(max_length=32, null=True)),
        migrations.RunPython(copy_to_the_live_ones, migrations.RunPython.noop, elidable=True),
    ]
