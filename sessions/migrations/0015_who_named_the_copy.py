"""The person who named the mailbox of the copy, as far as the journal tells; and the texts that no id's letter may keep."""

from django.db import migrations


def fill(apps, schema_editor):
    settings = apps.get_model("pharmacy_sessions", "ReminderSettings").objects
    lines = apps.get_model("journal", "Entry").objects.filter(verb="reminders.chosen").exclude(actor=None)
    for chosen in settings.exclude(copy_to="").filter(copy_named_by=None).select_related("pharmacy"):
        line = lines.filter(about=chosen.pharmacy.code).order_by("-at", "-pk").first()
        if line is not None and "in copia a" in line.detail.get("minutes", ""):
            settings.filter(pk=chosen.pk).update(copy_named_by=line.actor_id, copy_named_at=line.at)


def blank(apps, schema_editor):
    """A refused letter that was replaced by «Reinvia» kept its text: no id points to it, so no rule can judge it."""
    letters = apps.get_model("outbox", "OutgoingMail").objects
    carried = apps.get_model("pharmacy_sessions", "IdSessione").objects.values("letter")
    refused = letters.filter(kind="issued", accepted_at=None, failed_at__isnull=False, sealed_source__isnull=False)
    refused.exclude(pk__in=carried).update(sealed_source=None)


class Migration(migrations.Migration):

    dependencies = [
        ("journal", "0003_append_only"),
        ("outbox", "0007_ascii_domains"),
        ("pharmacy_sessions", "0014_copies_by_reminder"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(blank, migrations.RunPython.noop),
    ]
