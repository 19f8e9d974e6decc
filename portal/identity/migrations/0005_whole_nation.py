"""An operator without places has no territory until somebody says «tutta l’Italia»; the operators of before keep it."""

from django.db import migrations, models


def keep(apps, schema_editor):
    staff = apps.get_model("identity", "User").objects.using(schema_editor.connection.alias).filter(is_staff=True)
    staff.filter(pk__in=[user.pk for user in staff if not user.limited_to]).update(whole_nation=True)


class Migration(migrations.Migration):
    dependencies = [("identity", "0004_purpose_of_a_login")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="whole_nation",
            field=models.BooleanField(db_default=False, default=False, verbose_name="tutta l’Italia"),
        ),
        migrations.RunPython(keep, migrations.RunPython.noop),
    ]
