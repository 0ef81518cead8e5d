from django.db import migrations, models

from newsreader.kit.migration_operations import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("mailing", "0004_emails_in_words")]

    operations = [
        migrations.AddField(
            model_name="askedletter",
            name="neighbourhood",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        AddIndexConcurrently(
            model_name="askedletter",
            index=models.Index(fields=["neighbourhood", "at"], name="asked_by_neighbourhood"),
        ),
    ]
