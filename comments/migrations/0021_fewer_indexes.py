"""Seven indexes that others cover, or that hold mostly rows nobody looks for there. The new ones come first."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from newsreader.kit.migration_operations import AddIndexConcurrently, RemoveFieldIndex, RemoveIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("comments", "0020_emails_in_words"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexConcurrently(
            "comment",
            models.Index(
                fields=["root", "path"], condition=Q(status="approved", root__isnull=False), name="comment_in_thread"
            ),
        ),
        AddIndexConcurrently(
            "comment",
            models.Index(
                fields=["identity", "status"], condition=Q(identity__isnull=False), name="comment_of_identity"
            ),
        ),
        AddIndexConcurrently(
            "decision", models.Index(fields=["batch"], condition=Q(batch__isnull=False), name="decision_of_batch")
        ),
        AddIndexConcurrently(
            "decision", models.Index(fields=["by"], condition=Q(by__isnull=False), name="decision_by_people")
        ),
        RemoveIndexConcurrently("comment", "comment_thread"),
        RemoveIndexConcurrently("comment", "comment_by_identity"),
        RemoveFieldIndex(
            "comment",
            "article",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="comments",
                to="articles.article",
                verbose_name="article",
            ),
        ),
        RemoveFieldIndex(
            "comment",
            "identity",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="comments",
                to="accounts.commenteridentity",
                verbose_name="commenter",
            ),
        ),
        RemoveFieldIndex(
            "decision",
            "comment",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="decisions",
                to="comments.comment",
                verbose_name="comment",
            ),
        ),
        RemoveFieldIndex(
            "decision",
            "batch",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="decisions",
                to="comments.batch",
                verbose_name="batch",
            ),
        ),
        RemoveFieldIndex(
            "decision",
            "by",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
    ]
