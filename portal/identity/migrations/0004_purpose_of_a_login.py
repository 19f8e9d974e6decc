"""The purpose of a login with SPID: which of its two buttons was used."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0003_role_anagrafica")]

    operations = [
        migrations.AddField(
            model_name=name,
            name="purpose",
            field=models.CharField(blank=True, db_default="", default="", max_length=3),
        )
        for name in ("loginrecord", "logintransaction")
    ]
