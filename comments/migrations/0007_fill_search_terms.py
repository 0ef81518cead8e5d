"""The words of comments in scripts that databases do not split as we do, for the search of moderators."""

from django.db import migrations

from comments.models.comment import terms_of

BATCH = 2_000


def fill(apps, schema_editor):
    comments = apps.get_model("comments", "Comment").objects.using(schema_editor.connection.alias)
    last = 0
    while rows := list(comments.filter(pk__gt=last).order_by("pk").only("pk", "name", "body", "search_terms")[:BATCH]):
        last = rows[-1].pk
        for row in rows:
            row.search_terms = terms_of(row.name, row.body)
        comments.bulk_update([row for row in rows if row.search_terms], ["search_terms"])


class Migration(migrations.Migration):
    dependencies = [("comments", "0006_search_terms")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
