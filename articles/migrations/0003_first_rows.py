"""The one row of the site."""

from django.db import migrations


def make(apps, schema_editor):
    apps.get_model("articles", "Site").objects.using(schema_editor.connection.alias).get_or_create(pk=1)


class Migration(migrations.Migration):
    dependencies = [("articles", "0002_search_index")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
