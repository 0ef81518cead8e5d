"""The index of articles' words once more, from words that are split in one way, in every script."""

from django.db import migrations

from articles import search

BATCH = 500


def fill(apps, schema_editor):
    using = schema_editor.connection.alias
    articles = apps.get_model("articles", "Article").objects.using(using).filter(state="published", kind="article")
    search.ENGINES[schema_editor.connection.vendor].create()
    last = 0
    while rows := list(
        articles.filter(pk__gt=last)
        .order_by("pk")
        .select_related("section")
        .prefetch_related("tags", "authors")[:BATCH]
    ):
        search.write(rows)
        last = rows[-1].pk


class Migration(migrations.Migration):
    dependencies = [("articles", "0008_how_dates_are_written")]
    operations = [migrations.RunPython(fill, fill, elidable=False)]
