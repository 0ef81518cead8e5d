"""The index of articles' words. It is derived from the articles, so it has no history: it is made as it is now."""

from django.db import migrations

from articles import search


def make(apps, schema_editor):
    search.ENGINES[schema_editor.connection.vendor].create()
    published = apps.get_model("articles", "Article").objects.filter(state="published", kind="article")
    ids = list(published.values_list("pk", flat=True))
    for start in range(0, len(ids), search.BATCH):
        rows = published.filter(pk__in=ids[start : start + search.BATCH]).select_related("section")
        search.write(list(rows.prefetch_related("tags", "authors")))


def drop(apps, schema_editor):
    for table in ("articles_search", "articles_search_places"):
        schema_editor.execute(f"DROP TABLE IF EXISTS {table}")


class Migration(migrations.Migration):
    dependencies = [("articles", "0002_standing_roots")]
    operations = [migrations.RunPython(make, drop)]
