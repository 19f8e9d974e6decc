"""Accented domains in their ASCII form (IDNA 2008), as every row is written from now on."""

from django.db import migrations

from portal.mail_address import ascii_address

NOT_ASCII = r"[^\x01-\x7f]"
AT_ONCE = 1000


def to_ascii(apps, schema_editor):
    rows = apps.get_model("pharmacies", "MailCertification").objects.filter(address__regex=NOT_ASCII)
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk").only("address")[:AT_ONCE]):
        for row in batch:
            row.address = ascii_address(row.address)
        rows.model.objects.bulk_update(batch, ["address"])
        last = batch[-1].pk


class Migration(migrations.Migration):

    dependencies = [
        ('pharmacies', '0005_register_change'),
    ]

    operations = [
        migrations.RunPython(to_ascii, migrations.RunPython.noop, elidable=True),
    ]
