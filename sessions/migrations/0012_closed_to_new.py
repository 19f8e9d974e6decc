"""RICETTA-DEM without applicazione gets no new ids: SSN 3.1 makes the applicazione mandatory. Its ids live on."""

from django.db import migrations, models


def close(apps, schema_editor):
    apps.get_model("pharmacy_sessions", "Context").objects.filter(contesto="RICETTA-DEM", applicazione="").update(
        closed_to_new=True
    )


class Migration(migrations.Migration):
    dependencies = [("pharmacy_sessions", "0011_grace")]

    operations = [
        migrations.AddField(
            model_name="context",
            name="closed_to_new",
            field=models.BooleanField(db_default=False, default=False, verbose_name="chiuso ai nuovi ID"),
        ),
        migrations.RunPython(close, migrations.RunPython.noop),
    ]
