"""The letters that wait when this is installed get the priority of their kind and the domain of their recipient."""

from django.db import migrations

PRIORITY_OF = {"code": 1, "issued": 2, "reminder": 3, "expired": 3}


def fill(apps, schema_editor):
    letters = apps.get_model("outbox", "OutgoingMail").objects
    waiting = letters.filter(accepted_at=None, failed_at=None, withdrawn_at=None)
    for kind, priority in PRIORITY_OF.items():
        waiting.filter(kind=kind).update(priority=priority)
    for pk, recipient in waiting.filter(domain="").values_list("pk", "recipient").iterator():
        letters.filter(pk=pk).update(domain=recipient.rpartition("@")[2].lower())


class Migration(migrations.Migration):

    dependencies = [("outbox", "0002_priorities_and_domains")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
