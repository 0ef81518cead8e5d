"""Editors and moderators keep the lists."""

from django.db import migrations

GROUPS = ("Editors", "Moderators")
DEEDS = ("add", "change", "delete", "view")


def allow(apps, schema_editor):
    """Permissions are made after all migrations; these are needed now, under the names they will have."""
    using = schema_editor.connection.alias
    kinds = apps.get_model("contenttypes", "ContentType").objects.using(using)
    kind, _ = kinds.get_or_create(app_label="comments", model="rule")
    permissions = []
    for deed in DEEDS:
        named = {"name": f"Can {deed} list entry"}
        rows = apps.get_model("auth", "Permission").objects.using(using)
        permissions.append(rows.get_or_create(content_type=kind, codename=f"{deed}_rule", defaults=named)[0])
    for group in apps.get_model("auth", "Group").objects.using(using).filter(name__in=GROUPS):
        group.permissions.add(*permissions)


def disallow(apps, schema_editor):
    using = schema_editor.connection.alias
    rows = apps.get_model("auth", "Permission").objects.using(using)
    rows.filter(content_type__app_label="comments", content_type__model="rule").delete()


class Migration(migrations.Migration):
    dependencies = [("comments", "0006_no_lists_in_rules")]
    operations = [migrations.RunPython(allow, disallow)]
