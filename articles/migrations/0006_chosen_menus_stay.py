"""A site whose editors had chosen a menu or a foot keeps exactly those entries."""

from django.db import migrations


def keep(apps, schema_editor):
    using = schema_editor.connection.alias
    places = set(apps.get_model("articles", "MenuItem").objects.using(using).values_list("place", flat=True))
    sites = apps.get_model("articles", "Site").objects.using(using).filter(pk=1)
    sites.update(own_menu_only="menu" in places, own_foot_only="foot" in places)


class Migration(migrations.Migration):
    dependencies = [("articles", "0005_menu_entries_add")]
    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]
