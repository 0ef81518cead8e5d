from django.db import migrations, models

from newsreader.kit.migration_operations import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("comments", "0016_erased_authors"),
    ]

    operations = [
        migrations.AddField(
            model_name="keptdraft",
            name="neighbourhood",
            field=models.CharField(db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="keptdraft",
            name="size",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        AddIndexConcurrently(
            model_name="keptdraft",
            index=models.Index(fields=["neighbourhood", "created_at"], name="kept_draft_by_neighbourhood"),
        ),
    ]
