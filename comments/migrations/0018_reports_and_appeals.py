"""Mails about reports, outcomes by time, and editors who keep the list of reasons."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

DEEDS = ("add", "change", "view")


def allow(apps, schema_editor):
    """Permissions are made after all migrations; these are needed now, under the names they will have."""
    using = schema_editor.connection.alias
    kinds = apps.get_model("contenttypes", "ContentType").objects.using(using)
    kind, _ = kinds.get_or_create(app_label="comments", model="refusalreason")
    permissions = []
    for deed in DEEDS:
        named = {"name": f"Can {deed} reason"}
        rows = apps.get_model("auth", "Permission").objects.using(using)
        permissions.append(rows.get_or_create(content_type=kind, codename=f"{deed}_refusalreason", defaults=named)[0])
    for group in apps.get_model("auth", "Group").objects.using(using).filter(name="Editors"):
        group.permissions.add(*permissions)


def disallow(apps, schema_editor):
    using = schema_editor.connection.alias
    rows = apps.get_model("auth", "Permission").objects.using(using)
    rows.filter(content_type__app_label="comments", content_type__model="refusalreason").delete()


class Migration(migrations.Migration):
    dependencies = [
        ("comments", "0017_list_entries_are_not_swept_away"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(allow, disallow),
        migrations.AddField(
            model_name="delivery",
            name="report",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="comments.report"
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="account",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="appeal",
            name="outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "open"),
                    ("granted", "granted"),
                    ("rejected", "rejected"),
                    ("withdrawn", "withdrawn with the comment"),
                ],
                default="",
                max_length=10,
                verbose_name="outcome",
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="decision",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="deliveries",
                to="comments.decision",
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="event",
            field=models.CharField(
                choices=[
                    ("waiting", "a comment waits"),
                    ("published", "your comment is published"),
                    ("refused", "your comment was refused"),
                    ("confirm", "is this your address?"),
                    ("report_received", "your report reached us"),
                    ("report_settled", "what became of your report"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="appeal",
            index=models.Index(fields=["created_at"], name="appeal_by_time"),
        ),
        migrations.AddIndex(
            model_name="appeal",
            index=models.Index(
                condition=models.Q(("settled_at__isnull", False)), fields=["settled_at"], name="appeal_settled"
            ),
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(fields=["created_at"], name="report_by_time"),
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(
                condition=models.Q(("settled_at__isnull", False)), fields=["settled_at"], name="report_settled"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(fields=("report", "event"), name="delivery_once_per_report_and_event"),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decision", None), ("report__isnull", False)),
                    models.Q(("decision__isnull", False), ("report", None)),
                    _connector="OR",
                ),
                name="delivery_about_one_thing",
            ),
        ),
    ]
