"""The four groups of the staff, each with its permissions; whoever was staff before roles existed keeps what they could do."""

from django.db import migrations

from portal.identity.roles import PERMISSIONS, Role


def make(apps, schema_editor):
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="identity", model="user"
    )
    Permission, Group = apps.get_model("auth", "Permission"), apps.get_model("auth", "Group")
    rows = {
        role.value: Permission.objects.get_or_create(
            content_type=content_type, codename=role.value, defaults={"name": role.label}
        )[0]
        for role in Role
    }
    groups = []
    for name, allowed in PERMISSIONS.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.add(*(rows[codename] for codename in allowed))
        groups.append(group)
    for user in apps.get_model("identity", "User").objects.filter(is_staff=True):
        user.groups.add(*groups)


def remove(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=Role.values).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0003_roles"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make, remove)]
