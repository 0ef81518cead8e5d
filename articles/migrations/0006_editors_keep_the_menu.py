"""Editors keep the menu."""

from django.db import migrations

DEEDS = ("add", "change", "delete", "view")


def allow(apps, schema_editor):
    """Permissions are made after all migrations; these are needed now, under the names they will have."""
    using = schema_editor.connection.alias
    kinds = apps.get_model("contenttypes", "ContentType").objects.using(using)
    kind, _ = kinds.get_or_create(app_label="articles", model="menuitem")
    rows = apps.get_model("auth", "Permission").objects.using(using)
    for deed in DEEDS:
        named = {"name": f"Can {deed} menu entry"}
        permission, _ = rows.get_or_create(content_type=kind, codename=f"{deed}_menuitem", defaults=named)
        for group in apps.get_model("auth", "Group").objects.using(using).filter(name="Editors"):
            group.permissions.add(permission)


def disallow(apps, schema_editor):
    using = schema_editor.connection.alias
    rows = apps.get_model("auth", "Permission").objects.using(using)
    rows.filter(content_type__app_label="articles", content_type__model="menuitem").delete()


class Migration(migrations.Migration):
    dependencies = [("articles", "0005_lead_and_menu"), ("comments", "0007_groups_edit_entries")]
    operations = [migrations.RunPython(allow, disallow)]
