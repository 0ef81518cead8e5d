"""The index of articles' words, which is no model's table."""

from django.db import migrations

from articles import search


def make(apps, schema_editor):
    search.ENGINES[schema_editor.connection.vendor].create()


def drop(apps, schema_editor):
    for table in ("articles_search", "articles_search_places"):
        schema_editor.execute(f"DROP TABLE IF EXISTS {table}")


class Migration(migrations.Migration):
    dependencies = [("articles", "0001_initial")]
    operations = [migrations.RunPython(make, drop)]
