"""Each failure says at which door it was; an empty name is refused, an unknown one is NULL.

Rows of the last quarter of an hour keep the empty door and are in no count: nobody can tell from a hash where they came
from. A release without the column writes such rows until it is stopped, and the constraint lets it.
"""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def forget_unknown_names(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    failures = apps.get_model("identity", "PasswordFailure").objects
    failures.filter(models.Q(username_hash=None) | models.Q(address_hash=None)).delete()


class Migration(migrations.Migration):
    dependencies = [("identity", "0011_login_subject")]

    operations = [
        migrations.AddField("passwordfailure", "door", models.CharField(db_default="", default="", max_length=40)),
        migrations.AlterField("passwordfailure", "address_hash", models.CharField(max_length=64, null=True)),
        migrations.AlterField("passwordfailure", "username_hash", models.CharField(max_length=64, null=True)),
        migrations.RunPython(migrations.RunPython.noop, forget_unknown_names, elidable=True),
        migrations.AddConstraint(
            "passwordfailure",
            models.CheckConstraint(
                condition=models.Q(door="") | (~models.Q(username_hash="") & ~models.Q(address_hash="")),
                name="failure_names_are_not_empty",
            ),
        ),
    ]
