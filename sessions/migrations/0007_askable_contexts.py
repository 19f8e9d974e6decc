"""The contexts of which each type of site may ask for ids: every context for the types of today, the ricetta bianca for parafarmacie."""

import django.db.models.deletion
from django.db import migrations, models

FARMACIE, PARAFARMACIA = (1, 2, 3, 4), 5
WHITE = "BIANCA"  # in the code of the context, or in its name when an operator has written another code


def is_white(context):
    return WHITE in f"{context.contesto} {context.title}".upper() and context.applicazione != "PRESCRITTORE"


def fill(apps, schema_editor):
    rows = apps.get_model("pharmacy_sessions", "AskableContext")
    for context in apps.get_model("pharmacy_sessions", "Context").objects.order_by("pk"):
        types = (*FARMACIE, PARAFARMACIA) if is_white(context) else FARMACIE
        rows.objects.bulk_create(rows(context=context, type=number) for number in types)


class Migration(migrations.Migration):

    dependencies = [
        ("pharmacy_sessions", "0006_reminder_copies"),
    ]

    operations = [
        migrations.CreateModel(
            name="AskableContext",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "type",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "Ordinaria"),
                            (2, "Succursale"),
                            (3, "Dispensario"),
                            (4, "Dispensario stagionale"),
                            (5, "Parafarmacia"),
                        ],
                        verbose_name="tipologia",
                    ),
                ),
                (
                    "context",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="askable",
                        to="pharmacy_sessions.context",
                        verbose_name="contesto",
                    ),
                ),
            ],
            options={"verbose_name": "contesto di una tipologia", "verbose_name_plural": "contesti delle tipologie"},
        ),
        migrations.AddConstraint(
            model_name="askablecontext",
            constraint=models.UniqueConstraint(fields=("context", "type"), name="context_once_for_a_type"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
