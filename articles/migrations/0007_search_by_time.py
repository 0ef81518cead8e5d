"""The index of words made anew: it keeps articles in the order of time, and the newest are found without the rest."""

from importlib import import_module

from django.db import migrations

make = import_module("articles.migrations.0003_search").make


class Migration(migrations.Migration):
    dependencies = [("articles", "0006_editors_keep_the_menu")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
