"""Count the roots of the discussions that are here. Long ones are divided into stretches with their next change."""

from django.db import migrations
from django.db.models import Count, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce


def count(apps, schema_editor):
    Article, Comment = apps.get_model("articles", "Article"), apps.get_model("comments", "Comment")
    standing = Q(status="approved") | Q(thread_count__gt=0)
    roots = Comment.objects.filter(standing, parent=None, article=OuterRef("pk")).order_by().values("article")
    size = Coalesce(Subquery(roots.annotate(size=Count("pk")).values("size")), Value(0))
    Article.objects.exclude(comment_count=0).update(root_count=size)


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0002_standing_roots"),
        ("comments", "0009_places"),
    ]

    operations = [migrations.RunPython(count, migrations.RunPython.noop, elidable=True)]
