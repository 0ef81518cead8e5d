from django.db import migrations, models
from django.db.models.functions import Lower

from newsreader.kit.migration_operations import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("comments", "0011_log_checks"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="comment",
            index=models.Index(
                condition=models.Q(("identity__isnull", False)),
                fields=["identity", "-created_at", "-id"],
                name="comment_newest_by_identity",
            ),
        ),
        AddIndexConcurrently(
            model_name="comment",
            index=models.Index(
                condition=models.Q(("by_staff", True)), fields=["parent"], name="comment_answers_by_staff"
            ),
        ),
        AddIndexConcurrently(
            model_name="connectiondata",
            index=models.Index(Lower("email"), "comment", name="trace_by_folded_email"),
        ),
    ]
