"""Accented domains in their ASCII form (IDNA 2008), as every row is written from now on."""

from django.db import migrations

from portal.mail_address import ascii_address

NOT_ASCII = r"[^\x01-\x7f]"
AT_ONCE = 1000


def to_ascii(apps, schema_editor):
    rows = apps.get_model("outbox", "OutgoingMail").objects.filter(recipient__regex=NOT_ASCII)
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk").only("recipient", "domain")[:AT_ONCE]):
        for row in batch:
            row.recipient = ascii_address(row.recipient)
            row.domain = row.recipient.rpartition("@")[2]
        rows.model.objects.bulk_update(batch, ["recipient", "domain"])
        last = batch[-1].pk


class Migration(migrations.Migration):

    dependencies = [
        ('outbox', '0006_reasons_of_bounces'),
    ]

    operations = [
        migrations.RunPython(to_ascii, migrations.RunPython.noop, elidable=True),
    ]
