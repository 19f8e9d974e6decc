"""Accented domains in their ASCII form (IDNA 2008), as every row is written from now on."""

from django.db import migrations

from portal.mail_address import ascii_address

NOT_ASCII = r"[^\x01-\x7f]"
AT_ONCE = 1000


def to_ascii(apps, schema_editor):
    rows = apps.get_model("pharmacy_sessions", "ReminderSettings").objects.filter(copy_to__regex=NOT_ASCII)
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk").only("copy_to")[:AT_ONCE]):
        for row in batch:
            row.copy_to = ascii_address(row.copy_to)
        rows.model.objects.bulk_update(batch, ["copy_to"])
        last = batch[-1].pk


class Migration(migrations.Migration):

    dependencies = [
        ('pharmacy_sessions', '0011_ciphertext_fingerprint'),
    ]

    operations = [
        migrations.RunPython(to_ascii, migrations.RunPython.noop, elidable=True),
    ]
