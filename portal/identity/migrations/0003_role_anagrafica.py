"""The role «anagrafica»: its permission and its group, which may also read."""

from django.db import migrations

NAME, LABEL = "anagrafica", "Scrive chi è titolare, direttore o delegato, e le utenze"


def make(apps, schema_editor):
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="identity", model="user"
    )
    Permission, Group = apps.get_model("auth", "Permission"), apps.get_model("auth", "Group")
    permission, _ = Permission.objects.get_or_create(
        content_type=content_type, codename=NAME, defaults={"name": LABEL}
    )
    reading = Permission.objects.get(content_type=content_type, codename="lettura")
    group, _ = Group.objects.get_or_create(name=NAME)
    group.permissions.add(reading, permission)


def remove(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [("identity", "0002_roles_of_staff"), ("auth", "0012_alter_user_first_name_max_length")]

    operations = [
        migrations.AlterModelOptions(
            name="user",
            options={
                "permissions": [
                    ("lettura", "Consulta le pagine degli operatori"),
                    ("assistenza", "Invia di nuovo, sblocca, scrive note"),
                    ("sicurezza", "Revoca, blocca, legge il registro attività"),
                    ("anagrafica", "Scrive chi è titolare, direttore o delegato, e le utenze"),
                    ("amministrazione", "Gestisce operatori, contesti e certificati"),
                ],
                "verbose_name": "utente",
                "verbose_name_plural": "utenti",
            },
        ),
        migrations.RunPython(make, remove),
    ]
