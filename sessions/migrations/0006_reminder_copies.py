"""Copies of reminders: a table of mailboxes in place of one address in the settings, a table of copies in place of one column.

The former columns stay in the database for one release, without a model: a process of the earlier version goes on while this
migration runs. An address that such a process names meanwhile must be named again.
"""

import django.db.models.deletion
from django.db import migrations, models

from pharmacies.addresses.examination import mailbox_of

AT_A_TIME = 2000


def move(apps, schema_editor):
    """Copies go on to each address that was named before codes were asked for: nobody loses them, its owner is asked to confirm."""
    mailboxes = apps.get_model("pharmacies", "CopyMailbox").objects
    named = apps.get_model("pharmacy_sessions", "ReminderSettings").objects.exclude(copy_to="")
    for chosen in named.iterator(AT_A_TIME):
        mailboxes.create(
            pharmacy_id=chosen.pharmacy_id, person_id=chosen.copy_named_by_id, address=chosen.copy_to,
            mailbox=mailbox_of(chosen.copy_to), named_at=chosen.copy_named_at, refused_at=chosen.copy_refused_at,
            is_older=True,
        )  # fmt: skip
    copies = apps.get_model("pharmacy_sessions", "ReminderCopy")
    copied = apps.get_model("pharmacy_sessions", "Reminder").objects.exclude(copy=None)
    pairs = copied.values_list("pk", "copy_id").order_by("pk")
    copies.objects.bulk_create(
        (copies(reminder_id=reminder, letter_id=letter) for reminder, letter in pairs.iterator(AT_A_TIME)), AT_A_TIME
    )


class Migration(migrations.Migration):

    dependencies = [
        ("outbox", "0001_squashed"),
        ("pharmacies", "0009_copy_mailboxes"),
        ("pharmacy_sessions", "0005_bulk_of_a_supplier"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReminderCopy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "letter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="outbox.outgoingmail"
                    ),
                ),
                (
                    "reminder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="copies",
                        to="pharmacy_sessions.reminder",
                    ),
                ),
            ],
            options={"verbose_name": "copia di un promemoria", "verbose_name_plural": "copie dei promemoria"},
        ),
        migrations.AddConstraint(
            model_name="remindercopy",
            constraint=models.UniqueConstraint(fields=("reminder", "letter"), name="reminder_once_in_a_copy"),
        ),
        migrations.RunPython(move, migrations.RunPython.noop),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveIndex(model_name="reminder", name="reminder_of_copy"),
                migrations.RemoveField(model_name="reminder", name="copy"),
                migrations.RemoveField(model_name="remindersettings", name="copy_named_at"),
                migrations.RemoveField(model_name="remindersettings", name="copy_named_by"),
                migrations.RemoveField(model_name="remindersettings", name="copy_refused_at"),
                migrations.RemoveField(model_name="remindersettings", name="copy_to"),
            ]
        ),
    ]
