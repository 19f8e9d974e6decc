"""The table of the staff's wrong passwords serves every door."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0001_initial"),
    ]

    operations = [
        migrations.RenameModel("StaffLoginFailure", "PasswordFailure"),
        migrations.RenameIndex("PasswordFailure", old_name="staff_failure_username", new_name="failure_username"),
        migrations.RenameIndex("PasswordFailure", old_name="staff_failure_address", new_name="failure_address"),
        migrations.RenameIndex("PasswordFailure", old_name="staff_failure_at", new_name="failure_at"),
    ]
