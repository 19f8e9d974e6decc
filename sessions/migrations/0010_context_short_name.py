"""The kind of prescription of a context in people's words, with the names of the contexts that come with the portal."""

from django.db import migrations, models

# RICETTA-DEM with and without an application are one kind for people: the same words.
NAMES = {
    ("RICETTA-DEM", "EROGATORE"): "Ricetta SSN",
    ("RICETTA-BIANCA", "EROGATORE"): "Ricetta bianca",
    ("RICETTA-DEM", ""): "Ricetta SSN",
    ("RICETTA-DEM", "PRESCRITTORE"): "Ricetta SSN, chi prescrive",
}


def name(apps, schema_editor):
    contexts = apps.get_model("pharmacy_sessions", "Context").objects
    for (contesto, applicazione), words in NAMES.items():
        contexts.filter(contesto=contesto, applicazione=applicazione, short_name="").update(short_name=words)


class Migration(migrations.Migration):
    dependencies = [("pharmacy_sessions", "0009_semaforo_link")]

    operations = [
        migrations.AddField(
            model_name="context",
            name="short_name",
            field=models.CharField(blank=True, db_default="", default="", max_length=40, verbose_name="nome breve"),
        ),
        migrations.RunPython(name, migrations.RunPython.noop),
    ]
