from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0011_purges"),
    ]

    operations = [
        migrations.AddField(
            model_name="site",
            name="lists_version",
            field=models.PositiveBigIntegerField(db_default=1, default=1, editable=False),
        ),
    ]
