"""The contexts that come with the portal (docs/contract.md, section 6). An operator may change them: they are rows."""

from django.db import migrations

SHIPPED = [
    ("RICETTA-DEM", "EROGATORE", "Ricetta elettronica SSN"),
    ("RICETTA-BIANCA", "EROGATORE", "Ricetta bianca elettronica"),
    ("RICETTA-DEM", "", "Ricetta elettronica SSN, senza applicazione"),
    ("RICETTA-DEM", "PRESCRITTORE", "Ricetta elettronica SSN, chi prescrive"),
]


def ship(apps, schema_editor):
    contexts = apps.get_model("pharmacy_sessions", "Context").objects
    for contesto, applicazione, title in SHIPPED:
        contexts.get_or_create(
            contesto=contesto, applicazione=applicazione, defaults={"title": title, "hours": 16, "policy": "overlap"}
        )


def withdraw(apps, schema_editor):
    """Deletes the contexts that no id uses: an id is a record of fact and keeps its context."""
    contexts = apps.get_model("pharmacy_sessions", "Context").objects
    used = apps.get_model("pharmacy_sessions", "IdSessione").objects.values("context")
    for contesto, applicazione, _ in SHIPPED:
        contexts.filter(contesto=contesto, applicazione=applicazione).exclude(pk__in=used).delete()


class Migration(migrations.Migration):
    replaces = [("pharmacy_sessions", "0002_shipped_contexts")]
    dependencies = [("pharmacy_sessions", "0001_squashed")]

    operations = [migrations.RunPython(ship, withdraw)]
