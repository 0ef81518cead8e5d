"""Accounts that were banned get a row among the bans, and editors and moderators the right to keep these."""

from django.db import migrations
from django.db.models import F

AT_ONCE = 1_000
RIGHTS = {"ban": ("add", "change", "view"), "discussion": ("change", "view")}


def move(apps, schema_editor):
    using = schema_editor.connection.alias
    identities = apps.get_model("accounts", "CommenterIdentity").objects.using(using).exclude(banned_at=None)
    bans = apps.get_model("comments", "Ban")
    for some in _parts(identities.order_by("pk").values_list("pk", "banned_at").iterator(AT_ONCE)):
        bans.objects.using(using).bulk_create(bans(identity_id=pk, created_at=at) for pk, at in some)


def move_back(apps, schema_editor):
    using = schema_editor.connection.alias
    bans = apps.get_model("comments", "Ban").objects.using(using).exclude(identity=None).filter(lifted_at=None)
    identities = apps.get_model("accounts", "CommenterIdentity").objects.using(using)
    for pk, at in bans.values_list("identity", "created_at").iterator(AT_ONCE):
        identities.filter(pk=pk).update(banned_at=at)
    bans.update(lifted_at=F("created_at"))


def _parts(rows):
    part = []
    for row in rows:
        part.append(row)
        if len(part) == AT_ONCE:
            yield part
            part = []
    yield part


def allow(apps, schema_editor):
    """Permissions are made after all migrations; these are needed now, under the names they will have."""
    using = schema_editor.connection.alias
    kinds = apps.get_model("contenttypes", "ContentType").objects.using(using)
    rows = apps.get_model("auth", "Permission").objects.using(using)
    permissions = []
    for model, deeds in RIGHTS.items():
        kind, _ = kinds.get_or_create(app_label="comments", model=model)
        for deed in deeds:
            named = {"name": f"Can {deed} {model}"}
            permissions.append(rows.get_or_create(content_type=kind, codename=f"{deed}_{model}", defaults=named)[0])
    for group in apps.get_model("auth", "Group").objects.using(using).filter(name__in=("Editors", "Moderators")):
        group.permissions.add(*permissions)


class Migration(migrations.Migration):
    dependencies = [
        ("comments", "0019_bans_once_each"),
        ("accounts", "0002_pictures"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [
        migrations.RunPython(move, move_back, elidable=True),
        migrations.RunPython(allow, migrations.RunPython.noop),
    ]
