"""The four groups of the staff, each with its permissions."""

from django.db import migrations

ROLES = {
    "lettura": "Consulta le pagine degli operatori",
    "assistenza": "Invia di nuovo, sblocca, scrive note",
    "sicurezza": "Revoca, blocca, legge il registro attività",
    "amministrazione": "Gestisce operatori, contesti e certificati",
}


def make(apps, schema_editor):
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="identity", model="user"
    )
    Permission, Group = apps.get_model("auth", "Permission"), apps.get_model("auth", "Group")
    rows = {
        name: Permission.objects.get_or_create(
            content_type=content_type, codename=name, defaults={"name": label}
        )[0]
        for name, label in ROLES.items()
    }
    for name, permission in rows.items():  # every role looks
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.add(rows["lettura"], permission)


def remove(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    replaces = [("identity", "0004_role_groups")]
    dependencies = [
        ("identity", "0001_squashed"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make, remove)]
